using System.Threading.Tasks.Sources;

namespace Telelaunch.Mux.Flows;

/// <summary>One wait at a time, without an allocation for each: starts, then is completed once, or cancelled.</summary>
/// <remarks>
/// Every member but the awaiter's runs under the owner's lock. Continuations run on the pool, never inside that lock.
/// </remarks>
internal sealed class Signal<T> : IValueTaskSource<T>, IValueTaskSource
{
    private readonly Lock _gate;
    private readonly Action _withdrawn;
    private ManualResetValueTaskSourceCore<T> _core = new() { RunContinuationsAsynchronously = true };
    private CancellationTokenRegistration _cancellation;
    private CancellationToken _cancellationToken;

    /// <param name="gate">The owner's lock.</param>
    /// <param name="withdrawn">Called under the lock when a wait is cancelled: its buffer belongs to the caller again.</param>
    public Signal(Lock gate, Action withdrawn)
    {
        _gate = gate;
        _withdrawn = withdrawn;
    }

    /// <summary>Whether somebody waits.</summary>
    public bool Pending { get; private set; }

    public short Start(CancellationToken cancellationToken)
    {
        _core.Reset();
        Pending = true;
        _cancellationToken = cancellationToken;
        // Registered inside the lock: a completion, which needs the lock, finds the registration in place.
        if (cancellationToken.CanBeCanceled)
            _cancellation = cancellationToken.UnsafeRegister(static state => ((Signal<T>)state!).Cancel(), this);
        return _core.Version;
    }

    public ValueTask<T> AsValueTask(short version) => new(this, version);

    public ValueTask AsVoidValueTask(short version) => new(this, version);

    public void Complete(T result)
    {
        if (!Pending)
            return;
        Pending = false;
        _core.SetResult(result);
    }

    public void Fail(Exception error)
    {
        if (!Pending)
            return;
        Pending = false;
        _core.SetException(error);
    }

    public T GetResult(short token)
    {
        // Waits for a Cancel() that runs right now, so that it can't hit the next wait.
        _cancellation.Dispose();
        _cancellation = default;
        return _core.GetResult(token);
    }

    void IValueTaskSource.GetResult(short token) => GetResult(token);

    public ValueTaskSourceStatus GetStatus(short token) => _core.GetStatus(token);

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
        => _core.OnCompleted(continuation, state, token, flags);

    private void Cancel()
    {
        lock (_gate)
        {
            if (!Pending)
                return;
            _withdrawn();
            Fail(new OperationCanceledException(_cancellationToken));
        }
    }
}
