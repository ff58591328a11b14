using Telelaunch.Attach;
using Telelaunch.Cli.Output;
using Telelaunch.Net;

namespace Telelaunch.Cli.Attach;

/// <summary>Which process is meant, and that it can be attached: judged before anything is made in the cluster.</summary>
internal static class AttachTarget
{
    private const int StandardInput = 0;
    private const int StandardOutput = 1;
    private const int StandardError = 2;

    /// <exception cref="CommandLineException">None is named, or several have the name; the table of those was written to standard output.</exception>
    /// <exception cref="UsageException">There is no such process, or it can't be attached.</exception>
    public static async Task<DotnetProcess> ChooseAsync(Screen screen, int? processId, string? name, OutputFormat format, CancellationToken cancellationToken)
    {
        if (processId is not null && name is not null)
            throw new CommandLineException("options-exclude-each-other", $"The process {processId} and --name {name} are both given.", "Leave one of them out.");
        if (processId is { } id) return Require(await FindAsync(id, cancellationToken));
        var all = await ProcessTable.ReadAsync(cancellationToken);
        if (name is not null) return Require(ByName(screen, all, name, format));
        if (!Terminal.IsTerminal(StandardInput) || !Terminal.IsTerminal(StandardError))
        {
            Show(screen, all, format);
            throw new CommandLineException("attach-process-missing", "No process is named.", "Write its number: telelaunch attach PID, or its application: --name TEXT.");
        }
        DotnetProcess[] choices = [.. all.Where(process => process.Obstacle is null)];
        if (choices.Length > 0) return ProcessPrompt.Ask(screen, choices);
        Show(screen, all, format);
        throw new CommandLineException("attach-nothing-there", "No .NET process that runs here can be attached.", "The table says why not; telelaunch run -- COMMAND starts one in the cluster's network.");
    }

    /// <summary>The applications of that name; where there are none, those whose name holds it.</summary>
    internal static IReadOnlyList<DotnetProcess> Matches(IReadOnlyList<DotnetProcess> all, string name)
    {
        DotnetProcess[] exact = [.. all.Where(process => process.Application.Equals(name, StringComparison.OrdinalIgnoreCase))];
        return exact.Length > 0 ? exact : [.. all.Where(process => process.Application.Contains(name, StringComparison.OrdinalIgnoreCase))];
    }

    private static async Task<DotnetProcess> FindAsync(int processId, CancellationToken cancellationToken)
    {
        var processes = new DotnetProcesses();
        if (await processes.FindAsync(processId, cancellationToken) is { } found) return AttachedSession.Mark(found, AttachedSession.List());
        throw processes.IsThere(processId)
            ? new UsageException("attach-no-dotnet", $"The process {processId} ({processes.NameOf(processId)}) is no .NET process.", "Start it under Telelaunch instead: telelaunch run -- COMMAND. telelaunch ps lists the .NET processes.")
            : new UsageException("attach-no-process", $"There is no process {processId}.", "telelaunch ps lists the .NET processes of this machine.");
    }

    private static DotnetProcess ByName(Screen screen, IReadOnlyList<DotnetProcess> all, string name, OutputFormat format)
    {
        var matches = Matches(all, name);
        if (matches.Count == 1) return matches[0];
        Show(screen, matches.Count == 0 ? all : matches, format);
        throw matches.Count == 0
            ? new CommandLineException("attach-name-unknown", $"No .NET process here is called '{name}'.", "Write the name as the table's APPLICATION has it.")
            : new CommandLineException("attach-name-ambiguous", $"{matches.Count} .NET processes are called '{name}'.", "Write the number of the one that is meant: telelaunch attach PID.");
    }

    private static void Show(Screen screen, IReadOnlyList<DotnetProcess> processes, OutputFormat format) =>
        Report.Write(screen, format, ProcessTable.Result(processes), ProcessJson.Default.ProcessList, _ => ProcessTable.Text(processes, StandardOutput));

    private static DotnetProcess Require(DotnetProcess process) => process.Obstacle is { } obstacle ? throw new UsageException(obstacle.Code, obstacle.Cause, obstacle.Remedy) : process;
}
