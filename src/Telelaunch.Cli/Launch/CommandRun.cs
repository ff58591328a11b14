using Telelaunch.Cli.Output;
using Telelaunch.Targets;

namespace Telelaunch.Cli.Launch;

/// <summary>Starts a command and stays with it to its end.</summary>
internal sealed class CommandRun(InheritedSignals inherited, CommandSignals signals)
{
    /// <param name="started">Called once it runs, with its process number.</param>
    /// <returns>How it ended.</returns>
    /// <exception cref="Net.UsageException">It can't be executed after all.</exception>
    public async Task<ProcessExit> RunAsync(PreparedCommand command, IReadOnlyList<byte[]> environment, Func<int, Task> started)
    {
        var modes = TerminalModes.Read();
        var errno = 0;
        var process = signals.Start(() => ChildProcess.Start(new ProcessStart(command.Path, command.Arguments, environment, inherited), out errno))
            ?? throw command.ExplainErrno(errno);
        await started(process.Id);
        var exit = await process.Exit;
        signals.BeginEnding();
        if (exit.Signal != 0 && Terminal.IsForeground()) modes?.Restore();
        return exit;
    }
}
