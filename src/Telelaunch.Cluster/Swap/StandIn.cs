using System.Text.Json.Nodes;

namespace Telelaunch.Cluster;

/// <summary>A workload's Pod with the agent in the place of one of its containers.</summary>
/// <remarks>
/// Everything of the template stays: labels and annotations, but for <see cref="TrafficLabels"/>, which come when all is ready; volumes, the other containers, service account, node selection, pull secrets. Of the swapped
/// container stay its name, its environment, its ports' names and its user; its volumes are mounted below <see cref="VolumeRoot"/>, where they can't hide anything of the agent's. Its probes and
/// lifecycle go: the process that they were written for isn't there.
/// </remarks>
public sealed class StandIn
{
    /// <summary>Below it, in the agent's container, a volume that the workload's container mounts at /data is at /telelaunch/volumes/data.</summary>
    public const string VolumeRoot = "/telelaunch/volumes";

    private static readonly string[] s_keptOfContainer = ["name", "env", "envFrom"];

    private readonly Workload _workload;
    private readonly string? _node;

    internal StandIn(Workload workload, string container, string? node, bool takesTraffic = true)
    {
        _workload = workload;
        Container = container;
        _node = node;
        TakesTraffic = takesTraffic;
    }

    /// <summary>The swapped container's name, which is the agent's in this Pod.</summary>
    public string Container { get; }

    /// <summary>Whether it gets the labels by which Services find the workload's Pods.</summary>
    public bool TakesTraffic { get; }

    /// <summary>Names of labels by which Services are known to select the workload's Pods.</summary>
    internal IReadOnlyList<string> ServiceLabels { get; init; } = [];

    /// <summary>The labels that the workload tells its Pods by, and Services. The Pod gets them when everything behind it is ready: until then no caller must come.</summary>
    internal IReadOnlyDictionary<string, string> TrafficLabels
    {
        get
        {
            var selector = _workload.Json["spec"]!["selector"];
            var names = (selector?["matchLabels"] as JsonObject ?? []).Select(label => label.Key)
                .Concat((selector?["matchExpressions"] as JsonArray ?? []).Select(expression => Workload.Text(expression, "key")))
                .Concat(ServiceLabels);
            var labels = new Dictionary<string, string>();
            if (!TakesTraffic) return labels;
            foreach (var name in names)
            {
                if (_workload.Template["metadata"]?["labels"]?[name] is { } value) labels[name] = value.GetValue<string>();
            }
            // By this one a Service leads to one Pod of a StatefulSet.
            if (_workload.Kind == WorkloadKind.StatefulSet) labels["statefulset.kubernetes.io/pod-name"] = Ordinal;
            return labels;
        }
    }

    /// <summary>The Pod to be made.</summary>
    /// <param name="agent">The agent's own Pod of this session, whose container and volumes go into it.</param>
    internal JsonObject PodOf(JsonObject agent)
    {
        var template = _workload.Template;
        var pod = new JsonObject { ["apiVersion"] = "v1", ["kind"] = "Pod", ["metadata"] = Metadata(agent["metadata"]!.AsObject(), template["metadata"] as JsonObject) };
        var spec = template["spec"]!.DeepClone().AsObject();
        pod["spec"] = spec;
        var agentSpec = agent["spec"]!.AsObject();
        AddVolumes(spec, agentSpec);
        ReplaceContainer(spec, agentSpec["containers"]![0]!.AsObject());
        SetPodFields(spec, agentSpec);
        return pod;
    }

    private JsonObject Metadata(JsonObject agent, JsonObject? template)
    {
        var metadata = agent.DeepClone().AsObject();
        var labels = TakesTraffic ? Copy(template?["labels"]) : [];
        foreach (var name in TrafficLabels.Keys) labels.Remove(name);
        foreach (var (name, value) in Copy(agent["labels"]))
        {
            // The workload's own app.kubernetes.io/name and managed-by may be what a Service selects by.
            if (name.StartsWith("telelaunch.dev/", StringComparison.Ordinal)) labels[name] = value?.DeepClone();
        }
        if (TakesTraffic && _workload.Kind == WorkloadKind.StatefulSet)
        {
            labels["apps.kubernetes.io/pod-index"] = _workload.FirstOrdinal.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }
        metadata["labels"] = labels;
        var annotations = Copy(template?["annotations"]);
        foreach (var (name, value) in Copy(agent["annotations"])) annotations[name] = value?.DeepClone();
        metadata["annotations"] = annotations;
        return metadata;
    }

    private void AddVolumes(JsonObject spec, JsonObject agent)
    {
        var volumes = spec["volumes"] as JsonArray;
        if (volumes is null) spec["volumes"] = volumes = [];
        foreach (var claim in (_workload.Json["spec"]!["volumeClaimTemplates"] as JsonArray ?? []).OfType<JsonObject>())
        {
            // StatefulSets name the claims of a Pod so, and keep them; a volume of that name in the template gives way, as it does there.
            var name = Workload.Text(claim["metadata"], "name");
            foreach (var hidden in volumes.Where(volume => Workload.Text(volume, "name") == name).ToList()) volumes.Remove(hidden);
            volumes.Add((JsonNode)new JsonObject { ["name"] = name, ["persistentVolumeClaim"] = new JsonObject { ["claimName"] = $"{name}-{Ordinal}" } });
        }
        foreach (var volume in agent["volumes"]!.AsArray()) volumes.Add(volume!.DeepClone());
    }

    private void ReplaceContainer(JsonObject spec, JsonObject agent)
    {
        var containers = spec["containers"]!.AsArray();
        var index = containers.ToList().FindIndex(container => Workload.Text(container, "name") == Container);
        var swapped = containers[index]!.AsObject();
        var standIn = agent.DeepClone().AsObject();
        foreach (var field in s_keptOfContainer)
        {
            if (swapped[field] is { } value) standIn[field] = value.DeepClone();
        }
        var environment = standIn["env"] as JsonArray;
        if (environment is null || swapped["env"] is null) standIn["env"] = environment = [];
        if (_workload.Kind == WorkloadKind.StatefulSet) NameByOrdinal(environment);
        foreach (var variable in agent["env"]!.AsArray()) environment.Add(variable!.DeepClone());
        if (swapped["ports"] is { } ports) standIn["ports"] = ports.DeepClone();
        var mounts = standIn["volumeMounts"]!.AsArray();
        foreach (var mount in (swapped["volumeMounts"] as JsonArray ?? []).OfType<JsonObject>()) mounts.Add((JsonNode)Moved(mount));
        // Limits of the whole Pod (spec.resources) leave no room for any of the agent's own.
        if (spec["resources"] is not null) standIn.Remove("resources");
        var security = standIn["securityContext"]!.AsObject();
        security["runAsNonRoot"] = true;
        security["seccompProfile"] ??= new JsonObject { ["type"] = "RuntimeDefault" };
        // Files in volumes may be readable by the container's user alone. Root we never are.
        foreach (var field in (string[])["runAsUser", "runAsGroup"])
        {
            if (swapped["securityContext"]?[field] is { } id && id.GetValue<long>() != 0) security[field] = id.DeepClone();
        }
        if (security["runAsUser"] is null && IsRoot(spec["securityContext"]?["runAsUser"])) security["runAsUser"] = 65532;
        containers[index] = standIn;
    }

    /// <summary>A variable that has the Pod's name has the one of the identity that it stands for.</summary>
    private void NameByOrdinal(JsonArray environment)
    {
        foreach (var variable in environment.OfType<JsonObject>().Where(variable => Workload.Text(variable["valueFrom"]?["fieldRef"], "fieldPath") == "metadata.name"))
        {
            variable.Remove("valueFrom");
            variable["value"] = Ordinal;
        }
    }

    private static JsonObject Moved(JsonObject mount)
    {
        var moved = mount.DeepClone().AsObject();
        var path = Workload.Text(mount, "mountPath");
        // Left where it is, or admission would mount the usual token there beside it.
        if (path.TrimEnd('/') != PodVolumeMount.ServiceAccountDirectory) moved["mountPath"] = $"{VolumeRoot}/{path.TrimStart('/')}";
        // Only a privileged container may propagate its mounts.
        if (Workload.Text(mount, "mountPropagation") == "Bidirectional") moved.Remove("mountPropagation");
        return moved;
    }

    private void SetPodFields(JsonObject spec, JsonObject agent)
    {
        spec["restartPolicy"] = "Never";
        var security = spec["securityContext"] as JsonObject;
        if (security is null) spec["securityContext"] = security = [];
        var sysctls = security["sysctls"] as JsonArray;
        if (sysctls is null) security["sysctls"] = sysctls = [];
        foreach (var sysctl in agent["securityContext"]!["sysctls"]!.AsArray())
        {
            foreach (var same in sysctls.Where(other => Workload.Text(other, "name") == Workload.Text(sysctl, "name")).ToList()) sysctls.Remove(same);
            sysctls.Add(sysctl!.DeepClone());
        }
        if (agent["serviceAccountName"] is { } account)
        {
            spec["serviceAccountName"] = account.DeepClone();
            spec.Remove("serviceAccount");
        }
        if (agent["imagePullSecrets"] is JsonArray secrets)
        {
            var all = spec["imagePullSecrets"] as JsonArray;
            if (all is null) spec["imagePullSecrets"] = all = [];
            foreach (var secret in secrets) all.Add(secret!.DeepClone());
        }
        // These keep a workload's Pods apart; ours has to fit in beside them. A port of the node's own is taken by the Pod that still runs there; callers that use it don't get here.
        foreach (var port in ((string[])["initContainers", "containers"]).SelectMany(list => spec[list] as JsonArray ?? []).SelectMany(container => container!["ports"] as JsonArray ?? []).OfType<JsonObject>())
        {
            port.Remove("hostPort");
            port.Remove("hostIP");
        }
        (spec["affinity"] as JsonObject)?.Remove("podAntiAffinity");
        spec.Remove("topologySpreadConstraints");
        spec.Remove("schedulingGates");
        if (_workload.Kind == WorkloadKind.StatefulSet)
        {
            spec["hostname"] = Ordinal;
            if (_workload.Json["spec"]!["serviceName"] is { } service) spec["subdomain"] = service.DeepClone();
        }
        if (_node is not null) PinTo(_node, spec);
    }

    /// <summary>A volume that one node at a time may mount is where the workload's Pod is.</summary>
    private static void PinTo(string node, JsonObject spec)
    {
        var affinity = spec["affinity"] as JsonObject;
        if (affinity is null) spec["affinity"] = affinity = [];
        var nodeAffinity = affinity["nodeAffinity"] as JsonObject;
        if (nodeAffinity is null) affinity["nodeAffinity"] = nodeAffinity = [];
        // Terms are alternatives; what the template demanded holds for the node that its Pod runs on already.
        nodeAffinity["requiredDuringSchedulingIgnoredDuringExecution"] = new JsonObject
        {
            ["nodeSelectorTerms"] = new JsonArray(new JsonObject
            {
                ["matchFields"] = new JsonArray(new JsonObject { ["key"] = "metadata.name", ["operator"] = "In", ["values"] = new JsonArray(JsonValue.Create(node)) }),
            }),
        };
    }

    /// <summary>The Pod whose identity and claims the agent's Pod has.</summary>
    private string Ordinal => _workload.FirstPodName;

    private static bool IsRoot(JsonNode? id) => id is not null && id.GetValue<long>() == 0;

    private static JsonObject Copy(JsonNode? node) => node?.DeepClone().AsObject() ?? [];
}
