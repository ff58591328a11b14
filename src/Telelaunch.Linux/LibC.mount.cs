using System.Runtime.InteropServices;

namespace Telelaunch.Linux;

internal static partial class LibC
{
    // linux/mount.h, linux/sched.h
    internal const ulong MS_BIND = 4096;
    internal const ulong MS_REC = 16384;
    internal const ulong MS_PRIVATE = 1 << 18;
    internal const int CLONE_NEWNS = 0x00020000;

    /// <summary>mount(2)</summary>
    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int mount(string? source, string target, string? filesystemtype, ulong mountflags, string? data);

    /// <summary>unshare(2): of the calling thread.</summary>
    [LibraryImport(Library, SetLastError = true)]
    internal static partial int unshare(int flags);
}
