using System.Net;
using System.Net.Sockets;

namespace Telelaunch.Playground.Node.Network;

/// <summary>Lets pods reach the API server: a listener in the node's namespace, the server in the host's.</summary>
internal static class ApiRelay
{
    /// <summary>Until cancelled.</summary>
    public static async Task RunAsync(Socket listener, IPEndPoint server, ILogger logger, CancellationToken cancellation)
    {
        while (true)
        {
            var pod = await listener.AcceptAsync(cancellation);
            _ = RelayAsync(pod, server, logger, cancellation);
        }
    }

    // The root of one connection: it ends with its own errors.
    private static async Task RelayAsync(Socket pod, IPEndPoint server, ILogger logger, CancellationToken cancellation)
    {
        using (pod)
        using (var api = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true })
        {
            try
            {
                await api.ConnectAsync(server, cancellation);
                await Task.WhenAll(CopyAsync(pod, api, cancellation), CopyAsync(api, pod, cancellation));
            }
            catch (Exception error) when (error is SocketException or OperationCanceledException)
            {
                logger.LogDebug("A pod's connection to the API server: {Error}", error.Message);
            }
        }
    }

    private static async Task CopyAsync(Socket from, Socket to, CancellationToken cancellation)
    {
        var buffer = new byte[32 * 1024];
        while (await from.ReceiveAsync(buffer, cancellation) is > 0 and var length)
        {
            for (var sent = 0; sent < length;)
                sent += await to.SendAsync(buffer.AsMemory(sent, length - sent), cancellation);
        }
        to.Shutdown(SocketShutdown.Send);
    }
}
