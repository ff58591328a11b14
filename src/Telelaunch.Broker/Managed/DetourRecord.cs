namespace Telelaunch.Broker.Managed;

/// <summary>How an application's code may go around the session.</summary>
internal enum DetourKind
{
    /// <summary>IPv6 is switched off in it (<c>System.Net.DisableIPv6</c>).</summary>
    IPv6Off,

    /// <summary>A connection for a host led somewhere else: through a proxy, or by a ConnectCallback.</summary>
    Elsewhere,
}

/// <summary>A detour as the application tells it; whether it matters is judged by what the cluster is.</summary>
/// <param name="Host">Whom the request was for.</param>
/// <param name="Went">Where its connection led.</param>
internal sealed record DetourRecord(DateTimeOffset Time, ManagedProcess Process, DetourKind Kind, string Host, string Went) : BrokerRecord(Time);
