using System.Net;

using Telelaunch.Net;

namespace Telelaunch.Mux;

/// <summary>What the agent's end of a carrier gives to the client.</summary>
/// <param name="Dial">Opens a connection from the pod.</param>
/// <param name="Resolver">Looks names up in the pod.</param>
/// <param name="Describe">Tells of the pod; called once a carrier.</param>
/// <param name="Listen">Listens in the pod.</param>
/// <param name="ReadEnvironment">The environment of the agent's container, entries each ended by NUL, the same at each call.</param>
public sealed record PodServices(Dialer Dial, IPodResolver Resolver, Func<PodDescription> Describe, Listen Listen, Func<ReadOnlyMemory<byte>> ReadEnvironment);

/// <summary>Listens on an address of the pod; the unspecified address means all of a family, port 0 any.</summary>
/// <remarks>An expected ending is a value: it throws only for cancellation.</remarks>
public delegate ValueTask<ListenResult> Listen(IPEndPoint podEndPoint, CancellationToken cancellationToken);

/// <summary>How listening began: a listener, or the errno that bind(2) or listen(2) gave.</summary>
public readonly record struct ListenResult
{
    private ListenResult(FlowListener? listener, int errno)
    {
        Listener = listener;
        Errno = errno;
    }

    /// <summary>Owned by the caller; null on failure.</summary>
    public FlowListener? Listener { get; }

    /// <summary>0, or the Linux errno of the failure.</summary>
    public int Errno { get; }

    public static ListenResult Listening(FlowListener listener) => new(listener, 0);

    public static ListenResult Failed(int errno)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(errno, 0);
        return new(null, errno);
    }
}

/// <summary>Accepts connections that come to the pod.</summary>
public abstract class FlowListener : IAsyncDisposable
{
    /// <summary>The address it is bound to.</summary>
    public abstract IPEndPoint PodEndPoint { get; }

    /// <summary>Waits for the next connection.</summary>
    /// <exception cref="IOException">The listener can't go on.</exception>
    public abstract ValueTask<AcceptedFlow> AcceptAsync(CancellationToken cancellationToken);

    /// <summary>Stops listening; what was accepted goes on.</summary>
    public abstract ValueTask DisposeAsync();
}

/// <summary>A connection that came to the pod.</summary>
/// <param name="Stream">Owned by whoever accepted it.</param>
/// <param name="Caller">The caller's address as the pod sees it.</param>
public readonly record struct AcceptedFlow(DuplexStream Stream, IPEndPoint Caller);
