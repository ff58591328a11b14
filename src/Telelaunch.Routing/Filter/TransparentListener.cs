using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Telelaunch.Linux;
using Telelaunch.Net;

namespace Telelaunch.Routing.Filter;

/// <summary>The TCP sockets that caught connections are led to. The local address of what they accept is where the program wanted to go: <see cref="DestinationOf"/>.</summary>
/// <remarks>A program that connects to the port itself is accepted as well; its destination is then 127.0.0.1 or ::1 with this port, and it must be refused.</remarks>
public sealed class TransparentListener : IDisposable
{
    /// <summary>Connections that may wait to be accepted, unless <see cref="BacklogLimit"/> is less.</summary>
    public const int Backlog = 4096;

    // asm-generic, linux/in.h, linux/in6.h
    private const int SOL_IP = 0;
    private const int IP_TRANSPARENT = 19;
    private const int SOL_IPV6 = 41;
    private const int IPV6_TRANSPARENT = 75;
    private const int Attempts = 16;

    private TransparentListener(Socket ipv4, Socket? ipv6)
    {
        IPv4 = ipv4;
        IPv6 = ipv6;
    }

    /// <summary>Listens on 127.0.0.1.</summary>
    public Socket IPv4 { get; }

    /// <summary>Listens on ::1, on the same port unless all of a good many were taken there; null where IPv6 wasn't asked for.</summary>
    public Socket? IPv6 { get; }

    public ushort Port4 => PortOf(IPv4);

    public ushort? Port6 => IPv6 is null ? null : PortOf(IPv6);

    /// <summary>net.core.somaxconn, the kernel's limit to any backlog; it shortens ours without a word. Null where it can't be read.</summary>
    public static int? BacklogLimit
    {
        get
        {
            try
            {
                return int.Parse(File.ReadAllText("/proc/sys/net/core/somaxconn"), CultureInfo.InvariantCulture);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException or FormatException)
            {
                return null;
            }
        }
    }

    /// <summary>Binds ports that the kernel chooses, and listens.</summary>
    /// <exception cref="HostException"><c>net-admin-missing</c>: IP_TRANSPARENT needs CAP_NET_ADMIN or CAP_NET_RAW; <c>listener-refused</c></exception>
    public static TransparentListener Open(bool withIpv6)
    {
        try
        {
            if (!withIpv6)
                return new TransparentListener(Listen(IPAddress.Loopback, 0), null);
            for (int attempt = 1; ; attempt++)
            {
                Socket ipv4 = Listen(IPAddress.Loopback, 0);
                try
                {
                    return new TransparentListener(ipv4, Listen(IPAddress.IPv6Loopback, attempt < Attempts ? PortOf(ipv4) : (ushort)0));
                }
                catch (SocketException error) when (error.SocketErrorCode == SocketError.AddressAlreadyInUse && attempt < Attempts)
                {
                    ipv4.Dispose();
                }
                catch
                {
                    ipv4.Dispose();
                    throw;
                }
            }
        }
        catch (SocketException error)
        {
            throw error.SocketErrorCode == SocketError.AccessDenied
                ? new HostException("net-admin-missing", "A socket can't be made transparent: the kernel asks for CAP_NET_ADMIN.", "Run it as root; in a container give it NET_ADMIN (docker run --cap-add NET_ADMIN).", error)
                : new HostException("listener-refused", $"This machine gives no port to listen on: {error.Message}", "Look whether lo is up (ip link set lo up).", error);
        }
    }

    /// <summary>Where the program wanted to go whose connection was accepted. <see cref="Socket.LocalEndPoint"/> names the listener.</summary>
    public static IPEndPoint DestinationOf(Socket accepted) => accepted.ReadLocalEndPoint();

    public void Dispose()
    {
        IPv4.Dispose();
        IPv6?.Dispose();
    }

    private static Socket Listen(IPAddress address, ushort port)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (address.AddressFamily == AddressFamily.InterNetwork)
                socket.SetRawSocketOption(SOL_IP, IP_TRANSPARENT, BitConverter.GetBytes(1));
            else
                socket.SetRawSocketOption(SOL_IPV6, IPV6_TRANSPARENT, BitConverter.GetBytes(1));
            socket.Bind(new IPEndPoint(address, port));
            socket.Listen(Backlog);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static ushort PortOf(Socket socket) => (ushort)((IPEndPoint)socket.LocalEndPoint!).Port;
}
