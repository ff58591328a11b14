using System.Net;

using Telelaunch.Net;

namespace Telelaunch.Mux;

/// <summary>A listener in the pod whose connections come to this machine.</summary>
public sealed class MuxListener : IAsyncDisposable
{
    private readonly Action _stop;
    private readonly TaskCompletionSource<int> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal MuxListener(uint number, IPEndPoint podEndPoint, Dialer accept, Action stop)
    {
        Number = number;
        PodEndPoint = podEndPoint;
        Accept = accept;
        _stop = stop;
    }

    /// <summary>The address it is bound to in the pod.</summary>
    public IPEndPoint PodEndPoint { get; }

    /// <summary>Ends when the pod listens no more: 0 after <see cref="DisposeAsync"/>, else the errno (ECONNRESET: the carrier is lost).</summary>
    public Task<int> Completion => _completion.Task;

    internal uint Number { get; }

    internal Dialer Accept { get; }

    /// <summary>Stops listening; flows that came go on.</summary>
    public ValueTask DisposeAsync()
    {
        if (_completion.TrySetResult(0))
            _stop();
        return ValueTask.CompletedTask;
    }

    internal void OnEnd(int errno) => _completion.TrySetResult(errno);
}

/// <summary>How a LISTEN ended: a listener, or the errno that the pod gave.</summary>
/// <param name="Listener">Owned by the caller; null on failure.</param>
/// <param name="Errno">0, or the Linux errno of the failure.</param>
public readonly record struct MuxListenResult(MuxListener? Listener, int Errno);
