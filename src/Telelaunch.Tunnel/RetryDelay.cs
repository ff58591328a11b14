namespace Telelaunch.Tunnel;

/// <summary>How long to wait before the next attempt: doubled each time, with up to a fifth less so that carriers don't march in step.</summary>
internal sealed class RetryDelay
{
    private readonly TimeSpan _first;
    private readonly TimeSpan _longest;
    private TimeSpan _next;

    public RetryDelay(TimeSpan first, TimeSpan longest)
    {
        _first = first;
        _longest = longest;
        _next = first;
    }

    public TimeSpan Next()
    {
        TimeSpan delay = _next;
        _next = _next * 2 < _longest ? _next * 2 : _longest;
        return delay * (1 - (Random.Shared.NextDouble() * 0.2));
    }

    /// <summary>Waits for <see cref="Next"/>, but no longer than for the first delay once <paramref name="wanted"/> has ended.</summary>
    /// <param name="wanted">Ends when somebody waits for the outcome.</param>
    public async Task WaitAsync(TimeSpan atMost, Task wanted, TimeProvider time, CancellationToken cancellationToken)
    {
        TimeSpan delay = Next();
        if (atMost != Timeout.InfiniteTimeSpan && atMost < delay)
            delay = atMost;
        TimeSpan least = delay < _first ? delay : _first;
        await Task.Delay(least, time, cancellationToken);
        if (delay == least)
            return;

        using var done = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(Task.Delay(delay - least, time, done.Token), wanted.WaitAsync(done.Token));
        await done.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
    }

    public void Reset() => _next = _first;
}
