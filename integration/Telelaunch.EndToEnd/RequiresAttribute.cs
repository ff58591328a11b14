using Xunit;

namespace Telelaunch.EndToEnd;

/// <summary>A test that is skipped, with that reason, where a program isn't installed.</summary>
internal static class Installed
{
    public static string? Lacks(string program) =>
        Environment.GetEnvironmentVariable("PATH")!.Split(':').Any(directory => File.Exists(Path.Combine(directory, program))) ? null : $"{program} is not installed here";
}

[AttributeUsage(AttributeTargets.Method)]
internal sealed class FactWithAttribute : FactAttribute
{
    public FactWithAttribute(string program) => Skip = Installed.Lacks(program);
}

[AttributeUsage(AttributeTargets.Method)]
internal sealed class TheoryWithAttribute : TheoryAttribute
{
    public TheoryWithAttribute(string program) => Skip = Installed.Lacks(program);
}

/// <summary>A test that is skipped, with that reason, where it isn't run by root: one of its processes becomes another user.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class FactAsRootAttribute : FactAttribute
{
    public FactAsRootAttribute() => Skip = Environment.IsPrivilegedProcess ? null : "needs root: one of its processes becomes another user";
}

/// <summary>A test on a developer's machine of its own, see <see cref="Machine.DeveloperMachine"/>; skipped, with that reason, where none can be made or a program isn't installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class FactOnMachineAttribute : FactAttribute
{
    public FactOnMachineAttribute(string program = "ip") => Skip = Lacks(program);

    internal static string? Lacks(string program) => Environment.IsPrivilegedProcess ? Installed.Lacks(program) : "needs root: it makes a machine of its own";
}

/// <inheritdoc cref="FactOnMachineAttribute"/>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class TheoryOnMachineAttribute : TheoryAttribute
{
    public TheoryOnMachineAttribute(string program = "ip") => Skip = FactOnMachineAttribute.Lacks(program);
}

/// <summary>A test on a developer's machine with a <see cref="PlaygroundRun"/> of its own.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class FactOnPlaygroundAttribute : FactAttribute
{
    public FactOnPlaygroundAttribute() => Skip = FactOnMachineAttribute.Lacks("ip") ?? PlaygroundRun.Lacks;
}
