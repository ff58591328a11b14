using System.Text.Json.Nodes;
using k8s;
using k8s.Models;
using Telelaunch.Net;

namespace Telelaunch.Cluster;

/// <summary>A Deployment of the agent and a Service of the same name, made for a session and removed with it.</summary>
/// <remarks>Everything belongs to the Deployment, and that to the session's Lease where there is one.</remarks>
/// <param name="Name">Of both.</param>
/// <param name="Ports">TCP ports of the Service, which lead to the same ports of the Pod; none means no Service.</param>
public sealed record NewDeployment(string Name, IReadOnlyList<int> Ports)
{
    /// <summary>Tells whose Deployment it is, and by which process: <see cref="LauncherIdentity"/>.</summary>
    public const string LauncherAnnotation = "telelaunch.dev/launcher";

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    /// <summary>The Deployment as it is sent.</summary>
    internal JsonObject Json(AgentPodOptions options)
    {
        var pod = AgentPodManifest.Pod(options);
        var labels = new Dictionary<string, string>(pod.Metadata.Labels) { ["app"] = Name };
        pod.Spec.RestartPolicy = "Always";
        pod.Spec.Containers[0].Ports = Ports.Count == 0 ? null : [.. Ports.Select(port => new V1ContainerPort { ContainerPort = port, Protocol = "TCP" })];
        return JsonNode.Parse(KubernetesJson.Serialize(new V1Deployment
        {
            ApiVersion = "apps/v1",
            Kind = "Deployment",
            Metadata = new()
            {
                Name = Name,
                NamespaceProperty = options.Namespace,
                Labels = labels,
                Annotations = new Dictionary<string, string>(pod.Metadata.Annotations) { [LauncherAnnotation] = LauncherIdentity.OfThisProcess() },
                OwnerReferences = pod.Metadata.OwnerReferences,
            },
            Spec = new()
            {
                Replicas = 1,
                Strategy = new() { Type = "Recreate" },
                Selector = new() { MatchLabels = new Dictionary<string, string> { ["app"] = Name, [AgentPodManifest.SessionLabel] = options.SessionId } },
                Template = new() { Metadata = new() { Labels = labels, Annotations = pod.Metadata.Annotations }, Spec = pod.Spec },
            },
        }))!.AsObject();
    }

    /// <summary>Makes Deployment, Secret and Service.</summary>
    /// <returns>The Deployment's Pod, as soon as there is one.</returns>
    /// <exception cref="ClusterException"><c>workload-exists</c>; <c>agent-pod-not-created</c>; and those of every call.</exception>
    internal async Task<V1Pod> CreateAsync(ClusterConnection connection, AgentPodOptions options, AgentSecret secret, CancellationToken cancellationToken)
    {
        var made = await MakeAsync("deployments.apps", Workload.CollectionOf(options.Namespace, WorkloadKind.Deployment), Json(options));
        var owner = new V1OwnerReference { ApiVersion = "apps/v1", Kind = "Deployment", Name = Name, Uid = Workload.Text(made["metadata"], "uid") };
        var core = $"api/v1/namespaces/{Uri.EscapeDataString(options.Namespace)}";
        await MakeAsync("secrets", $"{core}/secrets", JsonNode.Parse(KubernetesJson.Serialize(AgentPodManifest.Secret(options, secret, owner)))!);
        if (Ports.Count > 0) await MakeAsync("services", $"{core}/services", JsonNode.Parse(KubernetesJson.Serialize(Service(options, owner)))!);
        return await FindPodAsync(connection, options, cancellationToken);

        async Task<JsonObject> MakeAsync(string resource, string path, JsonNode body)
        {
            try
            {
                cancellationToken.ThrowIfCancellationRequested();
                return await connection.CreateJsonAsync(new ApiCall("create", resource, options.Namespace), path, body, CancellationToken.None);
            }
            catch (ClusterException error) when (error.Code == "api-already-exists")
            {
                throw new ClusterException(
                    "workload-exists",
                    $"The namespace {options.Namespace} has {(resource == "services" ? "a Service" : "a Deployment")} {Name} already.",
                    $"Take another name, or stand in for it: --swap-deployment {Name}. What a dead session of yours left goes with: telelaunch restore -n {options.Namespace}",
                    error);
            }
        }
    }

    /// <summary>Removes what a session made under this name, and nobody else's. That it is gone already is no error.</summary>
    public static async Task DeleteAsync(ClusterConnection connection, string podNamespace, string name, string session, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        var core = $"api/v1/namespaces/{Uri.EscapeDataString(podNamespace)}";
        // The Service first: callers are then refused by its name, not by a Pod that ends.
        await DeleteOwnAsync("services", $"{core}/services/{Uri.EscapeDataString(name)}");
        await DeleteOwnAsync("deployments.apps", Workload.PathOf(podNamespace, WorkloadKind.Deployment, name));

        async Task DeleteOwnAsync(string resource, string path)
        {
            try
            {
                var found = await connection.ReadJsonAsync(new ApiCall("get", resource, podNamespace), path, cancellationToken);
                if (Workload.Text(found["metadata"]?["labels"], AgentPodManifest.SessionLabel) != session) return;
                await connection.DeleteAsync(
                    new ApiCall("delete", resource, podNamespace),
                    path,
                    new V1DeleteOptions { ApiVersion = "v1", Kind = "DeleteOptions", PropagationPolicy = "Background", Preconditions = new() { Uid = Workload.Text(found["metadata"], "uid") } },
                    cancellationToken);
            }
            catch (ClusterException error) when (error.Code is "api-not-found" or "namespace-not-found" or "api-conflict" || (error.Code == "forbidden" && resource == "services"))
            {
                // Gone already, or another of the same name by now. A Service that this user may not delete goes with its Deployment.
            }
        }
    }

    private V1Service Service(AgentPodOptions options, V1OwnerReference owner) => new()
    {
        ApiVersion = "v1",
        Kind = "Service",
        Metadata = new()
        {
            Name = Name,
            NamespaceProperty = options.Namespace,
            Labels = new Dictionary<string, string> { ["app"] = Name, [AgentPodManifest.ManagedByLabel] = AgentPodManifest.ManagedBy, [AgentPodManifest.SessionLabel] = options.SessionId, [AgentPodManifest.OwnerLabel] = options.Owner.Label },
            OwnerReferences = [owner],
        },
        Spec = new()
        {
            Selector = new Dictionary<string, string> { ["app"] = Name, [AgentPodManifest.SessionLabel] = options.SessionId },
            Ports = [.. Ports.Select(port => new V1ServicePort { Name = $"tcp-{port}", Port = port, TargetPort = port, Protocol = "TCP" })],
        },
    };

    private async Task<V1Pod> FindPodAsync(ClusterConnection connection, AgentPodOptions options, CancellationToken cancellationToken)
    {
        var selector = Uri.EscapeDataString($"{AgentPodManifest.SessionLabel}={options.SessionId}");
        var deadline = DateTime.UtcNow + options.Timeout;
        while (true)
        {
            var list = await connection.ReadJsonAsync(new ApiCall("list", "pods", options.Namespace), $"api/v1/namespaces/{Uri.EscapeDataString(options.Namespace)}/pods?labelSelector={selector}", cancellationToken);
            if ((list["items"] as JsonArray ?? []).FirstOrDefault() is { } pod) return KubernetesJson.Deserialize<V1Pod>(pod.ToJsonString());
            var deployment = await connection.ReadJsonAsync(new ApiCall("get", "deployments.apps", options.Namespace), Workload.PathOf(options.Namespace, WorkloadKind.Deployment, Name), cancellationToken);
            // What the API server refuses a Pod for stands here: a quota, Pod Security.
            var refused = (deployment["status"]?["conditions"] as JsonArray ?? []).FirstOrDefault(condition => Workload.Text(condition, "type") == "ReplicaFailure" && Workload.Text(condition, "status") == "True");
            if (refused is not null || DateTime.UtcNow > deadline)
            {
                throw new ClusterException(
                    "agent-pod-not-created",
                    $"The Deployment {Name} gets no Pod{(refused is null ? "" : ": " + Workload.Text(refused, "message"))}.",
                    "Make room in the namespace's quota, or take another namespace with -n; `kubectl describe replicaset` shows more while it starts.");
            }
            await Task.Delay(Pause, cancellationToken);
        }
    }
}
