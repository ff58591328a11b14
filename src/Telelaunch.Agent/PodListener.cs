using System.Net;
using System.Net.Sockets;

using Telelaunch.Mux;
using Telelaunch.Net;

namespace Telelaunch.Agent;

/// <summary>A TCP listener in the pod whose connections go to the client.</summary>
internal sealed class PodListener : FlowListener
{
    private const int Backlog = 512;

    // asm-generic/socket.h. .NET's ReuseAddress would set SO_REUSEPORT too, and a port that another container has would seem to be free.
    private const int SolSocket = 1;
    private const int SoReuseAddr = 2;

    // Without descriptors accept(2) fails at once, again and again, until a connection has ended.
    private static readonly TimeSpan s_acceptPause = TimeSpan.FromMilliseconds(10);

    private readonly Socket _socket;
    private readonly Action<PodListener> _closed;
    private readonly CancellationTokenSource _taken = new();
    private int _isOver;

    /// <param name="socket">Listens; owned from now on.</param>
    /// <param name="closed">Called once it listens no more.</param>
    public PodListener(Socket socket, Action<PodListener> closed)
    {
        _socket = socket;
        _closed = closed;
        PodEndPoint = (IPEndPoint)socket.LocalEndPoint!;
    }

    /// <inheritdoc/>
    public override IPEndPoint PodEndPoint { get; }

    /// <summary>A socket that listens there; one of <c>[::]</c> takes callers over IPv4 too.</summary>
    /// <exception cref="SocketException">bind(2) or listen(2) failed.</exception>
    public static Socket Bind(IPEndPoint podEndPoint)
    {
        var socket = new Socket(podEndPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (podEndPoint.Address.Equals(IPAddress.IPv6Any))
                socket.DualMode = true;
            // As servers do: the port's last connections may still be in TIME_WAIT (socket(7)).
            socket.SetRawSocketOption(SolSocket, SoReuseAddr, BitConverter.GetBytes(1));
            socket.Bind(podEndPoint);
            socket.Listen(Backlog);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override async ValueTask<AcceptedFlow> AcceptAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _taken.Token);
                Socket accepted = await _socket.AcceptAsync(either.Token);
                return Accept(accepted);
            }
            catch (OperationCanceledException error) when (!cancellationToken.IsCancellationRequested)
            {
                throw new IOException("A newer carrier of the client has taken the port over.", error);
            }
            catch (SocketException error)
            {
                // The caller is gone already, or no descriptors are left: the next one may be served.
                AgentLog.Write($"a caller of port {PodEndPoint.Port} could not be accepted: {Errno.NameOf(Errno.Of(error))}");
                await Task.Delay(s_acceptPause, cancellationToken);
            }
        }
    }

    /// <summary>Ends accepting here, and gives the socket to another; null where it is closed already.</summary>
    public Socket? TakeSocket()
    {
        if (Interlocked.Exchange(ref _isOver, 1) != 0)
            return null;
        _taken.Cancel();
        return _socket;
    }

    /// <inheritdoc/>
    /// <remarks>Callers whom nobody has accepted yet are reset by the kernel. A socket that was taken stays open.</remarks>
    public override ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isOver, 1) == 0)
        {
            _socket.Dispose();
            _closed(this);
            // Not where it was taken: whoever takes may be cancelling it at this moment.
            _taken.Dispose();
        }

        return ValueTask.CompletedTask;
    }

    private static AcceptedFlow Accept(Socket accepted)
    {
        try
        {
            accepted.NoDelay = true;
            var caller = (IPEndPoint)accepted.RemoteEndPoint!;
            if (caller.Address.IsIPv4MappedToIPv6)
                caller = new IPEndPoint(caller.Address.MapToIPv4(), caller.Port);
            return new(new SocketDuplexStream(accepted), caller);
        }
        catch
        {
            // Reset before it could be set up.
            accepted.Dispose();
            throw;
        }
    }
}
