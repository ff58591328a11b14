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

    /// <summary>A command in the container, to be started: standard streams are pipes, or <paramref name="terminal"/>.</summary>
    /// <param name="terminal">Path of the terminal on which it is to run, or null.</param>
    /// <param name="logFile">Where runc says why it couldn't.</param>
    public ProcessStartInfo ExecCommand(IReadOnlyList<string> arguments, string? terminal, string logFile)
    {
        var file = logFile + ".process";
        File.WriteAllText(file, RuncSpec.Process(_plan, arguments, terminal is not null).ToJsonString());
        var start = _runc.Command("--log", logFile, "--log-format", "json", "exec", "--process", file, Id);
        if (terminal is not null)
        {
            // The leader of a session that opens a terminal gets it as the controlling one.
            string[] shell = ["sh", "-c", "t=$1; shift; exec \"$@\" <>\"$t\" >&0 2>&0", "terminal", terminal];
            foreach (var (i, word) in shell.Index())
                start.ArgumentList.Insert(i, word);
        }
        return start;
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
            // Disposing a Process leaves the streams that were read from to the garbage collector.
            using var outputReader = process.StandardOutput;
            using var errorReader = process.StandardError;
            var output = outputReader.ReadToEndAsync(cancellation);
            var error = errorReader.ReadToEndAsync(cancellation);
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
        using (process.StandardOutput)
        using (process.StandardError)
        {
            await Log.RecordAsync(process.StandardOutput.BaseStream, process.StandardError.BaseStream);
            await process.WaitForExitAsync(CancellationToken.None);
            return process.ExitCode;
        }
    }
}
