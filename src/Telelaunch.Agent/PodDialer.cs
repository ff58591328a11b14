using System.Net;
using System.Net.Sockets;

using Telelaunch.Net;

namespace Telelaunch.Agent;

/// <summary>Dials from the pod with connect(2), so that failures are the kernel's own.</summary>
internal static class PodDialer
{
    public static async ValueTask<DialResult> DialAsync(IPEndPoint destination, CancellationToken cancellationToken)
    {
        Socket? socket = null;
        try
        {
            socket = new Socket(destination.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(destination, cancellationToken);
            return DialResult.Connected(new SocketDuplexStream(socket), (IPEndPoint?)socket.LocalEndPoint);
        }
        catch (SocketException error)
        {
            socket?.Dispose();
            return DialResult.Failed(Errno.Of(error));
        }
        catch
        {
            socket?.Dispose();
            throw;
        }
    }
}
