using System.Net;
using System.Net.Sockets;

namespace Telelaunch.Bench.Routes;

/// <summary>Ports of this machine's loopback that nobody listens on.</summary>
internal static class FreePorts
{
    /// <returns>Different ones. Nothing keeps them, so whoever is to listen there must do it soon.</returns>
    public static int[] Choose(int count)
    {
        Socket[] sockets = [.. Enumerable.Range(0, count).Select(_ => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp))];
        try
        {
            foreach (Socket socket in sockets)
                socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            return [.. sockets.Select(socket => ((IPEndPoint)socket.LocalEndPoint!).Port)];
        }
        finally
        {
            foreach (Socket socket in sockets)
                socket.Dispose();
        }
    }
}
