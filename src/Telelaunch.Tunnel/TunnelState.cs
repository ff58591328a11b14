using Telelaunch.Net;

namespace Telelaunch.Tunnel;

/// <summary>Whether the cluster can be reached.</summary>
public enum TunnelState
{
    /// <summary>The first carrier is being opened.</summary>
    Connecting,

    /// <summary>At least one carrier works.</summary>
    Up,

    /// <summary>No carrier works; it is tried again, dials and lookups wait.</summary>
    Down,

    /// <summary>Given up for good; every dial fails.</summary>
    Lost,
}

/// <summary>The tunnel's state from a moment on.</summary>
/// <param name="Reason">Why it isn't up; null while it is, or was never lost.</param>
/// <param name="Since">When that began.</param>
public sealed record TunnelStateChange(TunnelState State, TunnelException? Reason, DateTimeOffset Since);

/// <summary>A step of opening the first carrier.</summary>
public enum TunnelStep
{
    /// <summary>The API server opened the port-forward.</summary>
    ForwardOpened,

    /// <summary>sshd let the session in; not with <see cref="CarrierKind.Direct"/>.</summary>
    SshSession,

    /// <summary>Agent and client have proved the secret to each other, and the pod is described.</summary>
    MuxUp,
}

/// <summary>A step that is done, and how long it took.</summary>
public readonly record struct TunnelPhase(TunnelStep Step, TimeSpan Elapsed);
