using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Telelaunch.Linux;

internal static partial class LibC
{
    // asm-generic/poll.h, linux/eventfd.h
    internal const short POLLIN = 0x1;
    internal const int EFD_CLOEXEC = 0x80000;

    /// <summary>poll(2)</summary>
    [LibraryImport(Library, SetLastError = true)]
    internal static unsafe partial int poll(pollfd* fds, nuint nfds, int timeout);

    /// <summary>eventfd(2)</summary>
    [LibraryImport(Library, SetLastError = true)]
    internal static partial SafeFileHandle eventfd(uint initval, int flags);

    /// <summary>write(2)</summary>
    [LibraryImport(Library, SetLastError = true)]
    internal static unsafe partial nint write(SafeHandle fd, void* buf, nuint count);

#pragma warning disable CA1815, IDE1006, CS8981 // Layout of the kernel's, under its own name.
    internal struct pollfd
    {
        internal int fd;
        internal short events;
        internal short revents;
    }
#pragma warning restore CA1815, IDE1006, CS8981
}
