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

    public void Reset() => _next = _first;
}
