namespace Telelaunch.Impairment;

/// <summary>How the link is at this moment, for all its connections.</summary>
internal sealed class LinkConditions : IDisposable
{
    private readonly ManualResetEventSlim _carries = new(true);
    private long _oneWay;

    /// <summary>Delay of each direction, nanoseconds.</summary>
    public long OneWay
    {
        get => Volatile.Read(ref _oneWay);
        set => Volatile.Write(ref _oneWay, value);
    }

    public bool BlackHole
    {
        get => !_carries.IsSet;
        set
        {
            if (value)
                _carries.Reset();
            else
                _carries.Set();
        }
    }

    /// <summary>Returns when the link isn't a black hole.</summary>
    public void WaitUntilItCarries() => _carries.Wait();

    public void Dispose() => _carries.Dispose();
}
