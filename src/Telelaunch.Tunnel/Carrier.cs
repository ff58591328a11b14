using Telelaunch.Mux;
using Telelaunch.Net;

namespace Telelaunch.Tunnel;

/// <summary>A carrier that works, until it doesn't.</summary>
/// <param name="mux">Owns <paramref name="stream"/>.</param>
internal sealed class Carrier(MuxClient mux, CarrierStream stream) : IAsyncDisposable
{
    public MuxClient Mux => mux;

    /// <summary>Whether new flows may be opened on it.</summary>
    public bool TakesFlows => !mux.HasEnded && mux.GoAwayReason is null;

    /// <summary>Waits until it has ended.</summary>
    /// <returns>Why: what the stream was told, else what the mux saw.</returns>
    public async Task<TunnelException> WaitForEndAsync()
    {
        CarrierEnd end = await mux.Completion;
        return end.Kind switch
        {
            CarrierEndKind.GoAway => TunnelFault.AgentLeft(end.Detail),
            CarrierEndKind.Dead => TunnelFault.CarrierDead(end.Detail),
            CarrierEndKind.ProtocolError => TunnelFault.CarrierBroken(end.Detail),
            CarrierEndKind.Closed => TunnelFault.CarrierClosed(),
            _ => stream.Failure ?? TunnelFault.CarrierLost(end.Detail),
        };
    }

    public ValueTask DisposeAsync() => mux.DisposeAsync();
}
