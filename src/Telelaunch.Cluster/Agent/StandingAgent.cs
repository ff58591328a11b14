using System.Text.Json.Nodes;
using k8s;
using k8s.Models;
using Telelaunch.Net;

namespace Telelaunch.Cluster;

/// <summary>An agent that isn't a session's own: a Deployment that somebody applied, which any number of sessions may use, one after another or at once.</summary>
/// <remarks>Whoever may read its Secret may use it. It never ends for want of a client.</remarks>
public static class StandingAgent
{
    /// <summary>Secret and Deployment for kubectl, as a JSON List.</summary>
    /// <param name="files">The Secret's: <c>SessionKeys.ToStandingSecretFiles</c>. They are in the text.</param>
    public static string Describe(AgentPodOptions options, string name, IReadOnlyDictionary<string, byte[]> files)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(files);
        var pod = AgentPodManifest.Pod(options);
        var labels = new Dictionary<string, string> { ["app"] = name, [AgentPodManifest.ManagedByLabel] = AgentPodManifest.ManagedBy };
        pod.Spec.RestartPolicy = "Always";
        foreach (var volume in pod.Spec.Volumes.Where(volume => volume.Secret is not null)) volume.Secret.SecretName = name;
        pod.Spec.Containers[0].Env.Add(new() { Name = "TELELAUNCH_IDLE_SECONDS", Value = "0" });
        var secret = new V1Secret
        {
            ApiVersion = "v1",
            Kind = "Secret",
            Type = "Opaque",
            Metadata = new() { Name = name, NamespaceProperty = options.Namespace, Labels = labels },
            Data = files.ToDictionary(file => file.Key, file => file.Value),
        };
        var deployment = new V1Deployment
        {
            ApiVersion = "apps/v1",
            Kind = "Deployment",
            Metadata = new() { Name = name, NamespaceProperty = options.Namespace, Labels = labels },
            Spec = new()
            {
                Replicas = 1,
                Strategy = new() { Type = "Recreate" },
                Selector = new() { MatchLabels = new Dictionary<string, string> { ["app"] = name } },
                Template = new() { Metadata = new() { Labels = labels }, Spec = pod.Spec },
            },
        };
        return $$"""{"apiVersion":"v1","kind":"List","items":[{{KubernetesJson.Serialize(secret)}},{{KubernetesJson.Serialize(deployment)}}]}""";
    }

    /// <summary>Finds the agent's Pod and reads its keys.</summary>
    /// <returns>The Pod, which the session doesn't delete, and the files of its Secret.</returns>
    /// <exception cref="ClusterException"><c>workload-not-found</c>, <c>agent-not-found</c>, <c>agent-not-ready</c>; and those of every call.</exception>
    public static async Task<(AgentPod Pod, IReadOnlyDictionary<string, byte[]> Files)> FindAsync(ClusterConnection connection, string podNamespace, string name, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        var deployment = await Workload.ReadAsync(connection, podNamespace, WorkloadKind.Deployment, name, cancellationToken);
        var container = deployment.Containers.FirstOrDefault(candidate => MountOf(candidate) is not null);
        var volume = container is null ? null : (deployment.Template["spec"]!["volumes"] as JsonArray ?? []).FirstOrDefault(item => Workload.Text(item, "name") == MountOf(container));
        var secretName = Workload.Text(volume?["secret"], "secretName");
        if (container is null || secretName.Length == 0)
        {
            throw new ClusterException("agent-not-found", $"{deployment} in the namespace {podNamespace} has no agent of Telelaunch.",
                $"To stand in for it: --swap-deployment {name}. To make an agent that stays: telelaunch agent image manifest {name} | kubectl apply -f -");
        }
        var secret = await connection.ReadJsonAsync(new ApiCall("get", "secrets", podNamespace), $"api/v1/namespaces/{Uri.EscapeDataString(podNamespace)}/secrets/{Uri.EscapeDataString(secretName)}", cancellationToken);
        var files = (secret["data"] as JsonObject ?? []).ToDictionary(file => file.Key, file => Convert.FromBase64String(file.Value!.GetValue<string>()));
        return (new(connection, await FindPodAsync(connection, deployment, cancellationToken), Workload.Text(container, "name")), files);
    }

    private static async Task<V1Pod> FindPodAsync(ClusterConnection connection, Workload deployment, CancellationToken cancellationToken)
    {
        var selector = Uri.EscapeDataString(SwapSurroundings.SelectorText(deployment.Json["spec"]!["selector"]) ?? "");
        var pods = await connection.ReadJsonAsync(
            new ApiCall("list", "pods", deployment.Namespace), $"api/v1/namespaces/{Uri.EscapeDataString(deployment.Namespace)}/pods?labelSelector={selector}", cancellationToken);
        var ready = (pods["items"] as JsonArray ?? []).FirstOrDefault(pod =>
            pod!["metadata"]!["deletionTimestamp"] is null
            && (pod["status"]?["conditions"] as JsonArray ?? []).Any(condition => Workload.Text(condition, "type") == "Ready" && Workload.Text(condition, "status") == "True"));
        return ready is null
            ? throw new ClusterException("agent-not-ready", $"No Pod of {deployment} is ready.", $"See why: kubectl describe pods -n {deployment.Namespace} -l app={deployment.Name}")
            : KubernetesJson.Deserialize<V1Pod>(ready.ToJsonString());
    }

    /// <summary>The volume that a container mounts where agents have their session's files.</summary>
    private static string? MountOf(JsonObject container) =>
        (container["volumeMounts"] as JsonArray ?? []).FirstOrDefault(mount => Workload.Text(mount, "mountPath").TrimEnd('/') == AgentPod.SessionDirectory) is { } mount ? Workload.Text(mount, "name") : null;
}
