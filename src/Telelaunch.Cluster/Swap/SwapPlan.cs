using System.Text.Json.Nodes;
using Telelaunch.Net;

namespace Telelaunch.Cluster;

/// <summary>A swap before anything is changed: the workload as it is, what is to be known about it, and the Pod that will stand in.</summary>
public sealed class SwapPlan
{
    private const string DefaultContainerAnnotation = "kubectl.kubernetes.io/default-container";

    private const int ObservationAttempts = 20;

    private static readonly TimeSpan ObservationPause = TimeSpan.FromMilliseconds(100);

    private readonly string? _node;

    private SwapPlan(Workload workload, JsonObject container, IReadOnlyList<SwapFinding> findings, string? node, string? runningPod)
    {
        Workload = workload;
        Container = Telelaunch.Cluster.Workload.Text(container, "name");
        Findings = findings;
        _node = node;
        RunningPod = runningPod;
        OwnVariables = [.. (container["env"] as JsonArray ?? []).OfType<JsonObject>().Where(IsOwn).Select(variable => Workload.Text(variable, "name"))];
        DeclaredPorts = [.. (container["ports"] as JsonArray ?? []).Where(port => Workload.Text(port, "protocol") is "" or "TCP").Select(port => Workload.Number(port, "containerPort")).Distinct()];
    }

    /// <summary>The workload's kind.</summary>
    public WorkloadKind Kind => Workload.Kind;

    public string Name => Workload.Name;

    public string Namespace => Workload.Namespace;

    /// <summary>The container that the process stands in for.</summary>
    public string Container { get; }

    /// <summary>Names of its variables that tell what the agent's Pod has otherwise: a container's requests and limits, and labels, which a Pod without traffic lacks.</summary>
    public IReadOnlyList<string> OwnVariables { get; }

    /// <summary>Its TCP ports.</summary>
    public IReadOnlyList<int> DeclaredPorts { get; }

    /// <summary>What whoever swaps should know; none that refuses.</summary>
    public IReadOnlyList<SwapFinding> Findings { get; }

    /// <summary>One of the workload's Pods that runs now; null where there is none, or they may not be listed.</summary>
    public string? RunningPod { get; }

    internal Workload Workload { get; }

    private IReadOnlyList<string> ServiceLabels { get; init; } = [];

    /// <summary><c>deployment/web</c>.</summary>
    public override string ToString() => Workload.ToString();

    /// <summary>The Pod that stands in.</summary>
    /// <param name="takesTraffic">False for one that only shows what the container is given: Services don't find it.</param>
    public StandIn StandIn(bool takesTraffic = true) => new(Workload, Container, _node, takesTraffic) { ServiceLabels = ServiceLabels };

    /// <summary>The patches of a swap and the one of the way back, in their order, for whoever only wants to look: the object's name and the merge patch.</summary>
    /// <param name="pod">The agent's Pod.</param>
    public IReadOnlyList<(string Name, string Patch)> DescribePatches(string pod) =>
    [
        (ToString(), new JsonObject { ["metadata"] = Annotated($"(session, owner, time, replicas {Workload.Replicas})") }.ToJsonString()),
        ($"pod/{pod}", new JsonObject { ["metadata"] = new JsonObject { ["labels"] = new JsonObject([.. StandIn().TrafficLabels.Select(label => KeyValuePair.Create(label.Key, (JsonNode?)label.Value))]) } }.ToJsonString()),
        (ToString(), new JsonObject { ["spec"] = new JsonObject { ["replicas"] = 0 } }.ToJsonString()),
        (ToString(), new JsonObject { ["metadata"] = Annotated(null), ["spec"] = new JsonObject { ["replicas"] = Workload.Replicas } }.ToJsonString()),
    ];

    private static JsonObject Annotated(string? claim) => new() { ["annotations"] = new JsonObject { [SwapClaim.Annotation] = claim } };

    /// <summary>Reads everything and judges it. Changes nothing.</summary>
    /// <param name="isForSwap">False where the workload is only looked at: what refuses a swap doesn't matter then.</param>
    /// <exception cref="ClusterException">
    /// <c>workload-not-found</c>, <c>container-not-found</c>, <c>container-ambiguous</c>; the codes of what refuses a swap (<see cref="SwapFinding"/>,
    /// <c>volume-exclusive</c>); and those of every call.
    /// </exception>
    public static async Task<SwapPlan> ReadAsync(ClusterConnection connection, string podNamespace, WorkloadReference reference, bool isForSwap, CancellationToken cancellationToken, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(reference);
        var workload = await Workload.ReadAsync(connection, podNamespace, reference.Kind, reference.Name, cancellationToken);
        // What was changed a moment ago, a restore before all, the controller sees in the next: only what stays unseen is a rollout.
        for (var attempt = 1; isForSwap && !workload.IsObserved && attempt < ObservationAttempts; attempt++)
        {
            await Task.Delay(ObservationPause, time ?? TimeProvider.System, cancellationToken);
            workload = await Workload.ReadAsync(connection, podNamespace, reference.Kind, reference.Name, cancellationToken);
        }
        var findings = SwapReview.Of(workload).ToList();
        var container = ChooseContainer(workload, reference.Container, findings);
        var surroundings = new SwapSurroundings(connection, workload);
        var pods = surroundings.FindPodAsync(cancellationToken);
        var policies = surroundings.FindPoliciesAsync(cancellationToken);
        var volumes = surroundings.FindVolumesAsync(cancellationToken);
        var serviceLabels = surroundings.FindServiceLabelsAsync(cancellationToken);
        await Task.WhenAll(pods, policies, volumes, serviceLabels);
        findings.AddRange(await policies);
        var (runningPod, node) = await pods;
        var sharing = await volumes;
        if (sharing == VolumeSharing.OnePod)
            findings.Add(new("volume-exclusive", $"A volume of {workload} may be mounted by one Pod at a time (ReadWriteOncePod).", "The agent can't have it while the workload runs. Scale it to 0 yourself first, or swap without that volume.", Refuses: workload.Replicas > 0));
        if (isForSwap && findings.Find(finding => finding.Refuses) is { } refusal)
            throw new ClusterException(refusal.Code, refusal.Cause, refusal.Remedy);
        return new(workload, container, [.. findings.Where(finding => !finding.Refuses)], sharing == VolumeSharing.OneNode ? node : null, runningPod) { ServiceLabels = await serviceLabels };
    }

    private static bool IsOwn(JsonObject variable)
    {
        var source = variable["valueFrom"];
        return source?["resourceFieldRef"] is not null || Workload.Text(source?["fieldRef"], "fieldPath").StartsWith("metadata.labels", StringComparison.Ordinal);
    }

    private static JsonObject ChooseContainer(Workload workload, string? name, List<SwapFinding> findings)
    {
        var containers = workload.Containers.ToList();
        var names = string.Join(", ", containers.Select(container => Workload.Text(container, "name")));
        if (name is not null)
        {
            return containers.Find(container => Workload.Text(container, "name") == name) ?? throw new ClusterException(
                "container-not-found", $"{workload} has no container {name}; it has {names}.", "Name one of them.");
        }
        if (containers.Count == 1) return containers[0];
        var favourite = workload.Template["metadata"]?["annotations"]?[DefaultContainerAnnotation]?.GetValue<string>();
        if (containers.Find(container => Workload.Text(container, "name") == favourite) is not { } chosen)
            throw new ClusterException("container-ambiguous", $"{workload} has {containers.Count} containers: {names}.", $"Say which one the process stands in for: --swap {workload}/container/{Workload.Text(containers[0], "name")}");
        findings.Add(new("container-by-annotation", $"{workload} has the containers {names}.", $"The process stands in for {favourite}, as the annotation {DefaultContainerAnnotation} says."));
        return chosen;
    }
}
