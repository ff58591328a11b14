using Telelaunch.Net;

namespace Telelaunch.Cli.Session;

/// <summary>An overlap of a cluster range with a route of this machine, in words.</summary>
internal static class OverlapNote
{
    public static string Of(RangeOverlap overlap) =>
        $"the cluster's range {overlap.Cluster} overlaps {overlap.Host.Range} on {overlap.Host.Name}: only addresses that names lead to go to the cluster there; --also-proxy {overlap.Cluster} sends all of it";
}
