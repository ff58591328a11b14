using System.Runtime.InteropServices;

namespace Telelaunch.Linux;

internal static partial class LibC
{
    internal const int O_RDONLY = 0;
    internal const int O_CLOEXEC = 0x80000;

    /// <summary>open(2) of something that is there; variadic in C, passed as any other on Linux x64 and arm64.</summary>
    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int open(string pathname, int flags);

    /// <summary>fsync(2)</summary>
    [LibraryImport(Library, SetLastError = true)]
    internal static partial int fsync(SafeHandle fd);
}
