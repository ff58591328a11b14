using System.Net;
using System.Net.Sockets;

namespace Telelaunch.Bench.Routes;

/// <summary>A SOCKS5 server (RFC 1928) on loopback that says yes to every CONNECT after a while, and connects to nothing.</summary>
internal sealed class SlowSocksServer : IAsyncDisposable
{
    private readonly TimeSpan _delay;
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _clients = [];
    private readonly Task _running;

    public SlowSocksServer(TimeSpan delay)
    {
        _delay = delay;
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(512);
        _running = RunAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _listener.Dispose();
        await Task.WhenAll(_clients);
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            while (true)
            {
                Socket client = await _listener.AcceptAsync(_stop.Token);
                _clients.RemoveAll(task => task.IsCompleted);
                _clients.Add(ServeAsync(client));
            }
        }
        catch (OperationCanceledException)
        {
            // Disposed.
        }
    }

    private async Task ServeAsync(Socket client)
    {
        await using var stream = new NetworkStream(client, ownsSocket: true);
        byte[] buffer = new byte[512];
        try
        {
            // VER 1 | NMETHODS 1 | METHODS n; answered VER 1 | METHOD 1 (0: no authentication).
            await stream.ReadExactlyAsync(buffer.AsMemory(0, 2), _stop.Token);
            await stream.ReadExactlyAsync(buffer.AsMemory(0, buffer[1]), _stop.Token);
            await stream.WriteAsync(new byte[] { 5, 0 }, _stop.Token);
            // VER 1 | CMD 1 | RSV 1 | ATYP 1 | ADDR 4 | PORT 2; answered alike, REP (0: succeeded) instead of CMD.
            await stream.ReadExactlyAsync(buffer.AsMemory(0, 10), _stop.Token);
            await Task.Delay(_delay, _stop.Token);
            await stream.WriteAsync(new byte[] { 5, 0, 0, 1, 0, 0, 0, 0, 0, 0 }, _stop.Token);
            // Until the client ends.
            while (await stream.ReadAsync(buffer, _stop.Token) > 0)
            {
            }
        }
        catch (Exception error) when (error is IOException or OperationCanceledException)
        {
            // The client is gone, or this server is.
        }
    }
}
