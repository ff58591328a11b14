using System.Collections.Concurrent;
using System.Net.Sockets;

namespace Telelaunch.EndToEnd.Machine;

/// <summary>Accepts connections and serves each; ends all of them at its end.</summary>
internal sealed class StreamServer : IAsyncDisposable
{
    private readonly CancellationTokenSource _end = new();
    private readonly ConcurrentDictionary<Socket, Task> _connections = new();
    private readonly Socket _listener;
    private readonly Func<Socket, CancellationToken, Task> _serve;
    private readonly Task _loop;

    /// <summary>Takes over the listener.</summary>
    /// <param name="serve">Serves one connection, which is closed when it returns. A <see cref="SocketException"/> ends that connection only.</param>
    public StreamServer(Socket listener, Func<Socket, CancellationToken, Task> serve)
    {
        _listener = listener;
        _serve = serve;
        _loop = RunAsync();
    }

    public int OpenConnections => _connections.Count;

    /// <summary>Sends RST on every open connection.</summary>
    public void Reset()
    {
        foreach (var connection in _connections.Keys)
        {
            // A time of 0 makes close(2) send RST (socket(7)). One that has ended meanwhile needs none.
            try { connection.LingerState = new LingerOption(true, 0); }
            catch (ObjectDisposedException) { continue; }
            connection.Close(0);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Dispose();
        await _loop;
        Reset();
        await Task.WhenAll(_connections.Values);
        _end.Dispose();
    }

    private async Task RunAsync()
    {
        while (!_end.IsCancellationRequested)
        {
            try
            {
                var connection = await _listener.AcceptAsync(_end.Token);
                // Known before it runs, so that it can't end first.
                var start = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                _connections[connection] = ServeAsync(connection, start.Task);
                start.SetResult();
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or SocketException)
            {
                // Its end, or one client that has gone before it was accepted (accept(2)).
            }
        }
    }

    private async Task ServeAsync(Socket connection, Task start)
    {
        await start;
        try
        {
            await _serve(connection, _end.Token);
        }
        catch (Exception e) when (e is SocketException or IOException or ObjectDisposedException or OperationCanceledException)
        {
            // The client's end of it, or ours.
        }
        finally
        {
            connection.Dispose();
            _connections.TryRemove(connection, out _);
        }
    }
}
