using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using Telelaunch.Cluster;
using Telelaunch.Tunnel.PortForward;

namespace Telelaunch.Bench.Routes;

/// <summary>A port on this machine's loopback, or wherever it is told; each connection to it gets a port-forward of its own to one port of a Pod.</summary>
/// <remarks>The very port-forward that Telelaunch's carriers use, so that the peers don't differ in it.</remarks>
internal sealed class PortForwardListener : IAsyncDisposable
{
    private const int BufferSize = 128 * 1024;

    private readonly ClusterConnection _connection;
    private readonly string _namespace;
    private readonly string _pod;
    private readonly int _podPort;
    private readonly Socket _listener;
    private readonly CancellationTokenSource _stop = new();
    private readonly HashSet<Task> _forwards = [];
    private readonly Task _running;

    /// <param name="bound">The socket to listen on, which is the listener's own from here; null: one on loopback.</param>
    public PortForwardListener(ClusterConnection connection, string podNamespace, string pod, int podPort, Socket? bound = null)
    {
        _connection = connection;
        _namespace = podNamespace;
        _pod = pod;
        _podPort = podPort;
        _listener = bound ?? Loopback();
        _listener.Listen(1024);
        _running = RunAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    public RouteAddress Address => new("127.0.0.1", Port);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _running;
        await Task.WhenAll(_forwards);
        _stop.Dispose();
    }

    private static Socket Loopback()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return socket;
    }

    private async Task RunAsync()
    {
        try
        {
            while (true)
            {
                Socket accepted = await _listener.AcceptAsync(_stop.Token);
                accepted.NoDelay = true;
                _forwards.RemoveWhere(forward => forward.IsCompleted);
                _forwards.Add(ForwardAsync(accepted));
            }
        }
        catch (Exception error) when (error is OperationCanceledException or ObjectDisposedException or SocketException && _stop.IsCancellationRequested)
        {
            // Disposed.
        }
    }

    /// <summary>Copies both ways until either side ends: the protocol knows no half-close. The application sees a failure as a reset.</summary>
    private async Task ForwardAsync(Socket accepted)
    {
        using Socket socket = accepted;
        try
        {
            WebSocket webSocket = await _connection.OpenPortForwardAsync(_namespace, _pod, _podPort, _stop.Token);
            await using var forward = new PortForwardStream(webSocket, _podPort, TimeProvider.System);
            await using var application = new NetworkStream(socket, ownsSocket: false);
            using var end = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
            Task up = CopyAsync(application, forward, end.Token);
            Task down = CopyAsync(forward, application, end.Token);
            await Task.WhenAny(up, down);
            await end.CancelAsync();
            await Task.WhenAll(up, down).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        catch (Exception)
        {
            socket.Close(0);
        }
    }

    private static async Task CopyAsync(Stream source, Stream target, CancellationToken cancellationToken)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            int count;
            while ((count = await source.ReadAsync(buffer, cancellationToken)) > 0)
                await target.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
