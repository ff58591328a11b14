using System.Net;
using System.Net.Sockets;

namespace Telelaunch.Tunnel.Tests.Pod;

/// <summary>A TCP server that the pod reaches; each connection is given to a handler.</summary>
internal sealed class PodTarget : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly Func<Socket, CancellationToken, Task> _handler;
    private readonly Task _running;

    public PodTarget(Func<Socket, CancellationToken, Task> handler)
    {
        _handler = handler;
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(256);
        EndPoint = (IPEndPoint)_listener.LocalEndPoint!;
        _running = RunAsync();
    }

    public IPEndPoint EndPoint { get; }

    /// <summary>Sends back what comes, and FIN after FIN.</summary>
    public static async Task EchoAsync(Socket socket, CancellationToken cancellationToken)
    {
        var buffer = new byte[64 * 1024];
        int count;
        while ((count = await socket.ReceiveAsync(buffer, cancellationToken)) > 0)
        {
            for (int sent = 0; sent < count;)
                sent += await socket.SendAsync(buffer.AsMemory(sent, count - sent), cancellationToken);
        }

        socket.Shutdown(SocketShutdown.Send);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _listener.Dispose();
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        var handling = new List<Task>();
        try
        {
            while (true)
                handling.Add(HandleAsync(await _listener.AcceptAsync(_stop.Token)));
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(handling);
        }
    }

    private async Task HandleAsync(Socket socket)
    {
        using (socket)
        {
            try
            {
                await _handler(socket, _stop.Token);
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException)
            {
                // The other side went away, or the test is over.
            }
        }
    }
}
