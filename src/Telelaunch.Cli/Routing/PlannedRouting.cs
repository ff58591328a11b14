using Telelaunch.Cli.Options;
using Telelaunch.Cluster;
using Telelaunch.Routing.Filter;
using Telelaunch.Routing.Helper;
using Telelaunch.Routing.Resolver;

namespace Telelaunch.Cli.Routing;

/// <summary>What <c>--vpn-tcp</c> or <c>--method route</c> would change of this machine, as commands that a person could give. Only read, never run.</summary>
/// <param name="Script">For <c>nft -f</c>; null where nothing is caught.</param>
/// <param name="Resolver">The set-up of name servers that was found.</param>
internal sealed record PlannedRouting(IReadOnlyList<string> Links, string? Script, string Resolver, IReadOnlyList<string> NameServers)
{
    // Listeners, queue and addresses are chosen at the start; these stand for them.
    private const ushort ExamplePort = 15001;
    private const ushort ExampleQueue = 21580;
    private const string ExampleAddress = "198.19.84.1";

    public static async Task<PlannedRouting> OfAsync(ClusterConnection connection, ClusterRanges found, TrafficOptions traffic, CancellationToken cancellationToken)
    {
        var kubeconfig = connection.Kubeconfig;
        var ranges = await MachineRanges.ChooseAsync(kubeconfig, found, traffic, cancellationToken);
        var names = await Cluster.ClusterNames.ReadAsync(connection, kubeconfig.Namespace, cancellationToken);
        var isRoute = traffic.Method == CatchMethod.Route;
        var node = isRoute ? await GatewayNode.FindAsync(connection, traffic.Node, cancellationToken) : null;
        var plan = ranges.Plan(isRoute ? RoutingMethod.Route : RoutingMethod.VpnTcp, node?.Address.ToString(), MachineNames.SearchDomainsOf(kubeconfig.Namespace), names, traffic.AlsoNames);
        using var resolver = HostResolverSearch.Find(new HostPaths(), TimeProvider.System);
        const string link = RoutingClient.LinkName;
        return new(
            [
                $"ip tuntap add {link} mode tun && ip link set {link} up && ip addr add {ExampleAddress}/32 dev {link}",
                .. ranges.Routed.Select(range => isRoute ? $"ip route add {range} via {node!.Address} proto 200" : $"ip route add local {range} dev {link} src {ExampleAddress} table local"),
            ],
            isRoute ? null : CatchScript.Write(new(ExamplePort, ExamplePort, ExampleQueue, ranges.Routed)),
            resolver.Name,
            resolver.Describe(new(plan.SearchDomains, plan.RoutingDomains), new(link, 0)));
    }
}
