using System.Net;
using System.Net.Sockets;

namespace Telelaunch.Tunnel.Tests.PortForward;

/// <summary>Two ends of one loopback TCP connection.</summary>
internal static class SocketPair
{
    public static async Task<(Socket Near, Socket Far)> ConnectAsync(CancellationToken cancellationToken)
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(1);
        var near = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await near.ConnectAsync(listener.LocalEndPoint!, cancellationToken);
        Socket far = await listener.AcceptAsync(cancellationToken);
        far.NoDelay = true;
        return (near, far);
    }
}
