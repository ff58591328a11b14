using System.Text;
using Telelaunch.Cluster;
using Telelaunch.Net;
using Telelaunch.Routing.Helper;

namespace Telelaunch.Cli.Routing;

/// <summary>The one screen that tells a person what the whole machine has become part of, and how to get out again.</summary>
internal static class MachineScreen
{
    private const int NamesShown = 6;

    /// <param name="found">The cluster's ranges, each with how it was found.</param>
    /// <param name="ranges">What of them is routed.</param>
    /// <param name="way">How packets go: <c>through the tunnel</c>, <c>by the node …</c>.</param>
    public static string Of(Kubeconfig kubeconfig, ClusterRanges found, MachineRanges ranges, RoutingPlan plan, PreparedRouting prepared, string way)
    {
        var (caught, own) = (ranges.Caught, ranges.Own);
        var sources = found.Services.Concat(found.Pods).ToLookup(range => range.Range, range => range.Source);
        // What lies in no range of the cluster's wasn't to be routed anyway.
        var cluster = caught.Ranges.All.Where(range => range.Kind == RangeKind.Cluster).Select(range => range.Range).ToList();
        var never = caught.Ranges.All.Where(range => range.Kind == RangeKind.Never && cluster.Any(range.Range.Overlaps)).Select(range => $"{range.Range} ({(own.Ranges.Contains(range.Range) ? "the way to the API server" : "--never-proxy")})");
        var routed = cluster.Select(range => $"{range} ({sources[range].FirstOrDefault() ?? "--also-proxy"})");
        var overlapping = caught.Overlaps.Select(overlap => $"{overlap.Cluster} (overlaps {overlap.Host.Range} on {overlap.Host.Name}; addresses that names lead to are routed)").Distinct();
        var domains = plan.RoutingDomains.Where(domain => !domain.EndsWith(".arpa", StringComparison.Ordinal)).ToList();
        var name = plan.SearchDomains.Count > 0 ? $"SERVICE.{plan.SearchDomains[0]}" : "SERVICE";

        var text = new StringBuilder();
        text.Append($"telelaunch: this machine is in the cluster's network (context {kubeconfig.ContextName}, namespace {kubeconfig.Namespace}), {way}\n");
        Line("ranges", List(routed, "none: only addresses that names lead to"));
        Line("excluded", List(never.Concat(overlapping), "nothing"));
        Line("names", $"{string.Join(", ", domains.Take(NamesShown).Select(domain => "*." + domain))}{(domains.Count > NamesShown ? $" and {domains.Count - NamesShown} more" : "")}; short names as in {(plan.SearchDomains.Count > 0 ? plan.SearchDomains[0] : "the pod")}");
        Line("resolver", $"{prepared.Resolver}; all other names: {List(prepared.Upstreams, "as before")}");
        if (!prepared.HasIPv6) Line("IPv6", "not routed: it is switched off on this machine");
        Line("try", $"curl http://{name}/, or open it in a browser");
        Line("end", "Ctrl-C puts everything back; after a crash it goes back by itself (last resort: telelaunch restore --host)");
        return text.ToString();

        void Line(string word, string value) => text.Append($"  {word,-10}{value}\n");
    }

    private static string List(IEnumerable<string> items, string none) => string.Join(", ", items) is { Length: > 0 } list ? list : none;
}
