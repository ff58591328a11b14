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
