using System.Net;
using System.Net.Sockets;
using Telelaunch.Impairment;

namespace Telelaunch.EndToEnd.Machine;

/// <summary>Takes connections in the outside world and carries them to the API server that a kubeconfig names, which is reached from this process's own namespace.</summary>
internal sealed class ApiServerRelay : IAsyncDisposable
{
    private const int Port = 6443;

    private readonly DnsEndPoint _apiServer;
    private readonly StreamServer _server;
    private readonly LinkedKubeconfig _kubeconfig;

    public ApiServerRelay(OutsideWorld outside, string kubeconfig)
    {
        _apiServer = LinkedKubeconfig.ServerOf(kubeconfig);
        _server = new StreamServer(outside.Listen(OutsideWorld.ApiServerAddress, Port, ProtocolType.Tcp), CarryAsync);
        _kubeconfig = LinkedKubeconfig.Write(kubeconfig, new IPEndPoint(OutsideWorld.ApiServerAddress, Port));
    }

    /// <summary>A kubeconfig that works on the machine.</summary>
    public string Kubeconfig => _kubeconfig.Path;

    /// <summary>How many connections to the API server the machine has.</summary>
    public int OpenConnections => _server.OpenConnections;

    /// <summary>Resets all connections; new ones are taken as before.</summary>
    public void Reset() => _server.Reset();

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _kubeconfig.Dispose();
    }

    private async Task CarryAsync(Socket client, CancellationToken end)
    {
        using var upstream = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        client.NoDelay = true;
        await upstream.ConnectAsync(_apiServer, end);
        await Task.WhenAll(CopyAsync(client, upstream, end), CopyAsync(upstream, client, end));
    }

    private static void Reset(Socket socket)
    {
        try
        {
            socket.LingerState = new LingerOption(true, 0);
            socket.Close(0);
        }
        catch (ObjectDisposedException)
        {
            // The other direction has done it.
        }
    }

    /// <summary>FIN ends one direction; anything else than that ends both.</summary>
    private static async Task CopyAsync(Socket from, Socket to, CancellationToken end)
    {
        var buffer = new byte[256 * 1024];
        try
        {
            int count;
            while ((count = await from.ReceiveAsync(buffer, end)) > 0)
            {
                for (var sent = 0; sent < count;) sent += await to.SendAsync(buffer.AsMemory(sent, count - sent), end);
            }

            to.Shutdown(SocketShutdown.Send);
        }
        catch
        {
            Reset(from);
            Reset(to);
            throw;
        }
    }
}
