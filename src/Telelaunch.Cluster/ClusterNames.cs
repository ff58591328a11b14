using k8s;
using Telelaunch.Net;

namespace Telelaunch.Cluster;

/// <summary>What is known of the cluster's names before any is looked up.</summary>
/// <param name="Namespaces">Null when this user may not list them.</param>
/// <param name="HeadlessServices">Services of the own namespace whose names lead to Pods; null when this user may not list Services.</param>
public sealed record ClusterNames(IReadOnlyList<string>? Namespaces, IReadOnlyList<string>? HeadlessServices)
{
    /// <exception cref="ClusterException">The API server can't be reached, or fails; being forbidden is no failure.</exception>
    public static async Task<ClusterNames> ReadAsync(ClusterConnection connection, string podNamespace, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        var namespaces = ReadNamespacesAsync(connection, cancellationToken);
        var services = ReadHeadlessServicesAsync(connection, podNamespace, cancellationToken);
        await Task.WhenAll(namespaces, services);
        return new(await namespaces, await services);
    }

    private static async Task<IReadOnlyList<string>?> ReadNamespacesAsync(ClusterConnection connection, CancellationToken cancellationToken)
    {
        try
        {
            var namespaces = await connection.CallAsync(
                new ApiCall("list", "namespaces", null),
                (client, token) => client.CoreV1.ListNamespaceAsync(cancellationToken: token),
                cancellationToken);
            return [.. namespaces.Items.Select(item => item.Metadata.Name).Order(StringComparer.Ordinal)];
        }
        catch (ClusterException error) when (error.Code == "forbidden")
        {
            return null;
        }
    }

    private static async Task<IReadOnlyList<string>?> ReadHeadlessServicesAsync(ClusterConnection connection, string podNamespace, CancellationToken cancellationToken)
    {
        try
        {
            var services = await connection.CallAsync(
                new ApiCall("list", "services", podNamespace),
                (client, token) => client.CoreV1.ListNamespacedServiceAsync(podNamespace, cancellationToken: token),
                cancellationToken);
            return [.. services.Items.Where(service => service.Spec?.ClusterIP == "None").Select(service => service.Metadata.Name).Order(StringComparer.Ordinal)];
        }
        catch (ClusterException error) when (error.Code == "forbidden")
        {
            return null;
        }
    }
}
