using System.Threading.Tasks.Sources;

namespace Telelaunch.Net;

/// <summary>Turns writes that block into ones that don't: a thread of its own does them, one at a time.</summary>
/// <remarks>What continues a write runs on that thread, so that a writer who always has more never changes threads.</remarks>
public sealed class BlockingWriter : IValueTaskSource, IAsyncDisposable
{
    private readonly Action<ReadOnlyMemory<byte>> _write;
    // A monitor: the thread sleeps in it, and doesn't spin first.
    private readonly object _gate = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ManualResetValueTaskSourceCore<bool> _written;
    private ReadOnlyMemory<byte>? _pending;
    private bool _closed;

    /// <param name="write">Blocks until it is done with the bytes; throws what the writes shall throw.</param>
    public BlockingWriter(Action<ReadOnlyMemory<byte>> write)
    {
        _write = write;
        new Thread(Run) { IsBackground = true, Name = "blocking writes" }.Start();
    }

    /// <summary>Completes when the bytes may be reused. One at a time.</summary>
    public ValueTask WriteAsync(ReadOnlyMemory<byte> buffer)
    {
        lock (_gate)
        {
            if (_closed)
                return ValueTask.FromException(new ObjectDisposedException(nameof(BlockingWriter)));
            if (_pending is not null)
                throw new InvalidOperationException("A write is under way already.");
            _pending = buffer;
            _written.Reset();
            Monitor.Pulse(_gate);
            return new ValueTask(this, _written.Version);
        }
    }

    /// <summary>Waits for the write that is under way; whoever closes makes sure that it ends.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            if (_closed)
                return;
            _closed = true;
            Monitor.Pulse(_gate);
        }

        await _ended.Task;
    }

    void IValueTaskSource.GetResult(short token) => _written.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _written.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
        => _written.OnCompleted(continuation, state, token, flags);

    private void Run()
    {
        while (Wait() is { } pending)
        {
            Exception? failure = null;
            try
            {
                _write(pending);
            }
            catch (Exception error)
            {
                // Whoever wrote is told.
                failure = error;
            }

            lock (_gate)
                _pending = null;
            if (failure is null)
                _written.SetResult(true);
            else
                _written.SetException(failure);
        }

        _ended.SetResult();
    }

    /// <returns>null when it is closed and nothing is left to write.</returns>
    private ReadOnlyMemory<byte>? Wait()
    {
        lock (_gate)
        {
            while (_pending is null && !_closed)
                Monitor.Wait(_gate);
            return _pending;
        }
    }
}
