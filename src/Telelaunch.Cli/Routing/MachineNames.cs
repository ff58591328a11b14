using System.Globalization;
using System.Net.Sockets;
using Telelaunch.Net;

namespace Telelaunch.Cli.Routing;

/// <summary>Which names are asked of the cluster where a resolver wants domains and can't be asked name by name.</summary>
internal static class MachineNames
{
    private const string DefaultClusterDomain = "cluster.local";

    /// <summary>What a pod of the namespace has as its search list, where no pod is there to be asked.</summary>
    public static IReadOnlyList<string> SearchDomainsOf(string podNamespace) =>
        [$"{podNamespace}.svc.{DefaultClusterDomain}", $"svc.{DefaultClusterDomain}", DefaultClusterDomain];

    /// <summary>The cluster's domain, <c>svc</c> and each namespace as a last label (<c>hello.default</c>), headless Services, named hosts, and the reverse zones of the ranges.</summary>
    /// <param name="podNamespace">Counts as known, also to a user who may not list namespaces.</param>
    public static IReadOnlyList<string> RoutingDomains(IReadOnlyList<string> searchDomains, Cluster.ClusterNames names, string podNamespace, IReadOnlyList<string> alsoProxy, IEnumerable<AddressRange> ranges)
    {
        var clusterDomain = searchDomains.FirstOrDefault(domain => domain.StartsWith("svc.", StringComparison.Ordinal))?["svc.".Length..] ?? DefaultClusterDomain;
        IEnumerable<string> all =
        [
            clusterDomain, "svc", podNamespace, .. names.Namespaces ?? [], .. names.HeadlessServices ?? [],
            .. alsoProxy.Select(name => name.TrimStart('*', '.')), .. ranges.SelectMany(ReverseZones),
        ];
        return [.. all.Select(domain => domain.ToLowerInvariant()).Distinct()];
    }

    /// <summary>The zones below which the range's PTR records are (RFC 1035 §3.5, RFC 3596 §2.5): one a label boundary, so a /12 has 16.</summary>
    public static IEnumerable<string> ReverseZones(AddressRange range)
    {
        var bytes = range.Network.GetAddressBytes();
        var isIPv4 = range.Network.AddressFamily == AddressFamily.InterNetwork;
        var bitsALabel = isIPv4 ? 8 : 4;
        var labels = Math.Max(1, (range.PrefixLength + bitsALabel - 1) / bitsALabel);
        var zones = 1 << ((labels * bitsALabel) - range.PrefixLength);
        for (var zone = 0; zone < zones; zone++)
        {
            var words = new string[labels];
            for (var label = 0; label < labels; label++)
            {
                var value = isIPv4 ? bytes[label] : (bytes[label / 2] >> (label % 2 == 0 ? 4 : 0)) & 0xf;
                if (label == labels - 1) value += zone;
                words[labels - 1 - label] = value.ToString(isIPv4 ? "d" : "x", CultureInfo.InvariantCulture);
            }
            yield return $"{string.Join('.', words)}.{(isIPv4 ? "in-addr" : "ip6")}.arpa";
        }
    }
}
