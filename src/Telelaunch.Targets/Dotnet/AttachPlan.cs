namespace Telelaunch.Targets.Dotnet;

/// <summary>Whether a program could be brought into a session while it runs.</summary>
/// <param name="Reason">One sentence.</param>
/// <param name="Remedy">Null where it can.</param>
public sealed record AttachPlan(bool IsPossible, string Reason, string? Remedy)
{
    // learn.microsoft.com, .NET: "Debugging and profiling configuration settings"; the older prefix is still read.
    private static readonly string[] Switches = ["EnableDiagnostics", "EnableDiagnostics_IPC", "EnableDiagnostics_Profiler"];
    private static readonly string[] Prefixes = ["DOTNET_", "COMPlus_"];

    public static AttachPlan Of(DotnetProgram program, Func<string, string?> variable)
    {
        ArgumentNullException.ThrowIfNull(program);
        ArgumentNullException.ThrowIfNull(variable);
        if (program.Kind == DotnetKind.NativeAot) return new(false, "NativeAOT programs load no library on request.", "Start it with telelaunch run.");
        // A number is hexadecimal there; all that isn't zero is on.
        var off = Prefixes.SelectMany(prefix => Switches.Select(name => prefix + name)).FirstOrDefault(name => variable(name) is { Length: > 0 } value && value.Trim('0').Length == 0);
        if (off is not null) return new(false, $"{off}=0 closes the diagnostics port.", $"Start it without {off}, or with telelaunch run.");
        return program.Kind == DotnetKind.Sdk && !program.Sdk!.StartsPrograms
            ? new(false, "It is a tool of the SDK.", null)
            : new(true, $"{(program.Kind == DotnetKind.Sdk ? "The application" : "It")} has a diagnostics port: telelaunch attach PID brings it in while it runs.", null);
    }
}
