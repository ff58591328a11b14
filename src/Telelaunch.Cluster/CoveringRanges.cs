using System.Net;
using System.Net.Sockets;
using Telelaunch.Net;

namespace Telelaunch.Cluster;

/// <summary>Few ranges that hold many addresses.</summary>
internal static class CoveringRanges
{
    /// <summary>The narrowest range of each neighbourhood of addresses: never wider than a /16 of IPv4 or a /64 of IPv6, so that little else is caught.</summary>
    public static IReadOnlyList<AddressRange> Of(IEnumerable<IPAddress> addresses) =>
    [
        .. addresses
            .GroupBy(address => new AddressRange(address, address.AddressFamily == AddressFamily.InterNetworkV6 ? 64 : 16))
            .Select(group => group.Select(AddressRange.OfAddress).Aggregate(Cover))
            .OrderBy(range => range.ToString(), StringComparer.Ordinal),
    ];

    /// <summary>The same addresses in as few ranges as can be: halves become wholes, what another covers goes.</summary>
    public static IReadOnlyList<AddressRange> Merge(IEnumerable<AddressRange> ranges)
    {
        var left = new HashSet<AddressRange>();
        // The narrowest first: two halves make a wider one, which comes later.
        var queue = new PriorityQueue<AddressRange, int>(ranges.Distinct().Select(range => (range, -range.PrefixLength)));
        while (queue.TryDequeue(out var range, out _))
        {
            if (!left.Add(range) || range.PrefixLength == 0)
                continue;
            var whole = new AddressRange(range.Network, range.PrefixLength - 1);
            var sibling = left.FirstOrDefault(other => other != range && other.PrefixLength == range.PrefixLength && whole.Covers(other));
            if (sibling == default)
                continue;
            left.Remove(range);
            left.Remove(sibling);
            queue.Enqueue(whole, -whole.PrefixLength);
        }

        return [.. left.Where(range => !left.Any(other => other != range && other.Covers(range))).OrderBy(range => range.ToString(), StringComparer.Ordinal)];
    }

    /// <summary>The narrowest range that holds both.</summary>
    private static AddressRange Cover(AddressRange one, AddressRange other)
    {
        var whole = one;
        while (!whole.Covers(other))
            whole = new(whole.Network, whole.PrefixLength - 1);
        return whole;
    }
}
