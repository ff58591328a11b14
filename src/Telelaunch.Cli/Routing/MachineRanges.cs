using Telelaunch.Broker;
using Telelaunch.Cli.Options;
using Telelaunch.Cluster;
using Telelaunch.Net;
using Telelaunch.Net.Dns;
using Telelaunch.Routing.Helper;
using Telelaunch.Routing.Links;

namespace Telelaunch.Cli.Routing;

/// <summary>What of the cluster's ranges is routed for this machine, and whose it is.</summary>
/// <param name="Caught">The choice, with what overlaps.</param>
/// <param name="Own">The host that the session itself is carried by: never routed.</param>
/// <param name="Routed">The same as prefixes without any exception left.</param>
/// <param name="HostDomains">This machine's own search domains, as they were before.</param>
internal sealed record MachineRanges(Kubeconfig Kubeconfig, CaughtRanges Caught, OwnHost Own, IReadOnlyList<AddressRange> Routed, IReadOnlyList<string> HostDomains)
{
    /// <summary>Chooses them, before anything is changed.</summary>
    /// <exception cref="HostException">The API server's name has no address.</exception>
    public static async Task<MachineRanges> ChooseAsync(Kubeconfig kubeconfig, ClusterRanges found, TrafficOptions traffic, CancellationToken cancellationToken)
    {
        var own = await OwnHost.FindAsync(kubeconfig, cancellationToken);
        var caught = CaughtRanges.Choose(
            [.. found.Services.Concat(found.Pods).Select(range => range.Range).Distinct()],
            traffic.AlsoRanges,
            [.. traffic.NeverRanges, .. own.Ranges],
            ReadHostRoutes());
        return new(kubeconfig, caught, own, RangeSubtraction.Subtract(
            caught.Ranges.All.Where(range => range.Kind == RangeKind.Cluster).Select(range => range.Range),
            caught.Ranges.All.Where(range => range.Kind == RangeKind.Never).Select(range => range.Range)), ReadHostDomains());
    }

    /// <summary>This machine's routes of all its tables, so those of other VPNs too, as the ranges that they lead away.</summary>
    public static IReadOnlyList<NamedRange> ReadHostRoutes()
    {
        using var routes = HostRouteTable.Open();
        return [.. routes.Read()
            .Where(route => route.LeadsToANetwork)
            .Select(route => new NamedRange(route.Interface!, route.Range))
            .Distinct()];
    }

    /// <summary>What the helper is asked for.</summary>
    public RoutingPlan Plan(RoutingMethod method, string? gateway, IReadOnlyList<string> searchDomains, Cluster.ClusterNames names, IReadOnlyList<string> alsoNames) => new()
    {
        Method = method,
        Owner = $"{Environment.UserName}, context {Printable(Kubeconfig.ContextName)}, process {Environment.ProcessId}, since {DateTime.Now:yyyy-MM-dd HH:mm:ss}",
        Ranges = [.. Routed.Select(range => range.ToString())],
        Gateway = gateway,
        SearchDomains = searchDomains,
        RoutingDomains = MachineNames.RoutingDomains(searchDomains, names, Kubeconfig.Namespace, alsoNames, Routed),
    };

    private static IReadOnlyList<string> ReadHostDomains()
    {
        try
        {
            return ResolvConf.Parse(File.ReadAllText("/etc/resolv.conf")).SearchDomains;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static string Printable(string name) => new([.. name.Where(character => !char.IsControl(character)).Take(100)]);
}
