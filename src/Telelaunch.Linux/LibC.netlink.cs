using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Telelaunch.Linux;

internal static partial class LibC
{
    // linux/netlink.h, linux/sock_diag.h, linux/inet_diag.h
    internal const int AF_NETLINK = 16;
    internal const int SOL_NETLINK = 270;
    internal const int SOCK_RAW = 3;
    internal const int SOCK_CLOEXEC = 0x80000;
    internal const ushort NLMSG_ERROR = 2;
    internal const ushort NLMSG_DONE = 3;
    internal const ushort NLM_F_REQUEST = 0x1;
    internal const ushort NLM_F_DUMP = 0x300;
    internal const ushort SOCK_DIAG_BY_FAMILY = 20;
    internal const ushort INET_DIAG_SKV6ONLY = 11;

    /// <summary>socket(2); .NET's own refuses families that it has no name for.</summary>
    [LibraryImport(Library, SetLastError = true)]
    internal static partial int socket(int domain, int type, int protocol);

    /// <summary>send(2)</summary>
    [LibraryImport(Library, SetLastError = true)]
    internal static unsafe partial nint send(SafeFileHandle sockfd, void* buf, nuint len, int flags);

    /// <summary>bind(2)</summary>
    [LibraryImport(Library, SetLastError = true)]
    internal static unsafe partial int bind(SafeFileHandle sockfd, void* addr, int addrlen);

    /// <summary>setsockopt(2)</summary>
    [LibraryImport(Library, SetLastError = true)]
    internal static unsafe partial int setsockopt(SafeFileHandle sockfd, int level, int optname, void* optval, int optlen);

    /// <summary>recv(2)</summary>
    [LibraryImport(Library, SetLastError = true)]
    internal static unsafe partial nint recv(SafeFileHandle sockfd, void* buf, nuint len, int flags);
}
