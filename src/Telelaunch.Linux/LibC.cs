namespace Telelaunch.Linux;

/// <summary>The C library's functions that .NET doesn't offer, one file each; names and constants keep the kernel's spelling.</summary>
internal static partial class LibC
{
    private const string Library = "libc";

    // asm-generic/socket.h
    internal const int SOL_SOCKET = 1;
    internal const int SO_TYPE = 3;
    internal const int SO_REUSEPORT = 15;
    internal const int SO_PEERCRED = 17;
    internal const int SO_PROTOCOL = 38;
    internal const int SO_DOMAIN = 39;
    internal const int SO_COOKIE = 57;

    internal const int AF_INET = 2;
    internal const int AF_INET6 = 10;
    internal const int SOCK_STREAM = 1;
    internal const int IPPROTO_TCP = 6;
    internal const int TCP_INFO = 11;
}
