using System.Net;
using System.Net.Sockets;
using Telelaunch.Linux;
using Telelaunch.Net;

namespace Telelaunch.Broker;

/// <summary>A loopback port whose SYNs the kernel drops, so that an application stays in SYN_SENT until its dial is over.</summary>
/// <remarks>
/// Theory of operation. A listener with a backlog of 1 and two connections that nobody accepts has a full accept queue: the kernel drops every further
/// SYN to it, without an answer. The application, connecting to this port, waits in SYN_SENT. When its dial has succeeded, another socket on the same
/// port (SO_REUSEPORT) connects back to the application's source port, and both SYNs cross: simultaneous open (RFC 9293 §3.5).
/// <code>
/// application 127.0.0.1:a ──SYN──► 127.0.0.1:P   dropped, the queue is full
/// application 127.0.0.1:a ◄──SYN── 127.0.0.1:P   connect back: SYN_SENT → SYN_RECEIVED → ESTABLISHED on both sides
/// </code>
/// A backlog of 0 would not do: it takes the SYN cookie path, which answers. SO_REUSEPORT lets only sockets of the same effective user share
/// the port (socket(7)), so nobody else can accept, or connect back, from here; and only loopback is bound.
/// </remarks>
internal sealed class HeldSynPort : IDisposable
{
    private const int Backlog = 1;

    // The queue takes one more than the backlog: sk_acceptq_is_full() compares with "greater than".
    private const int QueueFillers = Backlog + 1;

    // Kept in fields: a listener that the garbage collector closes lets every SYN run into a reset.
    private readonly Socket _listener;
    private readonly List<Socket> _fillers = [];
    private readonly IPAddress _loopback;

    private HeldSynPort(IPAddress loopback)
    {
        _loopback = loopback;
        _listener = NewSocket(loopback, 0);
    }

    internal int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    /// <summary>Binds, fills the queue and tries the technique out. Null where the address or the technique isn't to be had (IPv6 off, gVisor, WSL 1).</summary>
    internal static async Task<HeldSynPort?> TryOpenAsync(IPAddress loopback, TimeProvider time, CancellationToken cancellationToken)
    {
        HeldSynPort? port = null;
        // A kernel that doesn't play along may leave any of these calls waiting for ever.
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using ITimer timer = time.CreateTimer(static state => ((CancellationTokenSource)state!).Cancel(), patience, TimeSpan.FromSeconds(2), Timeout.InfiniteTimeSpan);
        try
        {
            port = new HeldSynPort(loopback);
            await port.FillQueueAsync(patience.Token);
            if (await port.HoldsAsync(patience.Token))
                return port;
        }
        catch (SocketException)
        {
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
        }

        port?.Dispose();
        return null;
    }

    /// <summary>Opens the application's waiting connect. The socket is connected to the application and owned by the caller.</summary>
    /// <param name="app">The application's own end, in SYN_SENT.</param>
    /// <exception cref="SocketException">The application has left SYN_SENT: it closed, or its own time was over.</exception>
    internal async ValueTask<Socket> ConnectBackAsync(IPEndPoint app, CancellationToken cancellationToken)
    {
        Socket socket = NewSocket(_loopback, Port);
        try
        {
            await socket.ConnectAsync(app, cancellationToken);
            socket.NoDelay = true;
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        _listener.Dispose();
        foreach (Socket filler in _fillers)
            filler.Dispose();
    }

    private static Socket NewSocket(IPAddress address, int port)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.SetReusePort();
            socket.Bind(new IPEndPoint(address, port));
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private async Task FillQueueAsync(CancellationToken cancellationToken)
    {
        _listener.Listen(Backlog);
        for (int i = 0; i < QueueFillers; i++)
        {
            var filler = new Socket(_loopback.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            _fillers.Add(filler);
            await filler.ConnectAsync(_listener.LocalEndPoint!, cancellationToken);
        }
    }

    /// <summary>The technique on ourselves: a connect stays in SYN_SENT, opens by connecting back, carries bytes both ways, and fails by shutdown with ECONNRESET.</summary>
    private async Task<bool> HoldsAsync(CancellationToken cancellationToken)
    {
        // Bound by hand, because .NET tells no LocalEndPoint of a socket that is still connecting.
        using Socket app = NewSocket(_loopback, 0);
        Task connecting = app.ConnectAsync(_listener.LocalEndPoint!, cancellationToken).AsTask();
        if (connecting.IsCompleted || app.GetTcpState() != TcpState.SynSent)
            return false;
        using Socket back = await ConnectBackAsync((IPEndPoint)app.LocalEndPoint!, cancellationToken);
        await connecting;
        byte[] buffer = new byte[4];
        await app.SendAsync("ping"u8.ToArray(), cancellationToken);
        if (await back.ReceiveAsync(buffer, cancellationToken) != 4)
            return false;
        await back.SendAsync("pong"u8.ToArray(), cancellationToken);
        if (await app.ReceiveAsync(buffer, cancellationToken) != 4)
            return false;

        using var refused = new Socket(_loopback.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        Task failing = refused.ConnectAsync(_listener.LocalEndPoint!, cancellationToken).AsTask();
        if (failing.IsCompleted || refused.GetTcpState() != TcpState.SynSent || !refused.ShutDownConnecting())
            return false;
        try
        {
            await failing;
            return false;
        }
        catch (SocketException error)
        {
            return Errno.Of(error) == Errno.ECONNRESET;
        }
    }
}
