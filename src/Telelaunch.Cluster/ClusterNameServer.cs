using System.Net;
using k8s;
using Telelaunch.Net;

namespace Telelaunch.Cluster;

/// <summary>Where the cluster's own name server has its Service.</summary>
public static class ClusterNameServer
{
    // The label that CoreDNS, its predecessor kube-dns, and those who replace them carry, because the kubelet's set-up expects it.
    private const string Label = "k8s-app=kube-dns";
    private const string SystemNamespace = "kube-system";

    // By convention the tenth address of the range; kubeadm, kops, k3s and others take it.
    private const int ConventionalPlace = 10;

    /// <summary>The ClusterIPs of the Service; where it can't be read, the tenth address of each range.</summary>
    /// <returns>Empty where neither is known.</returns>
    /// <exception cref="ClusterException">The API server can't be reached, or fails; being forbidden is no failure.</exception>
    public static async Task<IReadOnlyList<IPAddress>> FindAsync(ClusterConnection connection, ClusterRanges ranges, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(ranges);
        try
        {
            var services = await connection.CallAsync(
                new ApiCall("list", "services", SystemNamespace),
                (client, token) => client.CoreV1.ListNamespacedServiceAsync(SystemNamespace, labelSelector: Label, cancellationToken: token),
                cancellationToken);
            List<IPAddress> found = [.. services.Items
                .SelectMany(service => service.Spec?.ClusterIPs ?? [service.Spec?.ClusterIP ?? ""])
                .Select(text => IPAddress.TryParse(text, out var address) ? address : null)
                .OfType<IPAddress>()];
            if (found.Count > 0)
                return found;
        }
        catch (ClusterException error) when (error.Code is "forbidden" or "namespace-not-found" or "api-not-found")
        {
            // Whoever has a namespace's rights only isn't told.
        }

        return [.. ranges.Services.Where(range => range.IsExact).Select(range => Place(range.Range))];
    }

    private static IPAddress Place(AddressRange range)
    {
        var bytes = range.Network.GetAddressBytes();
        bytes[^1] += ConventionalPlace;
        return new(bytes);
    }
}
