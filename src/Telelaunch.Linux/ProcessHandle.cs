using Microsoft.Win32.SafeHandles;

namespace Telelaunch.Linux;

/// <summary>A process by its pidfd (pidfd_open(2)): it can't be mistaken for another that gets its number later.</summary>
public sealed class ProcessHandle : IDisposable
{
    private const int Sighup = 1;
    private const int Sigterm = 15;
    private const int Forever = -1;

    private readonly SafeFileHandle _descriptor;

    private ProcessHandle(SafeFileHandle descriptor) => _descriptor = descriptor;

    /// <summary>Null where the process is gone already.</summary>
    public static ProcessHandle? Open(int processId)
    {
        nint descriptor = LibC.syscall(LibC.SYS_pidfd_open, processId, 0);
        return descriptor < 0 ? null : new(new SafeFileHandle(descriptor, ownsHandle: true));
    }

    /// <summary>Sends SIGHUP, as when a terminal closes; nothing happens to a process that has ended.</summary>
    public void HangUp() => Signal(Sighup);

    /// <summary>Sends SIGTERM; nothing happens to a process that has ended.</summary>
    public void Terminate() => Signal(Sigterm);

    /// <summary>Ends with the process. A thread waits, because poll(2) blocks.</summary>
    /// <param name="cancellationToken">Ends the waiting; then the task is cancelled.</param>
    public async Task WaitForEndAsync(CancellationToken cancellationToken)
    {
        using SafeFileHandle stop = LibC.eventfd(0, LibC.EFD_CLOEXEC);
        var ended = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() => ended.SetResult(Wait(stop))) { IsBackground = true, Name = "process end" }.Start();
        await using (cancellationToken.Register(() => Wake(stop)))
        {
            if (await ended.Task) return;
        }

        cancellationToken.ThrowIfCancellationRequested();
    }

    public void Dispose() => _descriptor.Dispose();

    private unsafe bool Wait(SafeFileHandle stop)
    {
        LibC.pollfd* wanted = stackalloc LibC.pollfd[2];
        wanted[0] = new() { fd = (int)_descriptor.DangerousGetHandle(), events = LibC.POLLIN };
        wanted[1] = new() { fd = (int)stop.DangerousGetHandle(), events = LibC.POLLIN };
        // Interrupted by a signal: again.
        while (LibC.poll(wanted, 2, Forever) < 0)
        {
        }

        return wanted[0].revents != 0;
    }

    private static unsafe void Wake(SafeFileHandle stop)
    {
        ulong one = 1;
        _ = LibC.write(stop, &one, sizeof(ulong));
    }

    private void Signal(int signal) => _ = LibC.syscall(LibC.SYS_pidfd_send_signal, _descriptor.DangerousGetHandle(), signal, 0, 0);
}
