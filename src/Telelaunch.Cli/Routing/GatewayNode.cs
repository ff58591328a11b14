using System.Net;
using Telelaunch.Cluster;
using Telelaunch.Net;
using Telelaunch.Routing.Links;

namespace Telelaunch.Cli.Routing;

/// <summary>The node that forwards this machine's packets.</summary>
internal sealed record GatewayNode(string Name, IPAddress Address)
{
    /// <summary>The node that was asked for, or the first ready one that is on a network of this machine.</summary>
    /// <param name="wanted">Name or address; null: any.</param>
    /// <exception cref="HostException"><c>node-not-reachable</c>: none is.</exception>
    /// <exception cref="ClusterException"><c>node-not-found</c>; <c>forbidden</c>, where an address has to be given.</exception>
    public static async Task<GatewayNode> FindAsync(ClusterConnection connection, string? wanted, CancellationToken cancellationToken)
    {
        using var routes = HostRouteTable.Open();
        if (IPAddress.TryParse(wanted, out var given)) return IsOnLink(routes, given) ? new(wanted!, given) : throw NotReachable(wanted!);

        var nodes = await ListAsync(connection, cancellationToken);
        if (wanted is not null && nodes.All(node => node.Name != wanted))
            throw new ClusterException("node-not-found", $"The cluster has no node {wanted}.", $"Its nodes: {string.Join(", ", nodes.Select(node => node.Name))}.");
        foreach (var node in nodes.Where(node => wanted is null ? node.IsReady : node.Name == wanted))
        {
            if (node.Addresses.FirstOrDefault(address => IsOnLink(routes, address)) is { } address) return new(node.Name, address);
        }
        throw NotReachable(wanted ?? string.Join(", ", nodes.Select(node => $"{node.Name} ({string.Join(", ", node.Addresses)})")));
    }

    public override string ToString() => Name == Address.ToString() ? Name : $"{Name} ({Address})";

    // Only a neighbour can be a gateway.
    private static bool IsOnLink(HostRouteTable routes, IPAddress address) => routes.RouteTo(address) is { Type: RouteType.Unicast, Gateway: null };

    private static async Task<IReadOnlyList<ClusterNode>> ListAsync(ClusterConnection connection, CancellationToken cancellationToken)
    {
        try
        {
            return await ClusterNode.ListAsync(connection, cancellationToken);
        }
        catch (ClusterException error) when (error.Code == "forbidden")
        {
            throw new ClusterException(error.Code, error.Message, "Name the node's address: --node IP (kubectl get nodes -o wide shows it to whoever may see nodes). Or use --vpn-tcp.", error);
        }
    }

    private static HostException NotReachable(string who) => new(
        "node-not-reachable",
        $"No node is on a network of this machine: {who}.",
        "--method route is for clusters whose node is a neighbour (minikube, kind, a machine in the same network); use --vpn-tcp for all others.");
}
