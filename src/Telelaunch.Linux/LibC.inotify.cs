using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Telelaunch.Linux;

internal static partial class LibC
{
    // linux/inotify.h
    internal const uint IN_CLOSE_WRITE = 0x00000008;
    internal const uint IN_MOVED_FROM = 0x00000040;
    internal const uint IN_MOVED_TO = 0x00000080;
    internal const uint IN_CREATE = 0x00000100;
    internal const uint IN_DELETE = 0x00000200;
    internal const uint IN_Q_OVERFLOW = 0x00004000;
    internal const uint IN_UNMOUNT = 0x00002000;
    internal const int IN_CLOEXEC = 0x80000;

    /// <summary>inotify_init1(2).</summary>
    [LibraryImport(Library, SetLastError = true)]
    internal static partial SafeFileHandle inotify_init1(int flags);

    /// <summary>inotify_add_watch(2).</summary>
    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int inotify_add_watch(SafeHandle fd, string pathname, uint mask);

    /// <summary>inotify_rm_watch(2): the reader gets IN_IGNORED.</summary>
    [LibraryImport(Library, SetLastError = true)]
    internal static partial int inotify_rm_watch(SafeHandle fd, int wd);

    /// <summary>read(2).</summary>
    [LibraryImport(Library, SetLastError = true)]
    internal static unsafe partial nint read(SafeHandle fd, byte* buf, nint count);
}
