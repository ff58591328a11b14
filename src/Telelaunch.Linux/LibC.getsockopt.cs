using System.Runtime.InteropServices;

namespace Telelaunch.Linux;

internal static partial class LibC
{
    /// <summary>getsockopt(2)</summary>
    [LibraryImport(Library, SetLastError = true)]
    internal static unsafe partial int getsockopt(SafeHandle sockfd, int level, int optname, void* optval, int* optlen);
}
