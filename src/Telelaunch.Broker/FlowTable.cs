namespace Telelaunch.Broker;

/// <summary>The flows by the SO_COOKIE of the application's socket.</summary>
/// <remarks>
/// A flow is here from its DIAL until its relay has ended: after that getpeername(2) is ENOTCONN in the kernel already. A failed one stays until its errno was
/// asked for; those that nobody asks for are bounded, the oldest goes first.
/// </remarks>
internal sealed class FlowTable
{
    internal const int MaximumUnaskedFailures = 8192;

    private readonly Lock _lock = new();
    private readonly Dictionary<ulong, AppFlow> _flows = [];
    private readonly Queue<AppFlow> _failures = new();

    internal int Count
    {
        get
        {
            lock (_lock)
                return _flows.Count;
        }
    }

    /// <summary>False when this socket is already dialling the same destination: a connect(2) that was repeated.</summary>
    internal bool TryBegin(AppFlow flow)
    {
        lock (_lock)
        {
            if (_flows.TryGetValue(flow.Cookie, out AppFlow? earlier) && earlier.Pending)
            {
                if (earlier.Destination.Equals(flow.Destination))
                    return false;
                earlier.Supersede();
            }

            _flows[flow.Cookie] = flow;
            return true;
        }
    }

    internal AppFlow? Find(ulong cookie)
    {
        lock (_lock)
            return _flows.GetValueOrDefault(cookie);
    }

    /// <summary>The dial is over. To be called before the application can notice, because it may connect again at once.</summary>
    internal void EndDial(AppFlow flow, int errno)
    {
        lock (_lock)
        {
            flow.Pending = false;
            if (errno == 0)
                return;
            flow.Fail(errno);
            _failures.Enqueue(flow);
            if (_failures.Count > MaximumUnaskedFailures)
                RemoveExactly(_failures.Dequeue());
        }
    }

    internal void Remove(AppFlow flow)
    {
        lock (_lock)
            RemoveExactly(flow);
    }

    private void RemoveExactly(AppFlow flow)
    {
        if (_flows.TryGetValue(flow.Cookie, out AppFlow? current) && ReferenceEquals(current, flow))
            _flows.Remove(flow.Cookie);
    }
}
