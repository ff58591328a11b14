using System.Net;
using k8s;
using Telelaunch.Net;

namespace Telelaunch.Cluster;

/// <summary>A node, as far as one must know it to send packets by it.</summary>
/// <param name="Addresses">Its internal addresses, then its external ones.</param>
public sealed record ClusterNode(string Name, bool IsReady, IReadOnlyList<IPAddress> Addresses)
{
    /// <summary>All nodes, ready ones first.</summary>
    /// <exception cref="ClusterException"><c>forbidden</c>: nodes are the whole cluster's, so a Role of a namespace doesn't do.</exception>
    public static async Task<IReadOnlyList<ClusterNode>> ListAsync(ClusterConnection connection, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        var nodes = await connection.CallAsync(
            new ApiCall("list", "nodes", null),
            (client, token) => client.CoreV1.ListNodeAsync(cancellationToken: token),
            cancellationToken);
        return [.. nodes.Items
            .Select(node => new ClusterNode(
                node.Metadata.Name,
                node.Status?.Conditions?.Any(condition => condition is { Type: "Ready", Status: "True" }) == true,
                [.. AddressesOf(node, "InternalIP"), .. AddressesOf(node, "ExternalIP")]))
            .OrderByDescending(node => node.IsReady)
            .ThenBy(node => node.Name, StringComparer.Ordinal)];
    }

    private static IEnumerable<IPAddress> AddressesOf(k8s.Models.V1Node node, string type)
    {
        foreach (var address in node.Status?.Addresses ?? [])
        {
            if (address.Type == type && IPAddress.TryParse(address.Address, out var parsed))
                yield return parsed;
        }
    }
}
