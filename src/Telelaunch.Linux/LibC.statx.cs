using System.Runtime.InteropServices;

namespace Telelaunch.Linux;

internal static partial class LibC
{
    internal const int AT_EMPTY_PATH = 0x1000;
    internal const uint STATX_TYPE = 1;
    internal const ushort S_IFMT = 0xf000;
    internal const ushort S_IFREG = 0x8000;

    /// <summary>struct statx is 256 bytes long, linux/stat.h.</summary>
    internal const int StatxSize = 256;

    /// <summary>Where stx_mode lies, 2 bytes.</summary>
    internal const int StatxMode = 28;

    /// <summary>statx(2)</summary>
    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static unsafe partial int statx(SafeHandle dirfd, string pathname, int flags, uint mask, byte* statxbuf);
}
