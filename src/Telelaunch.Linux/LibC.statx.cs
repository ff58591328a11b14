using System.Runtime.InteropServices;

namespace Telelaunch.Linux;

internal static partial class LibC
{
    internal const int AT_EMPTY_PATH = 0x1000;
    internal const int AT_SYMLINK_NOFOLLOW = 0x100;
    internal const uint STATX_TYPE = 1;
    internal const uint STATX_BASIC_STATS = 0x7ff;
    internal const ushort S_IFMT = 0xf000;
    internal const ushort S_IFREG = 0x8000;
    internal const ushort S_IFLNK = 0xa000;

    /// <summary>struct statx is 256 bytes long, linux/stat.h.</summary>
    internal const int StatxSize = 256;

    /// <summary>Where stx_mode lies, 2 bytes.</summary>
    internal const int StatxMode = 28;

    /// <summary>Where stx_ino lies, 8 bytes.</summary>
    internal const int StatxIno = 32;

    /// <summary>Where stx_dev_major lies, 4 bytes, and stx_dev_minor behind it.</summary>
    internal const int StatxDevMajor = 136;

    /// <summary>statx(2)</summary>
    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static unsafe partial int statx(SafeHandle dirfd, string pathname, int flags, uint mask, byte* statxbuf);

    /// <summary>statx(2) of a path.</summary>
    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static unsafe partial int statx(int dirfd, string pathname, int flags, uint mask, byte* statxbuf);
}
