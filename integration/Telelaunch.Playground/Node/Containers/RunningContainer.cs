using System.Diagnostics;
using System.Globalization;

namespace Telelaunch.Playground.Node.Containers;

/// <summary>What a command run in a container printed and how it ended.</summary>
internal sealed record ExecResult(int ExitCode, string Output);

/// <summary>A container whose program runs, until <see cref="Ended"/>.</summary>
internal sealed class RunningContainer
{
    private readonly Runc _runc;
    private readonly ContainerPlan _plan;

    public RunningContainer(Runc runc, ContainerPlan plan, ContainerLog log, Process process)
    {
        _runc = runc;
        _plan = plan;
        Log = log;
        Ended = WatchAsync(process);
    }

    public string Id => _plan.Id;

    public ContainerLog Log { get; }

    public ContainerPlan Plan => _plan;

    /// <summary>The exit code, 128 + n after signal n, when all its processes are dead and its log is complete.</summary>
    public Task<int> Ended { get; }

    /// <summary>Sends a signal to its first process.</summary>
    public Task SignalAsync(string signal) => _runc.SignalAsync(Id, signal);

    /// <summary>A command in the container, to be started: standard streams are pipes.</summary>
    /// <param name="consoleSocket">With a terminal: the Unix socket to which runc sends the terminal's descriptor.</param>
    /// <param name="logFile">Where runc says why it couldn't.</param>
    public ProcessStartInfo ExecCommand(IReadOnlyList<string> arguments, string? consoleSocket, string logFile)
    {
        var file = logFile + ".process";
        File.WriteAllText(file, RuncSpec.Process(_plan, arguments, consoleSocket is not null).ToJsonString());
        string[] terminal = consoleSocket is null ? [] : ["--tty", "--console-socket", consoleSocket];
        return _runc.Command(["--log", logFile, "--log-format", "json", "exec", .. terminal, "--process", file, Id]);
    }

    /// <summary>Runs a command in the container to its end: probes and lifecycle hooks.</summary>
    /// <param name="scratch">A directory for runc's files.</param>
    public async Task<ExecResult> ExecAsync(IReadOnlyList<string> arguments, string scratch, CancellationToken cancellation)
    {
        var log = Path.Combine(scratch, "exec-" + Guid.NewGuid().ToString("N", CultureInfo.InvariantCulture)[..12]);
        using var process = Process.Start(ExecCommand(arguments, null, log))!;
        try
        {
            process.StandardInput.Close();
            var output = process.StandardOutput.ReadToEndAsync(cancellation);
            var error = process.StandardError.ReadToEndAsync(cancellation);
            await process.WaitForExitAsync(cancellation);
            return new(process.ExitCode, await output + await error);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
            File.Delete(log);
            File.Delete(log + ".process");
        }
    }

    private async Task<int> WatchAsync(Process process)
    {
        using (process)
        {
            await Log.RecordAsync(process.StandardOutput.BaseStream, process.StandardError.BaseStream);
            await process.WaitForExitAsync(CancellationToken.None);
            return process.ExitCode;
        }
    }
}
