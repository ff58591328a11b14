using System.Text.Json.Nodes;
using Telelaunch.Net;

namespace Telelaunch.Cluster;

/// <summary>Whether the session behind a claim still lives.</summary>
public enum SessionLife
{
    Alive,
    Dead,
}

/// <summary>A workload of a namespace, and who stands in for it.</summary>
/// <param name="Claim">Null where nobody does, or where it can't be read.</param>
/// <param name="IsSwapped">The annotation is there.</param>
public sealed record SwappedWorkload(WorkloadKind Kind, string Namespace, string Name, int Replicas, bool IsSwapped, SwapClaim? Claim)
{
    /// <summary>The session that made it (<see cref="NewDeployment"/>), and its launcher's identity; null where it is nobody's but its owner's.</summary>
    public (string Session, string Launcher)? MadeBy { get; init; }

    /// <summary><c>deployment/web</c>.</summary>
    public override string ToString() => $"{Kind.Singular()}/{Name}";

    /// <summary>The workloads of a namespace that can be swapped. A kind that this user may not list is left out.</summary>
    /// <exception cref="ClusterException"><c>forbidden</c> where none may be listed; and those of every call.</exception>
    public static async Task<IReadOnlyList<SwappedWorkload>> ListAsync(ClusterConnection connection, string podNamespace, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        List<SwappedWorkload> found = [];
        ClusterException? refusal = null;
        var isListed = false;
        foreach (var kind in Enum.GetValues<WorkloadKind>())
        {
            try
            {
                var list = await connection.ReadJsonAsync(new ApiCall("list", kind.Plural() + ".apps", podNamespace), Workload.CollectionOf(podNamespace, kind), cancellationToken);
                isListed = true;
                found.AddRange((list["items"] as JsonArray ?? []).OfType<JsonObject>()
                    .Where(item => item["metadata"]!["labels"]?["telelaunch.dev/restorer"] is null)
                    .Where(item => kind != WorkloadKind.ReplicaSet || item["metadata"]!["ownerReferences"] is null)
                    .Select(item => Of(new Workload(kind, item))));
            }
            catch (ClusterException error) when (error.Code == "forbidden")
            {
                refusal ??= error;
            }
        }
        return isListed ? found : throw refusal!;
    }

    /// <summary>One by its name; null where it doesn't exist.</summary>
    public static async Task<SwappedWorkload?> FindAsync(ClusterConnection connection, string podNamespace, WorkloadReference reference, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(reference);
        try
        {
            return Of(await Workload.ReadAsync(connection, podNamespace, reference.Kind, reference.Name, cancellationToken));
        }
        catch (ClusterException error) when (error.Code == "workload-not-found")
        {
            return null;
        }
    }

    /// <summary>Whether the session still lives: seen from its own machine by its process, from elsewhere by its agent, which ends within two minutes of its client's end.</summary>
    public async Task<SessionLife> FindLifeAsync(ClusterConnection connection, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        if ((Claim?.Launcher ?? MadeBy?.Launcher) is not { } launcher) return SessionLife.Dead;
        if (LauncherIdentity.IsAlive(launcher) is { } isAlive) return isAlive ? SessionLife.Alive : SessionLife.Dead;
        // Its Pod is started anew each time that its agent ends for want of a client, so that says nothing.
        if (Claim is null) return SessionLife.Alive;
        try
        {
            var path = $"api/v1/namespaces/{Uri.EscapeDataString(Namespace)}/pods/{AgentPod.NameOf(Claim.Session)}";
            var pod = await connection.ReadJsonAsync(new ApiCall("get", "pods", Namespace), path, cancellationToken);
            // A Pod with other containers goes on running when its agent has ended.
            var hasAgentEnded = (pod["status"]?["containerStatuses"] as JsonArray ?? []).Any(container => Workload.Text(container, "name") == Claim.Container && container!["state"]?["terminated"] is not null);
            return hasAgentEnded || Workload.Text(pod["status"], "phase") is "Succeeded" or "Failed" || pod["metadata"]!["deletionTimestamp"] is not null ? SessionLife.Dead : SessionLife.Alive;
        }
        catch (ClusterException error) when (error.Code == "api-not-found")
        {
            return SessionLife.Dead;
        }
    }

    private static SwappedWorkload Of(Workload workload) => new(workload.Kind, workload.Namespace, workload.Name, workload.Replicas, workload.ClaimText is not null, workload.Claim)
    {
        MadeBy = workload.Label(AgentPodManifest.SessionLabel) is { } session ? (session, workload.Annotation(NewDeployment.LauncherAnnotation) ?? "") : null,
    };
}
