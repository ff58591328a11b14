using System.Collections.Concurrent;
using System.Threading.Channels;

namespace Telelaunch.Tunnel.Tests;

/// <summary>The changes of a tunnel's state, from now on.</summary>
internal sealed class StateLog
{
    private readonly Channel<TunnelStateChange> _changes = Channel.CreateUnbounded<TunnelStateChange>();
    private readonly ConcurrentQueue<TunnelStateChange> _seen = [];

    public StateLog(Tunnel tunnel) => tunnel.StateChanged += (_, change) =>
    {
        _seen.Enqueue(change);
        _changes.Writer.TryWrite(change);
    };

    public IReadOnlyCollection<TunnelStateChange> Seen => _seen;

    public async Task<TunnelStateChange> WaitForAsync(TunnelState state, CancellationToken cancellationToken)
    {
        while (true)
        {
            TunnelStateChange change = await _changes.Reader.ReadAsync(cancellationToken);
            if (change.State == state)
                return change;
        }
    }
}
