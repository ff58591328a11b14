using Microsoft.Extensions.Time.Testing;

namespace Telelaunch.Tunnel.Tests;

public class RetryDelayTests
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(1);
    private readonly FakeTimeProvider _time = new();
    private readonly RetryDelay _delay = new(First, TimeSpan.FromSeconds(30));

    [Fact]
    public void Doubles_UpToTheLongest_AndBeginsAnewAfterReset()
    {
        foreach (int seconds in (int[])[1, 2, 4, 8, 16, 30, 30])
            Assert.InRange(_delay.Next(), TimeSpan.FromSeconds(seconds * 0.8), TimeSpan.FromSeconds(seconds));
        _delay.Reset();
        Assert.InRange(_delay.Next(), First * 0.8, First);
    }

    [Fact]
    public async Task NobodyWaits_WholeDelay()
    {
        Grow();
        Task wait = _delay.WaitAsync(Timeout.InfiniteTimeSpan, new TaskCompletionSource().Task, _time, CancellationToken.None);
        _time.Advance(First);
        _time.Advance(TimeSpan.FromSeconds(20));
        Assert.False(wait.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(10));
        await wait;
    }

    [Fact]
    public async Task SomebodyWaits_FirstDelayOnly()
    {
        Grow();
        Task wait = _delay.WaitAsync(Timeout.InfiniteTimeSpan, Task.CompletedTask, _time, CancellationToken.None);
        _time.Advance(First * 0.7);
        Assert.False(wait.IsCompleted);
        _time.Advance(First * 0.3);
        await wait;
    }

    [Fact]
    public async Task SomebodyBeginsToWait_OverAtOnce()
    {
        Grow();
        var wanted = new TaskCompletionSource();
        Task wait = _delay.WaitAsync(Timeout.InfiniteTimeSpan, wanted.Task, _time, CancellationToken.None);
        _time.Advance(First);
        Assert.False(wait.IsCompleted);
        wanted.SetResult();
        await wait;
    }

    [Fact]
    public async Task Bound_CutsTheDelay()
    {
        Grow();
        Task wait = _delay.WaitAsync(TimeSpan.FromSeconds(3), new TaskCompletionSource().Task, _time, CancellationToken.None);
        _time.Advance(First);
        _time.Advance(TimeSpan.FromSeconds(2));
        await wait;
    }

    [Fact]
    public async Task Cancelled_Throws()
    {
        Grow();
        using var cancelled = new CancellationTokenSource();
        Task wait = _delay.WaitAsync(Timeout.InfiniteTimeSpan, new TaskCompletionSource().Task, _time, cancelled.Token);
        _time.Advance(First);
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wait);
    }

    private void Grow()
    {
        // Without xunit's context what awaits the fake clock goes on inside Advance.
        SynchronizationContext.SetSynchronizationContext(null);
        for (int i = 0; i < 10; i++)
            _delay.Next();
    }
}
