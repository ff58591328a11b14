using System.Net;
using System.Net.Sockets;
using Telelaunch.Net;

namespace Telelaunch.Playground.Node.Network;

/// <summary>Lets pods reach the API server: a listener in the node's namespace, the server in the host's.</summary>
internal static class ApiRelay
{
    /// <summary>Until cancelled; then no connection is left.</summary>
    public static async Task RunAsync(Socket listener, IPEndPoint server, ILogger logger, CancellationToken cancellation)
    {
        var connections = new OpenTasks();
        try
        {
            while (true)
            {
                var pod = await listener.AcceptAsync(cancellation);
                connections.Run(() => RelayAsync(pod, server, logger, cancellation));
            }
        }
        finally
        {
            await connections.WhenAllAsync();
        }
    }

    // The root of one connection: it ends with its own errors.
    private static async Task RelayAsync(Socket pod, IPEndPoint server, ILogger logger, CancellationToken cancellation)
    {
        using (pod)
        using (var api = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true })
        using (var failed = CancellationTokenSource.CreateLinkedTokenSource(cancellation))
        {
            try
            {
                await api.ConnectAsync(server, cancellation);
                await Task.WhenAll(CopyAsync(pod, api, failed), CopyAsync(api, pod, failed));
            }
            catch (Exception error) when (error is SocketException or OperationCanceledException)
            {
                logger.LogDebug("A pod's connection to the API server: {Error}", error.Message);
            }
        }
    }

    // EOF half-closes the other side; an error ends both directions.
    private static async Task CopyAsync(Socket from, Socket to, CancellationTokenSource failed)
    {
        try
        {
            var buffer = new byte[32 * 1024];
            while (await from.ReceiveAsync(buffer, failed.Token) is > 0 and var length)
            {
                for (var sent = 0; sent < length;)
                    sent += await to.SendAsync(buffer.AsMemory(sent, length - sent), failed.Token);
            }
            to.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            await failed.CancelAsync();
            throw;
        }
    }
}
