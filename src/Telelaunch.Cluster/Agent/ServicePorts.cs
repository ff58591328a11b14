using System.Text.Json.Nodes;
using Telelaunch.Net;

namespace Telelaunch.Cluster;

/// <summary>Which Services lead callers to a Pod's ports.</summary>
public static class ServicePorts
{
    /// <returns>By the Pod's TCP port: <c>NAME:PORT</c> of each Service. Empty where this user may not list Services.</returns>
    /// <exception cref="ClusterException">Those of every call.</exception>
    public static async Task<ILookup<int, string>> FindAsync(ClusterConnection connection, AgentPod pod, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(pod);
        JsonObject list;
        try
        {
            list = await connection.ReadJsonAsync(new ApiCall("list", "services", pod.Namespace), $"api/v1/namespaces/{Uri.EscapeDataString(pod.Namespace)}/services", cancellationToken);
        }
        catch (ClusterException error) when (error.Code == "forbidden")
        {
            return Enumerable.Empty<int>().ToLookup(port => port, _ => "");
        }
        return (
            from service in (list["items"] as JsonArray ?? []).OfType<JsonObject>()
            where service["spec"]?["selector"] is JsonObject { Count: > 0 } selector && selector.All(label => pod.Labels.GetValueOrDefault(label.Key) == label.Value?.GetValue<string>())
            from port in (service["spec"]!["ports"] as JsonArray ?? []).OfType<JsonObject>()
            where Workload.Text(port, "protocol") is "" or "TCP"
            let target = TargetOf(port, pod)
            where target is not null
            select (Port: target.Value, Name: $"{Workload.Text(service["metadata"], "name")}:{Workload.Number(port, "port")}")).ToLookup(entry => entry.Port, entry => entry.Name);
    }

    /// <summary>A targetPort is a number, the name of a container's port, or absent: then it is the Service's own.</summary>
    private static int? TargetOf(JsonObject port, AgentPod pod) => port["targetPort"] switch
    {
        JsonValue value when value.TryGetValue<int>(out var number) => number,
        JsonValue value when value.TryGetValue<string>(out var name) => pod.NamedPorts.TryGetValue(name, out var number) ? number : null,
        _ => Workload.Number(port, "port"),
    };
}
