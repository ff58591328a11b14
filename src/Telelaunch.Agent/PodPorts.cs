using System.Net;
using System.Net.Sockets;

using Telelaunch.Mux;
using Telelaunch.Net;

namespace Telelaunch.Agent;

/// <summary>The ports of the pod that are listened on for the client, over all its carriers.</summary>
/// <remarks>
/// The agent has one client. When that comes back over a new carrier before the old one is known to be dead, which takes up to 15 s, it asks for the same
/// ports again: the newer request takes the port over.
/// </remarks>
internal sealed class PodPorts
{
    private readonly Lock _gate = new();
    private readonly Dictionary<IPEndPoint, PodListener> _open = [];

    /// <summary>Binds and listens; failures are the errno of bind(2) and listen(2). <c>[::]</c> is every address of the pod, IPv4 too.</summary>
    public ValueTask<ListenResult> ListenAsync(IPEndPoint podEndPoint, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_gate)
        {
            try
            {
                // Handed on as it is, so that callers are refused at no moment.
                Socket? held = _open.Remove(podEndPoint, out PodListener? earlier) ? earlier.TakeSocket() : null;
                var listener = new PodListener(held ?? Bind(podEndPoint), closed => Forget(podEndPoint, closed));
                // With port 0 each is another port.
                if (podEndPoint.Port != 0)
                    _open[podEndPoint] = listener;
                return ValueTask.FromResult(ListenResult.Listening(listener));
            }
            catch (SocketException error)
            {
                return ValueTask.FromResult(ListenResult.Failed(Errno.Of(error)));
            }
        }
    }

    private static Socket Bind(IPEndPoint podEndPoint)
    {
        if (!podEndPoint.Address.Equals(IPAddress.IPv6Any))
            return PodListener.Bind(podEndPoint);
        try
        {
            return PodListener.Bind(podEndPoint);
        }
        catch (SocketException error) when (error.SocketErrorCode is SocketError.AddressFamilyNotSupported or SocketError.AddressNotAvailable)
        {
            // A node without IPv6.
            return PodListener.Bind(new IPEndPoint(IPAddress.Any, podEndPoint.Port));
        }
    }

    private void Forget(IPEndPoint podEndPoint, PodListener closed)
    {
        lock (_gate)
        {
            if (_open.TryGetValue(podEndPoint, out PodListener? current) && ReferenceEquals(current, closed))
                _open.Remove(podEndPoint);
        }
    }
}
