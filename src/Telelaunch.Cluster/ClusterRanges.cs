using System.Net;
using System.Text.RegularExpressions;
using k8s;
using k8s.Models;
using Telelaunch.Net;

namespace Telelaunch.Cluster;

/// <summary>A range of cluster addresses, and how it was found.</summary>
/// <param name="Source">In words, for a person: <c>ServiceCIDR objects</c>, <c>podCIDRs of the nodes</c>…</param>
/// <param name="IsExact">The cluster said so; else it was concluded from addresses seen, and others may lie outside.</param>
public sealed record FoundRange(AddressRange Range, string Source, bool IsExact);

/// <summary>Where the cluster's Services and Pods have their addresses.</summary>
/// <param name="Services">May be empty when nothing may be read.</param>
/// <param name="Pods">May be empty when nothing may be read.</param>
public sealed partial record ClusterRanges(IReadOnlyList<FoundRange> Services, IReadOnlyList<FoundRange> Pods)
{
    /// <summary>No cluster hands it out; where one does, the dry run passes and tells nothing.</summary>
    private const string ImpossibleClusterIP = "1.1.1.1";

    /// <summary>Finds what this user may see: of Services the ServiceCIDR objects, else the refusal of a dry run, else the addresses seen; of Pods those of the nodes, and the addresses seen.</summary>
    /// <remarks>Nothing is created. What is forbidden or unknown to the cluster is passed over.</remarks>
    /// <exception cref="ClusterException">The API server can't be reached, or fails.</exception>
    public static async Task<ClusterRanges> FindAsync(ClusterConnection connection, string podNamespace, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        var services = FindServicesAsync(connection, podNamespace, cancellationToken);
        var pods = FindPodsAsync(connection, podNamespace, cancellationToken);
        await Task.WhenAll(services, pods);
        return new(await services, await pods);
    }

    /// <summary>The range in the text of a refused ClusterIP; null where there is none.</summary>
    internal static AddressRange? RangeIn(string message) =>
        ValidRange().Match(message) is { Success: true } match && AddressRange.TryParse(match.Groups[1].Value, out var range) ? range : null;

    [GeneratedRegex(@"range of valid IPs is ([0-9a-fA-F.:]+/[0-9]+)")]
    private static partial Regex ValidRange();

    private static async Task<IReadOnlyList<FoundRange>> FindServicesAsync(ClusterConnection connection, string podNamespace, CancellationToken cancellationToken)
    {
        var objects = await UnlessRefusedAsync(() => connection.CallAsync(
            new ApiCall("list", "servicecidrs", null),
            (client, token) => client.NetworkingV1.ListServiceCIDRAsync(cancellationToken: token),
            cancellationToken));
        if (objects is { Items.Count: > 0 })
            return [.. Parse(objects.Items.SelectMany(item => item.Spec?.Cidrs ?? [])).Select(range => new FoundRange(range, "ServiceCIDR objects", true))];
        if (await ProbeServiceRangeAsync(connection, podNamespace, cancellationToken) is { } probed)
            return [new(probed, "a dry run of a Service", true)];

        var services = await UnlessRefusedAsync(() => connection.CallAsync(
                new ApiCall("list", "services", null),
                (client, token) => client.CoreV1.ListServiceForAllNamespacesAsync(cancellationToken: token),
                cancellationToken))
            ?? await UnlessRefusedAsync(() => connection.CallAsync(
                new ApiCall("list", "services", podNamespace),
                (client, token) => client.CoreV1.ListNamespacedServiceAsync(podNamespace, cancellationToken: token),
                cancellationToken));
        var seen = Addresses(services?.Items.SelectMany(service => service.Spec?.ClusterIPs ?? [service.Spec?.ClusterIP ?? ""]) ?? []);
        return [.. CoveringRanges.Of(seen).Select(range => new FoundRange(range, "ClusterIPs of the Services seen", false))];
    }

    private static async Task<AddressRange?> ProbeServiceRangeAsync(ClusterConnection connection, string podNamespace, CancellationToken cancellationToken)
    {
        var probe = new V1Service
        {
            ApiVersion = "v1",
            Kind = "Service",
            Metadata = new() { Name = "telelaunch-range-probe", NamespaceProperty = podNamespace },
            Spec = new() { ClusterIP = ImpossibleClusterIP, Ports = [new() { Port = 80 }] },
        };
        try
        {
            await connection.CallAsync(
                new ApiCall("create", "services", podNamespace),
                (client, token) => client.CoreV1.CreateNamespacedServiceAsync(probe, podNamespace, dryRun: "All", cancellationToken: token),
                cancellationToken);
            return null;
        }
        catch (ClusterException error) when (error.Code == "api-invalid")
        {
            return RangeIn(error.Message);
        }
        catch (ClusterException error) when (IsRefusal(error))
        {
            return null;
        }
    }

    private static async Task<IReadOnlyList<FoundRange>> FindPodsAsync(ClusterConnection connection, string podNamespace, CancellationToken cancellationToken)
    {
        var nodes = await UnlessRefusedAsync(() => connection.CallAsync(
            new ApiCall("list", "nodes", null),
            (client, token) => client.CoreV1.ListNodeAsync(cancellationToken: token),
            cancellationToken));
        var ofNodes = CoveringRanges.Merge(Parse(nodes?.Items.SelectMany(node => node.Spec?.PodCIDRs ?? []) ?? []));

        var pods = await UnlessRefusedAsync(() => connection.CallAsync(
                new ApiCall("list", "pods", null),
                (client, token) => client.CoreV1.ListPodForAllNamespacesAsync(limit: 5000, cancellationToken: token),
                cancellationToken))
            ?? await UnlessRefusedAsync(() => connection.CallAsync(
                new ApiCall("list", "pods", podNamespace),
                (client, token) => client.CoreV1.ListNamespacedPodAsync(podNamespace, limit: 5000, cancellationToken: token),
                cancellationToken));
        // A Pod in its node's network has the node's address, which isn't the cluster's alone. Some network plugins don't keep to the nodes' podCIDRs.
        var seen = Addresses(pods?.Items.Where(pod => pod.Spec?.HostNetwork != true).SelectMany(pod => pod.Status?.PodIPs ?? []).Select(address => address.Ip) ?? [])
            .Where(address => !ofNodes.Any(range => range.Contains(address)));
        return
        [
            .. ofNodes.Select(range => new FoundRange(range, "podCIDRs of the nodes", true)),
            .. CoveringRanges.Of(seen).Select(range => new FoundRange(range, "addresses of the Pods seen", false)),
        ];
    }

    private static IEnumerable<AddressRange> Parse(IEnumerable<string> texts)
    {
        foreach (var text in texts)
        {
            if (AddressRange.TryParse(text, out var range))
                yield return range;
        }
    }

    /// <summary>Without <c>None</c> and what isn't assigned yet.</summary>
    private static IEnumerable<IPAddress> Addresses(IEnumerable<string> texts)
    {
        foreach (var text in texts)
        {
            if (IPAddress.TryParse(text, out var address))
                yield return address;
        }
    }

    private static async Task<T?> UnlessRefusedAsync<T>(Func<Task<T>> call)
        where T : class
    {
        try
        {
            return await call();
        }
        catch (ClusterException error) when (IsRefusal(error))
        {
            return null;
        }
    }

    private static bool IsRefusal(ClusterException error) =>
        error.Code is "forbidden" or "api-not-found" or "namespace-not-found" or "namespace-terminating" or "admission-denied" or "quota-exceeded" or "api-invalid";
}
