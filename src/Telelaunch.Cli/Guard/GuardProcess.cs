using System.IO.Pipes;
using System.Text;
using System.Text.Json;
using Telelaunch.Net;
using Telelaunch.Targets;

namespace Telelaunch.Cli.Guard;

/// <summary>The launcher's side of the guard: a second process of this executable that cleans up when we are killed and can't.</summary>
/// <remarks>
/// It has a session of its own, so neither a terminal's keys nor its closing reach it, and it notices our end by the end of the pipe, whose only writing end is ours.
/// </remarks>
internal sealed class GuardProcess
{
    private readonly ChildProcess _process;
    private readonly AnonymousPipeServerStream _pipe;
    private GuardedSession _session;

    private GuardProcess(ChildProcess process, AnonymousPipeServerStream pipe, GuardedSession session)
    {
        _process = process;
        _pipe = pipe;
        _session = session;
    }

    /// <summary>Starts the guard and tells it what there is.</summary>
    /// <exception cref="HostException">It can't be started; then nothing may be made that would need it.</exception>
    public static async Task<GuardProcess> StartAsync(GuardedSession session, CancellationToken cancellationToken)
    {
        // Not inheritable: the command must not hold the writing end, or our end would go unnoticed. The guard's end is handed over by dup2.
        var pipe = new AnonymousPipeServerStream(PipeDirection.Out, HandleInheritability.None);
        using var nothing = File.OpenHandle("/dev/null", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        var start = new ProcessStart(
            Environment.ProcessPath ?? "/proc/self/exe",
            ["telelaunch"u8.ToArray(), "guard"u8.ToArray()],
            Launch.CommandEnvironment.OfThisProcess().Entries,
            new InheritedSignals(0, 0),
            OwnSession: true,
            Descriptors:
            [
                ((int)pipe.ClientSafePipeHandle.DangerousGetHandle(), 0),
                ((int)nothing.DangerousGetHandle(), 1),
                ((int)nothing.DangerousGetHandle(), 2),
            ]);
        var process = ChildProcess.Start(start, out var errno);
        pipe.DisposeLocalCopyOfClientHandle();
        if (process is null)
        {
            await pipe.DisposeAsync();
            throw new HostException("guard-not-started", $"The guard process can't be started: {Errno.NameOf(errno)}.", "Look at the limits on processes (ulimit -u) and memory.");
        }
        var guard = new GuardProcess(process, pipe, session);
        await guard.TellAsync(told => told, cancellationToken);
        return guard;
    }

    /// <summary>Tells the guard what has changed. One call at a time.</summary>
    public async Task TellAsync(Func<GuardedSession, GuardedSession> change, CancellationToken cancellationToken)
    {
        _session = change(_session);
        var line = JsonSerializer.Serialize(_session, GuardJson.Default.GuardedSession) + "\n";
        try
        {
            await _pipe.WriteAsync(Encoding.UTF8.GetBytes(line), cancellationToken);
        }
        catch (IOException)
        {
            // Somebody ended the guard. The session goes on; only after a kill of ours would something be left, until the agent's watchdog ends it.
        }
    }

    /// <summary>The session has ended. A guard that has nothing left to do is waited for; one that has goes on by itself.</summary>
    /// <param name="isClean">Everything is removed.</param>
    public async Task EndAsync(bool isClean)
    {
        if (isClean) await TellAsync(session => session with { Done = true }, CancellationToken.None);
        await _pipe.DisposeAsync();
        if (isClean) await _process.Exit;
    }
}
