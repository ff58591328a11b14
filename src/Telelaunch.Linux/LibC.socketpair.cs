using System.Runtime.InteropServices;

namespace Telelaunch.Linux;

internal static partial class LibC
{
    internal const int AF_UNIX = 1;
    internal const int SOCK_SEQPACKET = 5;

    /// <summary>socketpair(2)</summary>
    [LibraryImport(Library, SetLastError = true)]
    internal static unsafe partial int socketpair(int domain, int type, int protocol, int* sv);
}
