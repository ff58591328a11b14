using Microsoft.Win32.SafeHandles;

namespace Telelaunch.Linux;

/// <summary>Waits for the end of a process that isn't a child of ours.</summary>
public static class ProcessEnd
{
    /// <summary>Whether the process has ended within that time, or isn't there (pidfd_open(2)). Ended is also one whose parent hasn't noticed.</summary>
    public static unsafe bool Wait(int processId, TimeSpan longest)
    {
        nint opened = LibC.syscall(LibC.SYS_pidfd_open, processId, 0);
        if (opened < 0) return true;
        using var descriptor = new SafeFileHandle(opened, ownsHandle: true);
        var wanted = new LibC.pollfd { fd = (int)opened, events = LibC.POLLIN };
        return LibC.poll(&wanted, 1, (int)longest.TotalMilliseconds) > 0;
    }
}
