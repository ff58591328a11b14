using System.Net;
using System.Net.Sockets;
using Telelaunch.Linux;

namespace Telelaunch.Broker.Ports;

/// <summary>A socket that listens on this machine, and the address at which it is dialled.</summary>
/// <param name="DialEndPoint">127.0.0.1 where the socket takes it, else ::1, else the address that it is bound to.</param>
internal readonly record struct HostListener(ListeningSocket Socket, IPEndPoint DialEndPoint)
{
    /// <summary>The one that a caller of <paramref name="port"/> is led to; null where nobody listens.</summary>
    public static HostListener? Choose(IEnumerable<ListeningSocket> sockets, int port) => sockets
        .Where(socket => socket.EndPoint.Port == port)
        .Select(socket => (Rank: Rank(socket), Listener: new HostListener(socket, DialOf(socket))))
        .OrderBy(choice => choice.Rank)
        .ThenBy(choice => choice.Listener.Socket.Cookie)
        .Select(choice => (HostListener?)choice.Listener)
        .FirstOrDefault();

    private static IPEndPoint DialOf(ListeningSocket socket)
    {
        IPAddress address = socket.EndPoint.Address;
        if (address.Equals(IPAddress.Any) || (address.Equals(IPAddress.IPv6Any) && !socket.IsV6Only))
            address = IPAddress.Loopback;
        else if (address.Equals(IPAddress.IPv6Any))
            address = IPAddress.IPv6Loopback;
        return new IPEndPoint(address, socket.EndPoint.Port);
    }

    /// <summary>The kernel's order for 127.0.0.1, the most specific first; then ::1, then what only its own address reaches.</summary>
    private static int Rank(ListeningSocket socket)
    {
        IPAddress address = socket.EndPoint.Address;
        if (address.Equals(IPAddress.Loopback))
            return 0;
        if (address.Equals(IPAddress.Any))
            return 1;
        if (address.Equals(IPAddress.IPv6Any))
            return socket.IsV6Only ? 4 : 2;
        if (address.Equals(IPAddress.IPv6Loopback))
            return 3;
        return address.AddressFamily == AddressFamily.InterNetwork ? 5 : 6;
    }
}
