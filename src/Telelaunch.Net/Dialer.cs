using System.Net;

namespace Telelaunch.Net;

/// <summary>Opens a flow to an address as the pod sees it. Every way of catching traffic ends here; every way into the cluster implements it.</summary>
/// <remarks>An expected ending is a value: it throws only for cancellation.</remarks>
public delegate ValueTask<DialResult> Dialer(IPEndPoint destination, CancellationToken cancellationToken);

/// <summary>How a dial ended: a connected stream, or the errno that connect(2) would have given inside the pod.</summary>
public readonly record struct DialResult
{
    private DialResult(DuplexStream? stream, int errno, IPEndPoint? podEndPoint)
    {
        Stream = stream;
        Errno = errno;
        PodEndPoint = podEndPoint;
    }

    /// <summary>The connected flow, owned by the caller; null when the dial failed.</summary>
    public DuplexStream? Stream { get; }

    /// <summary>0, or the Linux errno of the failure.</summary>
    public int Errno { get; }

    /// <summary>The local address of the pod's socket where known.</summary>
    public IPEndPoint? PodEndPoint { get; }

    public static DialResult Connected(DuplexStream stream, IPEndPoint? podEndPoint = null) => new(stream, 0, podEndPoint);

    public static DialResult Failed(int errno)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(errno, 0);
        return new(null, errno, null);
    }
}
