using System.Net;
using System.Net.Sockets;

using Telelaunch.Mux;
using Telelaunch.Net;

namespace Telelaunch.Agent;

/// <summary>A TCP listener in the pod whose connections go to the client.</summary>
internal sealed class PodListener : FlowListener
{
    private const int Backlog = 512;

    private readonly Socket _socket;

    private PodListener(Socket socket)
    {
        _socket = socket;
        PodEndPoint = (IPEndPoint)socket.LocalEndPoint!;
    }

    /// <inheritdoc/>
    public override IPEndPoint PodEndPoint { get; }

    /// <summary>Binds and listens; failures are the errno of bind(2) and listen(2).</summary>
    public static ValueTask<ListenResult> ListenAsync(IPEndPoint podEndPoint, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Socket? socket = null;
        try
        {
            socket = new Socket(podEndPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            // As servers do: the port's last connections may still be in TIME_WAIT (socket(7)).
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            socket.Bind(podEndPoint);
            socket.Listen(Backlog);
            return ValueTask.FromResult(ListenResult.Listening(new PodListener(socket)));
        }
        catch (SocketException error)
        {
            socket?.Dispose();
            return ValueTask.FromResult(ListenResult.Failed(Errno.Of(error)));
        }
    }

    /// <inheritdoc/>
    public override async ValueTask<AcceptedFlow> AcceptAsync(CancellationToken cancellationToken)
    {
        Socket accepted = await _socket.AcceptAsync(cancellationToken);
        accepted.NoDelay = true;
        return new(new SocketDuplexStream(accepted), (IPEndPoint)accepted.RemoteEndPoint!);
    }

    /// <inheritdoc/>
    public override ValueTask DisposeAsync()
    {
        _socket.Dispose();
        return ValueTask.CompletedTask;
    }
}
