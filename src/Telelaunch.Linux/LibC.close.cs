using System.Runtime.InteropServices;

namespace Telelaunch.Linux;

internal static partial class LibC
{
    /// <summary>close(2)</summary>
    [LibraryImport(Library, SetLastError = true)]
    internal static partial int close(int fd);
}
