using System.Net;

namespace Telelaunch.Broker.Ports;

/// <summary>How an exposed port stands.</summary>
public enum PortState
{
    /// <summary>Nobody listens on this machine: the pod doesn't listen either, and its callers are refused.</summary>
    Unserved,

    /// <summary>Somebody listens on this machine, and the pod's port leads there.</summary>
    Served,

    /// <summary>Somebody listens on this machine, but the pod can't: <see cref="PortRecord.Errno"/> says why. Its callers get no further.</summary>
    PodRefused,

    /// <summary>The tunnel is down; the pod's port comes back with it.</summary>
    TunnelDown,
}

/// <summary>An exposed port and how it stands from this moment on.</summary>
/// <param name="HostEndPoint">Where callers are led on this machine; null while nobody listens.</param>
/// <param name="ProcessId">Who listens there; 0 where it isn't visible.</param>
/// <param name="ProcessName">comm of /proc, or empty.</param>
/// <param name="IsCommand">Whether that is the command or a child of it, as far as its shim has told.</param>
/// <param name="Errno">With <see cref="PortState.PodRefused"/>: what bind(2) or listen(2) gave in the pod.</param>
public sealed record PortRecord(
    DateTimeOffset Time,
    ExposedPort Port,
    PortState State,
    IPEndPoint? HostEndPoint,
    int ProcessId,
    string ProcessName,
    bool IsCommand,
    int Errno) : BrokerRecord(Time);

/// <summary>A connection that came to the pod from a caller in the cluster, told when it has ended.</summary>
/// <param name="Time">When it came.</param>
/// <param name="Caller">The caller's address as the pod saw it.</param>
/// <param name="HostEndPoint">Where it was led on this machine; null where nobody listened any more.</param>
/// <param name="Ending">The pod's side is the caller's.</param>
/// <param name="Errno">0, or why it failed.</param>
/// <param name="BytesIn">From the caller to the local process.</param>
/// <param name="BytesOut">From the local process to the caller.</param>
public sealed record CallerRecord(
    DateTimeOffset Time,
    IPEndPoint Caller,
    int PodPort,
    IPEndPoint? HostEndPoint,
    FlowEnding Ending,
    int Errno,
    long BytesIn,
    long BytesOut,
    TimeSpan Duration) : BrokerRecord(Time);
