using System.Collections.Concurrent;

namespace Telelaunch.Net;

/// <summary>Tasks that run until they are done by themselves; whoever owns this awaits them at the end.</summary>
public sealed class OpenTasks
{
    private readonly ConcurrentDictionary<long, Task> _tasks = new();
    private long _next;

    /// <summary>How many run now.</summary>
    public int Count => _tasks.Count;

    /// <summary>Starts and keeps a task. It handles its own failures: one that gets here is a bug and is thrown by <see cref="WhenAllAsync"/>.</summary>
    public void Run(Func<Task> start)
    {
        long key = Interlocked.Increment(ref _next);
        Task task = start();
        if (task.IsCompletedSuccessfully)
            return;
        _tasks[key] = task;
        // Faulted tasks stay, so that they are seen at the end.
        task.GetAwaiter().OnCompleted(() =>
        {
            if (task.IsCompletedSuccessfully)
                _tasks.TryRemove(key, out _);
        });
    }

    /// <summary>Completes once the tasks that run at this moment have ended; those that start meanwhile aren't waited for.</summary>
    public Task WhenPresentAsync() => Task.WhenAll(_tasks.Values);

    /// <summary>Completes once no task is left; call it when nothing starts new ones.</summary>
    public async Task WhenAllAsync()
    {
        while (!_tasks.IsEmpty)
        {
            Task[] tasks = [.. _tasks.Values];
            await Task.WhenAll(tasks);
            foreach ((long key, Task task) in _tasks)
            {
                if (task.IsCompleted)
                    _tasks.TryRemove(key, out _);
            }
        }
    }
}
