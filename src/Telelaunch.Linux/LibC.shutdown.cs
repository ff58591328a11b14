using System.Runtime.InteropServices;

namespace Telelaunch.Linux;

internal static partial class LibC
{
    internal const int SHUT_RDWR = 2;

    /// <summary>shutdown(2)</summary>
    [LibraryImport(Library, SetLastError = true)]
    internal static partial int shutdown(SafeHandle sockfd, int how);
}
