using System.Runtime.InteropServices;

namespace Telelaunch.Targets;

/// <summary>A process of ours, as a shell would start it: same terminal, same process group, standard streams and working directory inherited.</summary>
/// <remarks>
/// Not <see cref="System.Diagnostics.Process"/>, which passes text only, and prepares the terminal for its own console.
/// A thread waits for the end, because waitid(2) blocks.
/// </remarks>
public sealed class ChildProcess
{
    private const int Enoexec = 8;
    private const int Eintr = 4;

    private readonly TaskCompletionSource<ProcessExit> _exit = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _reaping = new();
    private bool _reaped;

    private ChildProcess(int id)
    {
        Id = id;
        new Thread(Wait) { IsBackground = true, Name = $"wait {id}" }.Start();
    }

    public int Id { get; }

    /// <summary>Ends with the process; never fails.</summary>
    public Task<ProcessExit> Exit => _exit.Task;

    /// <summary>Starts it. The errno of execve(2) comes back from the child where that fails.</summary>
    /// <param name="errno">0, or why it could not be started; then there is no process.</param>
    public static ChildProcess? Start(ProcessStart start, out int errno)
    {
        ArgumentNullException.ThrowIfNull(start);
        errno = Spawn(start, out var pid);
        if (errno == Enoexec) errno = Spawn(start.AsShellScript(), out pid);
        return errno == 0 ? new ChildProcess(pid) : null;
    }

    /// <summary>Sends a signal; nothing happens after the end, even if the number is another process's by then.</summary>
    public void Signal(int signal)
    {
        lock (_reaping)
        {
            if (!_reaped) _ = Libc.Kill(Id, signal);
        }
    }

    private static unsafe int Spawn(ProcessStart start, out int pid)
    {
        var attributes = stackalloc byte[Libc.SpawnAttributesSize];
        var actions = stackalloc byte[Libc.SpawnFileActionsSize];
        var signals = stackalloc byte[Libc.SignalSetSize];
        new Span<byte>(signals, Libc.SignalSetSize).Clear();
        using var arguments = new NativeStrings(start.Arguments);
        using var environment = new NativeStrings(start.Environment);

        _ = Libc.SpawnAttributesInit(attributes);
        _ = Libc.SpawnFileActionsInit(actions);
        try
        {
            *(ulong*)signals = ~start.Signals.Ignored;
            _ = Libc.SpawnAttributesSetSignalDefaults(attributes, signals);
            *(ulong*)signals = start.Signals.Blocked;
            _ = Libc.SpawnAttributesSetSignalMask(attributes, signals);
            _ = Libc.SpawnAttributesSetFlags(attributes,
                (short)(Libc.PosixSpawnSetSignalDefaults | Libc.PosixSpawnSetSignalMask | (start.OwnSession ? Libc.PosixSpawnSetSession : 0)));
            foreach (var (ours, theirs) in start.Descriptors ?? []) _ = Libc.SpawnFileActionsAddDup2(actions, ours, theirs);
            return Libc.PosixSpawn(out pid, start.Path, actions, attributes, arguments.Pointers, environment.Pointers);
        }
        finally
        {
            _ = Libc.SpawnFileActionsDestroy(actions);
            _ = Libc.SpawnAttributesDestroy(attributes);
        }
    }

    // The end is seen first (WNOWAIT) and collected under the lock, so that a signal never goes to a process that got the number afterwards.
    private unsafe void Wait()
    {
        var signalInfo = stackalloc byte[128];
        while (Libc.WaitId(Libc.WaitForPid, Id, signalInfo, Libc.WaitExited | Libc.WaitNoReap) < 0 && Marshal.GetLastPInvokeError() == Eintr) { }
        int status;
        lock (_reaping)
        {
            // ECHILD: SIGCHLD is ignored in this process, and the kernel collects children itself; how this one ended is lost.
            if (Libc.WaitPid(Id, out status, 0) < 0) status = 0;
            _reaped = true;
        }
        _exit.SetResult(ProcessExit.OfStatus(status));
    }
}
