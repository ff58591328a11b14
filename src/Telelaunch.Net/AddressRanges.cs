using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;

namespace Telelaunch.Net;

/// <summary>Where the addresses of a range lead. Numbers are those of the verdict table.</summary>
public enum RangeKind : byte
{
    /// <summary>Never to the cluster, though a wider range may say so (<c>--never-proxy</c>).</summary>
    Never = 0,

    Cluster = 1,
}

/// <summary>A range and where it leads.</summary>
public readonly record struct KindedRange(AddressRange Range, RangeKind Kind);

/// <summary>A range with whose it is: an interface, a VPN, a kind of address.</summary>
public readonly record struct NamedRange(string Name, AddressRange Range);

/// <summary>A cluster range that has addresses in common with something of this machine.</summary>
public readonly record struct RangeOverlap(AddressRange Cluster, NamedRange Host);

/// <summary>A set of ranges in which the longest prefix decides. Immutable.</summary>
public sealed class AddressRanges
{
    private readonly ImmutableArray<KindedRange> _ranges;

    private AddressRanges(ImmutableArray<KindedRange> ranges) => _ranges = ranges;

    /// <summary>No range: nothing goes to the cluster.</summary>
    public static AddressRanges Empty { get; } = new([]);

    /// <summary>Every range once, the longest prefix first.</summary>
    public ImmutableArray<KindedRange> All => _ranges;

    /// <summary>A set of both kinds; a range in both is a never-range.</summary>
    public static AddressRanges Create(IEnumerable<AddressRange> cluster, IEnumerable<AddressRange> never)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        ArgumentNullException.ThrowIfNull(never);
        var kinds = new Dictionary<AddressRange, RangeKind>();
        foreach (AddressRange range in cluster)
            kinds[range] = RangeKind.Cluster;
        foreach (AddressRange range in never)
            kinds[range] = RangeKind.Never;
        return new([.. kinds
            .Select(pair => new KindedRange(pair.Key, pair.Value))
            .OrderByDescending(entry => entry.Range.PrefixLength)
            .ThenBy(entry => entry.Range.ToString(), StringComparer.Ordinal)]);
    }

    /// <summary>What the longest matching range says; null where none matches.</summary>
    /// <remarks>Addresses for which <see cref="NeverLeavesHost"/> holds are <see cref="RangeKind.Never"/> whatever the set says.</remarks>
    public RangeKind? Judge(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        if (NeverLeavesHost(address))
            return RangeKind.Never;
        foreach (KindedRange entry in _ranges)
        {
            if (entry.Range.Contains(address))
                return entry.Kind;
        }

        return null;
    }

    /// <summary>Each pair of a cluster range and a range of <paramref name="host"/> that have addresses in common.</summary>
    public IReadOnlyList<RangeOverlap> FindOverlaps(IEnumerable<NamedRange> host)
    {
        ArgumentNullException.ThrowIfNull(host);
        return [.. from named in host
                   from entry in _ranges
                   where entry.Kind == RangeKind.Cluster && entry.Range.Overlaps(named.Range)
                   select new RangeOverlap(entry.Range, named)];
    }

    /// <summary>Loopback, unspecified, link-local, multicast, broadcast: these mean this machine or its link and never go to a cluster.</summary>
    public static bool NeverLeavesHost(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        IPAddress plain = AddressRange.Plain(address);
        if (plain.AddressFamily == AddressFamily.InterNetworkV6)
            return IPAddress.IsLoopback(plain) || plain.Equals(IPAddress.IPv6Any) || plain.IsIPv6LinkLocal || plain.IsIPv6Multicast;
        Span<byte> bytes = stackalloc byte[4];
        plain.TryWriteBytes(bytes, out _);
        return bytes[0] is 127 or (>= 224 and <= 239)
            || (bytes[0] == 169 && bytes[1] == 254)
            || plain.Equals(IPAddress.Any)
            || plain.Equals(IPAddress.Broadcast);
    }
}
