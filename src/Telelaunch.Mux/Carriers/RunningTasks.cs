using System.Collections.Concurrent;

namespace Telelaunch.Mux.Carriers;

/// <summary>Tasks that were started on a peer's request: counted, kept until they end, and awaited at the end.</summary>
internal sealed class RunningTasks
{
    private readonly ConcurrentDictionary<long, Task> _tasks = new();
    private long _lastKey;
    private int _count;

    public int Count => Volatile.Read(ref _count);

    /// <summary>Runs <paramref name="work"/> on the pool. It must not throw: whoever gives it handles its failures.</summary>
    public void Start(Func<Task> work)
    {
        Interlocked.Increment(ref _count);
        long key = Interlocked.Increment(ref _lastKey);
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _tasks[key] = RunAsync(started.Task, key, work);
        started.SetResult();
    }

    /// <summary>Waits until none is left, also of those that start meanwhile.</summary>
    public async Task WaitAsync()
    {
        while (!_tasks.IsEmpty)
            await Task.WhenAll(_tasks.Values);
    }

    private async Task RunAsync(Task started, long key, Func<Task> work)
    {
        await started;
        try
        {
            await work();
        }
        finally
        {
            _tasks.TryRemove(key, out _);
            Interlocked.Decrement(ref _count);
        }
    }
}
