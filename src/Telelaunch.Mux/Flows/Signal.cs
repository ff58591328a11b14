using System.Threading.Tasks.Sources;

namespace Telelaunch.Mux.Flows;

/// <summary>One wait at a time, without an allocation for each: starts, then is completed once, or cancelled.</summary>
/// <remarks>
/// <para>Every member but the awaiter's and <see cref="Continue"/> runs under the owner's lock. Continuations run on the pool, never inside that lock.</para>
/// <para>Bulk data would pay for that with a change of threads for every piece: <see cref="Take"/> and <see cref="Continue"/> end a wait on the
/// thread that has the data, once it has left the lock.</para>
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
        _core.RunContinuationsAsynchronously = true;
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

    /// <summary>Ends the wait without telling yet.</summary>
    /// <returns>Whether somebody waits: then <see cref="Continue"/> has to follow, outside the lock.</returns>
    public bool Take()
    {
        bool pending = Pending;
        Pending = false;
        return pending;
    }

    /// <summary>Runs what waited, here and now. It must not block.</summary>
    public void Continue(T result)
    {
        _core.RunContinuationsAsynchronously = false;
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
