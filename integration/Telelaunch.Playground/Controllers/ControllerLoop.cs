using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Controllers;

/// <summary>Runs the controllers, one after the other, whenever something they care about has changed.</summary>
public sealed class ControllerLoop(ObjectStore store, IReadOnlyList<Controller> controllers, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    public async Task RunAsync(CancellationToken cancellation)
    {
        var due = controllers.ToDictionary(c => c, _ => DateTimeOffset.MinValue);
        while (true)
        {
            try
            {
                await FollowAsync(due, cancellation);
            }
            catch (StatusException late) when (late.Code == 410)
            {
                foreach (var controller in controllers)
                    due[controller] = DateTimeOffset.MinValue;
            }
        }
    }

    private async Task FollowAsync(Dictionary<Controller, DateTimeOffset> due, CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        await using var changes = store.WatchFromAsync(store.Version, stop.Token).GetAsyncEnumerator(stop.Token);
        var next = changes.MoveNextAsync().AsTask();
        try
        {
            while (true)
            {
                foreach (var controller in controllers.Where(c => due[c] <= time.GetUtcNow()))
                    due[controller] = Reconcile(controller) ?? DateTimeOffset.MaxValue;
                if (!next.IsCompleted)
                    await WaitAsync(next, due.Values.Min(), cancellation);
                while (next.IsCompleted)
                {
                    await next;
                    foreach (var controller in controllers.Where(c => c.Concerns(changes.Current)))
                        due[controller] = DateTimeOffset.MinValue;
                    next = changes.MoveNextAsync().AsTask();
                }
            }
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAny(next);
        }
    }

    private DateTimeOffset? Reconcile(Controller controller)
    {
        try
        {
            return controller.Reconcile();
        }
        catch (Exception e)
        {
            logger.LogError(e, "{Controller} failed; trying again", controller.GetType().Name);
            return time.GetUtcNow() + RetryAfter;
        }
    }

    private async Task WaitAsync(Task change, DateTimeOffset until, CancellationToken cancellation)
    {
        using var awake = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var now = time.GetUtcNow();
        var wait = until - now > TimeSpan.FromDays(1) ? Timeout.InfiniteTimeSpan : until > now ? until - now : TimeSpan.Zero;
        await Task.WhenAny(change, Task.Delay(wait, time, awake.Token));
        await awake.CancelAsync();
        cancellation.ThrowIfCancellationRequested();
    }
}
