namespace Telelaunch.Mux.Carriers;

/// <summary>Watches whether anything comes, asks by PING when nothing does, and says when the carrier is dead.</summary>
internal sealed class Liveness : IDisposable
{
    private readonly MuxOptions _options;
    private readonly CarrierReader _reader;
    private readonly Action _ping;
    private readonly Action _dead;
    private readonly Lock _gate = new();
    private readonly ITimer _timer;
    private TimeSpan _nextPing;

    /// <param name="ping">Sends PING.</param>
    /// <param name="dead">Called when nothing came for <see cref="MuxOptions.DeadAfter"/>; may be called again.</param>
    public Liveness(MuxOptions options, CarrierReader reader, Action ping, Action dead)
    {
        _options = options;
        _reader = reader;
        _ping = ping;
        _dead = dead;
        _nextPing = options.PingAfter;
        TimeSpan period = options.PingAfter / 5;
        _timer = options.TimeProvider.CreateTimer(static state => ((Liveness)state!).Check(), this, period, period);
    }

    public void Dispose() => _timer.Dispose();

    private void Check()
    {
        lock (_gate)
        {
            TimeSpan silence = _options.TimeProvider.GetElapsedTime(_reader.LastReceived);
            if (silence >= _options.DeadAfter)
            {
                _dead();
                return;
            }

            if (silence < _options.PingAfter)
            {
                _nextPing = _options.PingAfter;
                return;
            }

            if (silence < _nextPing)
                return;
            _nextPing = silence + _options.PingAfter;
            _ping();
        }
    }
}
