using System.Runtime.InteropServices;

namespace Telelaunch.Linux;

internal static partial class LibC
{
    internal const int O_RDONLY = 0;

    /// <summary>fsync(2)</summary>
    [LibraryImport(Library, SetLastError = true)]
    internal static partial int fsync(SafeHandle fd);
}
