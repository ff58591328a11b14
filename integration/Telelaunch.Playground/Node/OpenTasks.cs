using System.Collections.Concurrent;

namespace Telelaunch.Playground.Node;

/// <summary>Tasks that a loop has started, one for each client or pod; whoever owns the loop awaits them at its end.</summary>
internal sealed class OpenTasks
{
    private readonly ConcurrentDictionary<long, Task> _tasks = new();
    private long _next;

    /// <summary>How many run.</summary>
    public int Count => _tasks.Count;

    /// <summary>Starts and keeps a task. It ends by itself or by its own token, and handles its own errors.</summary>
    public void Run(Func<Task> start)
    {
        var key = Interlocked.Increment(ref _next);
        var task = start();
        if (task.IsCompletedSuccessfully)
            return;
        _tasks[key] = task;
        // One that failed stays, to be seen at the end.
        task.GetAwaiter().OnCompleted(() =>
        {
            if (task.IsCompletedSuccessfully)
                _tasks.TryRemove(key, out _);
        });
    }

    /// <summary>Completes once all have ended; call it when nothing starts new ones. Throws what a task threw: that is a bug.</summary>
    public Task WhenAllAsync() => Task.WhenAll(_tasks.Values);
}
