using System.Net.Sockets;

namespace Telelaunch.Linux;

/// <summary>Socket options that .NET has no name for.</summary>
public static class SocketOptions
{
    /// <summary>SO_REUSEPORT: several sockets of one user may share a local port (socket(7)); to be set before bind.</summary>
    public static void SetReusePort(this Socket socket)
    {
        ArgumentNullException.ThrowIfNull(socket);
        socket.SetRawSocketOption(LibC.SOL_SOCKET, LibC.SO_REUSEPORT, BitConverter.GetBytes(1));
    }

    /// <summary>SO_COOKIE of a socket of our own.</summary>
    public static ulong GetCookie(this Socket socket)
    {
        ArgumentNullException.ThrowIfNull(socket);
        Span<byte> cookie = stackalloc byte[sizeof(ulong)];
        socket.GetRawSocketOption(LibC.SOL_SOCKET, LibC.SO_COOKIE, cookie);
        return BitConverter.ToUInt64(cookie);
    }

    /// <summary>tcpi_state of a socket of our own.</summary>
    public static TcpState GetTcpState(this Socket socket)
    {
        ArgumentNullException.ThrowIfNull(socket);
        Span<byte> state = stackalloc byte[1];
        socket.GetRawSocketOption(LibC.IPPROTO_TCP, LibC.TCP_INFO, state);
        return (TcpState)state[0];
    }

    /// <summary>shutdown(2) of both directions, in SYN_SENT too, where .NET's own refuses.</summary>
    public static bool ShutDownConnecting(this Socket socket)
    {
        ArgumentNullException.ThrowIfNull(socket);
        return LibC.shutdown(socket.SafeHandle, LibC.SHUT_RDWR) == 0;
    }
}
