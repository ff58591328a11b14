namespace Telelaunch.Broker.Managed;

/// <summary>What a <see cref="PhaseRecord"/> tells of.</summary>
public enum PhaseKind
{
    Lookup,
    Connect,
    Handshake,
}

/// <summary>A lookup, a connect or a TLS handshake in a .NET application that no request of HttpClient asked for.</summary>
/// <param name="Time">When it began.</param>
/// <param name="Subject">The name, the destination as a flow's, or the host.</param>
/// <param name="Error">Empty where it went well.</param>
/// <param name="Frame">The application's code that asked for it; empty where it isn't known.</param>
public sealed record PhaseRecord(DateTimeOffset Time, ManagedProcess Process, PhaseKind Kind, TimeSpan? Duration, string Subject, string Error, string Frame) : BrokerRecord(Time);

/// <summary>An address that Kestrel listens on in a .NET application, as it tells it itself: <c>http://127.0.0.1:5000</c>.</summary>
public sealed record KestrelRecord(DateTimeOffset Time, ManagedProcess Process, string Address) : BrokerRecord(Time);

/// <summary>A .NET application that had more to tell than could be taken.</summary>
/// <param name="Count">Requests, lookups, connects and handshakes that are missing.</param>
public sealed record DroppedRecord(DateTimeOffset Time, ManagedProcess Process, long Count) : BrokerRecord(Time);
