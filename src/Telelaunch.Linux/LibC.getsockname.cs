using System.Runtime.InteropServices;

namespace Telelaunch.Linux;

internal static partial class LibC
{
    /// <summary>getsockname(2)</summary>
    [LibraryImport(Library, SetLastError = true)]
    internal static unsafe partial int getsockname(SafeHandle sockfd, void* addr, int* addrlen);
}
