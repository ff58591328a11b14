namespace Telelaunch.Broker;

/// <summary>What the broker is told of the tunnel.</summary>
public enum TunnelState
{
    Up,

    /// <summary>Lost, and being brought back: the dialer and the resolver wait as long as they see fit.</summary>
    Reconnecting,

    /// <summary>Lost: names answer "try again" and dials ENETUNREACH without asking anybody.</summary>
    Down,
}
