using Telelaunch.Net;

namespace Telelaunch.Broker;

/// <summary>Which addresses go to the cluster, and what was left out of them.</summary>
/// <param name="Overlaps">Found ranges that overlap a route of this machine: there only addresses that names lead to are followed.</param>
public sealed record CaughtRanges(AddressRanges Ranges, IReadOnlyList<RangeOverlap> Overlaps)
{
    /// <summary>Found ranges without those that overlap a route of this machine, and all that the user named.</summary>
    public static CaughtRanges Choose(IReadOnlyList<AddressRange> found, IReadOnlyList<AddressRange> alsoProxy, IReadOnlyList<AddressRange> neverProxy, IReadOnlyList<NamedRange> hostRoutes)
    {
        ArgumentNullException.ThrowIfNull(found);
        IReadOnlyList<RangeOverlap> overlaps = AddressRanges.Create(found, []).FindOverlaps(hostRoutes);
        var dropped = overlaps.Select(overlap => overlap.Cluster).ToHashSet();
        return new(AddressRanges.Create(found.Where(range => !dropped.Contains(range)).Concat(alsoProxy), neverProxy), overlaps);
    }
}
