namespace Telelaunch.Broker.Managed;

/// <summary>One request of HttpClient in a .NET application. With the flow that carried it it has the process and the destination in common.</summary>
/// <param name="Time">When the application asked for it.</param>
/// <param name="Duration">To the response's headers, or to the content's end where the application asked for it at once; null: not known.</param>
/// <param name="Uri">Without the query, which isn't told.</param>
/// <param name="Version">Of HTTP; empty where it wasn't sent.</param>
/// <param name="Status">-1 where there was no response.</param>
/// <param name="Error">Why not; empty otherwise.</param>
/// <param name="Destination">The address that its connection was asked for, as a flow's; empty where none was seen.</param>
/// <param name="Phases">What its connection took to come about; nothing for one that was there already.</param>
/// <param name="Frame">The application's code that asked for it; empty where it isn't known.</param>
public sealed record RequestRecord(
    DateTimeOffset Time,
    ManagedProcess Process,
    TimeSpan? Duration,
    string Uri,
    string Version,
    int Status,
    string Error,
    string Destination,
    ConnectionPhases Phases,
    string Frame) : BrokerRecord(Time);

/// <summary>A .NET application's process.</summary>
/// <param name="Id">0 where it isn't visible.</param>
/// <param name="Name">comm of /proc, or empty.</param>
public readonly record struct ManagedProcess(int Id, string Name);

/// <summary>What a connection of HttpClient took to come about; null for what there was none of.</summary>
public readonly record struct ConnectionPhases(TimeSpan? Lookup, TimeSpan? Connect, TimeSpan? Handshake);
