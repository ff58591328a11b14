using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Telelaunch.Mux;
using Telelaunch.Net;

namespace Telelaunch.Tunnel.Tests.Pod;

/// <summary>The agent without its pod: the real mux server on a loopback port, which dials for real.</summary>
internal sealed class AgentEnd : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly ConcurrentDictionary<MuxServer, byte> _servers = [];
    private readonly ReadOnlyMemory<byte> _secret;
    private readonly Task _running;

    public AgentEnd(ReadOnlyMemory<byte> secret)
    {
        _secret = secret;
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(16);
        Port = ((IPEndPoint)_listener.LocalEndPoint!).Port;
        _running = RunAsync();
    }

    /// <summary>What the container was started with; longer than a frame.</summary>
    public static byte[] Environment { get; } = [.. "A=1\0B="u8, .. Enumerable.Repeat((byte)0xff, 100_000), 0];

    public int Port { get; }

    /// <summary>How the pod listens.</summary>
    public Listen Listen { get; set; } = (_, _) => ValueTask.FromResult(ListenResult.Failed(Errno.EACCES));

    public int Carriers => _servers.Count;

    /// <summary>How many carriers have flows at this moment.</summary>
    public int CarriersWithFlows => _servers.Keys.Count(server => server.OpenFlows > 0);

    public async Task GoAwayAsync(string reason)
    {
        foreach (MuxServer server in _servers.Keys)
            await server.GoAwayAsync(reason);
    }

    public async ValueTask DisposeAsync()
    {
        if (_running.IsCompleted)
            return;
        await _stop.CancelAsync();
        foreach (MuxServer server in _servers.Keys)
            await server.DisposeAsync();
        await _running;
        _listener.Dispose();
        _stop.Dispose();
    }

    private static async ValueTask<DialResult> DialAsync(IPEndPoint destination, CancellationToken cancellationToken)
    {
        var socket = new Socket(destination.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(destination, cancellationToken);
            return DialResult.Connected(new SocketDuplexStream(socket), (IPEndPoint)socket.LocalEndPoint!);
        }
        catch (SocketException e)
        {
            socket.Dispose();
            return DialResult.Failed(Errno.Of(e));
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private async Task RunAsync()
    {
        var serving = new List<Task>();
        try
        {
            while (true)
                serving.Add(ServeAsync(await _listener.AcceptAsync(_stop.Token)));
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(serving);
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        socket.NoDelay = true;
        var pod = new PodDescription("agent-pod", [IPAddress.Parse("10.244.0.9")], [IPAddress.Parse("10.96.0.10")], ["default.svc.cluster.local"], 5, "test");
        var services = new PodServices(
            DialAsync, new FixedResolver(), () => pod, (podEndPoint, token) => Listen(podEndPoint, token), () => Environment);
        try
        {
            MuxServer server = await MuxServer.AcceptAsync(
                new NetworkStream(socket, ownsSocket: true), _secret, services, new MuxOptions(), _stop.Token);
            _servers[server] = 0;
            await server.Completion;
            _servers.TryRemove(server, out _);
            await server.DisposeAsync();
        }
        catch (Exception e) when (e is TunnelException or IOException or OperationCanceledException)
        {
            // A client that isn't this session's, or went away within the handshake.
        }
    }
}
