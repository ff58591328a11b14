using System.Net;
using Telelaunch.Net;

namespace Telelaunch.Broker;

/// <summary>Something that a person who traces wants to see. Never holds payload.</summary>
public abstract record BrokerRecord(DateTimeOffset Time);

/// <summary>How a flow ended.</summary>
public enum FlowEnding
{
    /// <summary>The pod's side could not connect: see <see cref="FlowRecord.Errno"/>.</summary>
    DialFailed,

    /// <summary>The application closed, or gave up, before the dial was over.</summary>
    AppGaveUp,

    /// <summary>Both directions ended by FIN, the application's first.</summary>
    AppFinished,

    /// <summary>Both directions ended by FIN, the pod's first.</summary>
    PodFinished,

    /// <summary>The application reset it.</summary>
    AppReset,

    /// <summary>The pod's side reset it, or the tunnel was lost.</summary>
    PodReset,

    /// <summary>The session ended.</summary>
    SessionEnded,
}

/// <summary>One connection of an application, told when it has ended.</summary>
/// <param name="Time">When the application asked for it.</param>
/// <param name="ProcessId">0 where the process isn't visible.</param>
/// <param name="ProcessName">comm of /proc, or empty.</param>
/// <param name="Destination">The address it asked for.</param>
/// <param name="Name">A name that a lookup gave this address for; null where none did.</param>
/// <param name="Errno">0, or why it failed.</param>
/// <param name="BytesUp">From the application to the pod.</param>
/// <param name="BytesDown">From the pod to the application.</param>
public sealed record FlowRecord(
    DateTimeOffset Time,
    int ProcessId,
    string ProcessName,
    IPEndPoint Destination,
    string? Name,
    FlowEnding Ending,
    int Errno,
    long BytesUp,
    long BytesDown,
    TimeSpan Duration) : BrokerRecord(Time);

/// <summary>Who a name is resolved by.</summary>
public enum NameDecision
{
    /// <summary>This machine's resolver; the pod isn't asked.</summary>
    Host,

    /// <summary>The pod: a name of the cluster's own, or one the user sent there.</summary>
    Cluster,

    /// <summary>The pod first; when it finds nothing of the cluster's, this machine's resolver.</summary>
    ClusterFirst,
}

/// <summary>One lookup of a name or of an address.</summary>
/// <param name="Answer">The addresses or names, or empty.</param>
/// <param name="Cached">Answered without asking the pod.</param>
public sealed record LookupRecord(
    DateTimeOffset Time,
    int ProcessId,
    string Name,
    NameDecision Decision,
    LookupStatus Status,
    IReadOnlyList<string> Answer,
    bool Cached,
    TimeSpan Duration) : BrokerRecord(Time);

/// <summary>Something about the session as a whole that must be said once: a loop, a technique that doesn't hold.</summary>
/// <param name="Code">Stable, kebab-case.</param>
public sealed record NoticeRecord(DateTimeOffset Time, string Code, string Cause, string Remedy) : BrokerRecord(Time);
