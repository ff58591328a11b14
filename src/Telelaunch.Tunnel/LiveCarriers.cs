using Telelaunch.Net;

namespace Telelaunch.Tunnel;

/// <summary>The carriers that work at this moment, and what follows from them: the tunnel's state.</summary>
/// <remarks>
/// Thread-safe; every change of state is made here, under one lock.
/// <code>
/// Connecting ── first carrier ──► Up ── last carrier gone ──► Down ── a carrier ──► Up
///                                                             Down ── given up ──► Lost
/// </code>
/// </remarks>
internal sealed class LiveCarriers(TunnelOptions options, Action<TunnelStateChange> stateChanged)
{
    private readonly Lock _lock = new();
    private readonly TaskCompletionSource<TunnelException> _lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile Carrier[] _carriers = [];
    private volatile TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile TunnelStateChange _state = new(TunnelState.Connecting, null, options.Time.GetUtcNow());
    private TaskCompletionSource _wanted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _waiting;
    private long _downSince = options.Time.GetTimestamp();

    public TunnelStateChange State => _state;

    /// <summary>Ends when the tunnel is given up, with the reason.</summary>
    public Task<TunnelException> Lost => _lost.Task;

    /// <summary>Ends when somebody waits for a carrier, at once where somebody does.</summary>
    public Task Wanted
    {
        get
        {
            lock (_lock)
                return _wanted.Task;
        }
    }

    /// <summary>Flows of all carriers.</summary>
    public int OpenFlows => _carriers.Sum(carrier => carrier.Mux.OpenFlows);

    /// <summary>The least loaded carrier that takes flows; null while there is none.</summary>
    public Carrier? Pick()
    {
        Carrier? best = null;
        foreach (Carrier carrier in _carriers)
        {
            if (carrier.TakesFlows && (best is null || carrier.Mux.OpenFlows < best.Mux.OpenFlows))
                best = carrier;
        }

        return best;
    }

    /// <summary>Waits for a carrier that takes flows.</summary>
    /// <returns>null when the tunnel is lost, or <paramref name="bound"/> is over.</returns>
    public async ValueTask<Carrier?> WaitAsync(TimeSpan bound, CancellationToken cancellationToken)
    {
        BeginWaiting();
        try
        {
            return await WaitForChangesAsync(bound, cancellationToken);
        }
        finally
        {
            EndWaiting();
        }
    }

    /// <summary>Waits for a carrier that takes flows, however long, without making the tunnel hurry: nobody is held up.</summary>
    /// <returns>null when the tunnel is lost.</returns>
    public ValueTask<Carrier?> WaitAtEaseAsync(CancellationToken cancellationToken) => WaitForChangesAsync(Timeout.InfiniteTimeSpan, cancellationToken);

    public void Add(Carrier carrier)
    {
        lock (_lock)
        {
            _carriers = [.. _carriers, carrier];
            if (_state.State is TunnelState.Connecting or TunnelState.Down)
                Change(TunnelState.Up, null);
            else
                Wake();
        }
    }

    public void Remove(Carrier carrier, TunnelException reason)
    {
        lock (_lock)
        {
            _carriers = [.. _carriers.Where(c => c != carrier)];
            if (_carriers.Length > 0 || _state.State != TunnelState.Up)
                return;

            _downSince = options.Time.GetTimestamp();
            Change(TunnelState.Down, reason);
        }
    }

    /// <summary>Takes note of a failed attempt to open one more.</summary>
    /// <returns>How long there may be further attempts; zero when this was the last.</returns>
    public TimeSpan TakeFailure(TunnelException reason)
    {
        bool isPermanent = TunnelOptions.PermanentCodes.Contains(reason.Code);
        lock (_lock)
        {
            if (_state.State != TunnelState.Down)
                return isPermanent ? TimeSpan.Zero : Timeout.InfiniteTimeSpan;

            TimeSpan left = options.GiveUpAfter - options.Time.GetElapsedTime(_downSince);
            if (!isPermanent && left > TimeSpan.Zero)
                return left;

            GiveUp(reason);
            return TimeSpan.Zero;
        }
    }

    /// <summary>The end: nothing will be tried again.</summary>
    public void GiveUp(TunnelException reason)
    {
        lock (_lock)
        {
            if (_state.State == TunnelState.Lost)
                return;
            Change(TunnelState.Lost, reason);
            _lost.SetResult(reason);
        }
    }

    /// <summary>The owner closes the tunnel: whoever waits is told that it is over, and nobody is alarmed.</summary>
    public void Close()
    {
        lock (_lock)
        {
            if (_state.State == TunnelState.Lost)
                return;
            _state = new TunnelStateChange(TunnelState.Lost, TunnelFault.CarrierClosed(), options.Time.GetUtcNow());
            Wake();
        }
    }

    private async ValueTask<Carrier?> WaitForChangesAsync(TimeSpan bound, CancellationToken cancellationToken)
    {
        using var timer = new CancellationTokenSource(bound, options.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellationToken);
        while (true)
        {
            // Taken before looking, so that a change in between isn't missed.
            Task changed = _changed.Task;
            if (Pick() is Carrier carrier)
                return carrier;
            if (_state.State == TunnelState.Lost)
                return null;

            await changed.WaitAsync(either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellationToken.ThrowIfCancellationRequested();
            if (timer.IsCancellationRequested)
                return null;
        }
    }

    private void BeginWaiting()
    {
        lock (_lock)
        {
            _waiting++;
            _wanted.TrySetResult();
        }
    }

    private void EndWaiting()
    {
        lock (_lock)
        {
            if (--_waiting == 0)
                _wanted = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    private void Change(TunnelState state, TunnelException? reason)
    {
        _state = new TunnelStateChange(state, reason, options.Time.GetUtcNow());
        // Under the lock, so that listeners see changes in their order.
        stateChanged(_state);
        Wake();
    }

    private void Wake()
    {
        TaskCompletionSource changed = _changed;
        _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        changed.SetResult();
    }
}
