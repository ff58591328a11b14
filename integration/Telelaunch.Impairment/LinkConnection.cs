using System.Net;
using System.Net.Sockets;

namespace Telelaunch.Impairment;

/// <summary>One connection through the link: the client's socket, the one to the upstream, and a thread to fill and one to empty each direction.</summary>
/// <remarks>Owns both sockets. Threads with blocking calls, because a delay that is exact to 0.1 ms can't be had from pool threads.</remarks>
internal sealed class LinkConnection : IDisposable
{
    private readonly Socket _client;
    private readonly Socket _upstream = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly EndPoint _upstreamEndPoint;
    private readonly LinkConditions _conditions;
    private readonly InFlight _up = new();
    private readonly InFlight _down = new();
    private readonly Thread _thread;
    private readonly Lock _lock = new();
    private long _carried;
    private bool _isReset;

    public LinkConnection(Socket client, EndPoint upstream, LinkConditions conditions, Action<LinkConnection> ended)
    {
        client.NoDelay = true;
        _client = client;
        _upstreamEndPoint = upstream;
        _conditions = conditions;
        _thread = StartThread(() =>
        {
            Run();
            ended(this);
        });
    }

    /// <summary>Bytes that arrived from either side.</summary>
    public long Carried => Volatile.Read(ref _carried);

    /// <summary>RST to both sides, at once; what is on the way is dropped.</summary>
    public void Reset()
    {
        lock (_lock)
        {
            if (_isReset)
                return;
            _isReset = true;
        }

        foreach (Socket socket in (Socket[])[_client, _upstream])
        {
            try
            {
                // SO_LINGER with a time of 0 makes close(2) drop what is queued and send RST (socket(7)).
                socket.LingerState = new LingerOption(true, 0);
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // It has ended already.
            }

            socket.Close(0);
        }

        _up.Close();
        _down.Close();
    }

    /// <summary>Resets it and waits for its threads.</summary>
    public void Dispose()
    {
        Reset();
        _thread.Join();
    }

    private static Thread StartThread(Action run)
    {
        var thread = new Thread(() => run()) { IsBackground = true, Name = "impaired link" };
        thread.Start();
        return thread;
    }

    private void Run()
    {
        // The kernel has answered the client's SYN without the round trip that it would have taken.
        MonotonicClock.SleepUntil(MonotonicClock.Now + (2 * _conditions.OneWay));
        _conditions.WaitUntilItCarries();
        try
        {
            _upstream.Connect(_upstreamEndPoint);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            Reset();
            return;
        }

        Thread[] threads =
        [
            StartThread(() => Fill(_client, _up)),
            StartThread(() => Empty(_up, _upstream)),
            StartThread(() => Fill(_upstream, _down)),
        ];
        Empty(_down, _client);
        foreach (Thread thread in threads)
            thread.Join();
        // Both directions have ended with FIN, or everything was reset.
        _client.Dispose();
        _upstream.Dispose();
    }

    /// <summary>Reads a side and notes when each piece is due at the other.</summary>
    private void Fill(Socket source, InFlight into)
    {
        while (true)
        {
            _conditions.WaitUntilItCarries();
            ArraySegment<byte> room = into.Room();
            if (room.Count == 0)
                return;
            int count;
            try
            {
                count = source.Receive(room.AsSpan());
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                into.AddEnd(DirectionEnd.Reset, MonotonicClock.Now + _conditions.OneWay);
                return;
            }

            long due = MonotonicClock.Now + _conditions.OneWay;
            if (count == 0)
            {
                into.AddEnd(DirectionEnd.Fin, due);
                return;
            }

            Interlocked.Add(ref _carried, count);
            into.Add(count, due);
        }
    }

    /// <summary>Writes to a side what is due there.</summary>
    private void Empty(InFlight from, Socket sink)
    {
        try
        {
            while (from.TryTake(out Chunk chunk))
            {
                MonotonicClock.SleepUntil(chunk.Due);
                _conditions.WaitUntilItCarries();
                if (chunk.End == DirectionEnd.Fin)
                {
                    sink.Shutdown(SocketShutdown.Send);
                    return;
                }

                if (chunk.End == DirectionEnd.Reset)
                    break;
                SendAll(sink, chunk.Bytes);
                from.Free(chunk);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The side that should read is gone: below, the other one is told.
        }

        Reset();
    }

    private static void SendAll(Socket sink, ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
            bytes = bytes[sink.Send(bytes)..];
    }
}
