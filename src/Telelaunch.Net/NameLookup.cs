using System.Net;

namespace Telelaunch.Net;

/// <summary>Which addresses of a name are wanted.</summary>
[Flags]
public enum AddressFamilies
{
    None = 0,
    IPv4 = 1,
    IPv6 = 2,
    Both = IPv4 | IPv6,
}

/// <summary>How a lookup ended. Numbers travel on the wire (mux RESOLVED, control protocol).</summary>
public enum LookupStatus : byte
{
    /// <summary>There is an answer.</summary>
    Found = 0,

    /// <summary>The name does not exist (NXDOMAIN).</summary>
    NoName = 1,

    /// <summary>The name exists, without data of the wanted kind.</summary>
    NoData = 2,

    /// <summary>Nobody could say: server failure, time-out, or the tunnel is down.</summary>
    TryAgain = 3,
}

/// <summary>The pod's answer for a name: addresses in the pod's order.</summary>
/// <param name="CanonicalName">The name that the aliases lead to, without a trailing dot; null where unknown.</param>
/// <param name="TimeToLive">How long it may be cached, negative answers too (RFC 2308).</param>
public sealed record AddressLookup(LookupStatus Status, IReadOnlyList<IPAddress> Addresses, string? CanonicalName, TimeSpan TimeToLive)
{
    public static AddressLookup Failed(LookupStatus status, TimeSpan timeToLive = default) => new(status, [], null, timeToLive);
}

/// <summary>The pod's answer for an address (PTR, /etc/hosts): host names, best first.</summary>
public sealed record NameLookupResult(LookupStatus Status, IReadOnlyList<string> Names, TimeSpan TimeToLive);

/// <summary>Looks names up as a process in the pod would: its resolver, its search list, its /etc/hosts.</summary>
public interface IPodResolver
{
    /// <summary>All addresses of <paramref name="hostName"/>, search list applied as resolv.conf(5) says.</summary>
    ValueTask<AddressLookup> LookUpAddressesAsync(string hostName, AddressFamilies families, CancellationToken cancellationToken);

    /// <summary>The names of an address.</summary>
    ValueTask<NameLookupResult> LookUpNamesAsync(IPAddress address, CancellationToken cancellationToken);

    /// <summary>Sends a raw DNS query (RFC 1035 message) to the pod's name server; an empty result means that nobody could say.</summary>
    ValueTask<ReadOnlyMemory<byte>> QueryAsync(ReadOnlyMemory<byte> query, CancellationToken cancellationToken);
}

/// <summary>What the agent tells of its pod when a carrier opens.</summary>
/// <param name="HostName">The pod's host name.</param>
/// <param name="Addresses">The pod's own addresses, primary first.</param>
/// <param name="NameServers">nameserver lines of its /etc/resolv.conf.</param>
/// <param name="SearchDomains">search line, without trailing dots.</param>
/// <param name="Ndots">options ndots; 1 where absent.</param>
/// <param name="AgentVersion">Version of the agent program.</param>
public sealed record PodDescription(
    string HostName,
    IReadOnlyList<IPAddress> Addresses,
    IReadOnlyList<IPAddress> NameServers,
    IReadOnlyList<string> SearchDomains,
    int Ndots,
    string AgentVersion);
