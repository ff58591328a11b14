using Telelaunch.Net;

namespace Telelaunch.Cluster;

/// <summary>A Lease as it was seen once.</summary>
/// <param name="Version">Changes with each renewal; opaque.</param>
/// <param name="IsGone">There is none.</param>
public sealed record LeaseSighting(string Version, bool IsGone)
{
    /// <exception cref="ClusterException">Those of every call.</exception>
    public static async Task<LeaseSighting> ReadAsync(ClusterConnection connection, string podNamespace, string name, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        try
        {
            var lease = await connection.ReadJsonAsync(new ApiCall("get", "leases.coordination.k8s.io", podNamespace), SessionLease.PathOf(podNamespace, name), cancellationToken);
            return new(Workload.Text(lease["metadata"], "resourceVersion"), lease["metadata"]?["deletionTimestamp"] is not null);
        }
        catch (ClusterException error) when (error.Code == "api-not-found")
        {
            return new("", IsGone: true);
        }
    }
}
