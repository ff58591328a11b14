namespace Telelaunch.Mux;

/// <summary>What may differ between the two ends of a carrier, and in tests.</summary>
public sealed record MuxOptions
{
    /// <summary>Where time comes from.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>The handshake must be over by then.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>PING is sent when nothing was received for so long, and again after as much more.</summary>
    public TimeSpan PingAfter { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The carrier is dead when nothing was received for so long.</summary>
    public TimeSpan DeadAfter { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>A flow's receive window may grow to this many bytes.</summary>
    public int MaxWindow { get; init; } = 16 * 1024 * 1024;

    /// <summary>Bytes by which all windows of the carrier together may exceed their initial size of 64 KiB.</summary>
    public long WindowBudget { get; init; } = 64 * 1024 * 1024;

    /// <summary>Flows that the peer may have open at once, lookups included; one more closes the carrier.</summary>
    public int MaxFlows { get; init; } = 16_384;

    /// <summary>Told of a defect at the root of one flow, for the log; that flow is reset, the others go on.</summary>
    public Action<Exception>? FlowFault { get; init; }
}
