using System.Net;
using Telelaunch.Net;

namespace Telelaunch.Broker.Ports;

/// <summary>Dials for destinations on loopback, which shims send only where <c>--to-pod</c> lists the port: in the pod, at 127.0.0.1 and then at ::1.</summary>
/// <remarks>A server that asks for "localhost" may have bound either; the application has chosen by this machine's hosts file, which says nothing of the pod.</remarks>
internal sealed class PodLoopback(Dialer dialer)
{
    /// <summary>A <see cref="Dialer"/>. Everything that isn't loopback goes through as it is.</summary>
    public async ValueTask<DialResult> DialAsync(IPEndPoint destination, CancellationToken cancellationToken)
    {
        if (!IPAddress.IsLoopback(destination.Address))
            return await dialer(destination, cancellationToken);
        DialResult first = await dialer(new IPEndPoint(IPAddress.Loopback, destination.Port), cancellationToken);
        if (first.Errno != Errno.ECONNREFUSED)
            return first;
        DialResult second = await dialer(new IPEndPoint(IPAddress.IPv6Loopback, destination.Port), cancellationToken);
        // A pod without IPv6 says something about that, which the application didn't ask.
        return second.Stream is null ? first : second;
    }
}
