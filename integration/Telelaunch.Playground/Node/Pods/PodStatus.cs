using System.Text.Json.Nodes;
using Telelaunch.Playground.Node.Network;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Node.Pods;

/// <summary>What the node knows of a pod at one moment, for its <c>status</c>.</summary>
internal sealed record PodPicture(string Phase, DateTimeOffset StartTime, string? PodIp, bool HasSandbox)
{
    public required IReadOnlyList<ContainerState> Init { get; init; }

    public required IReadOnlyList<ContainerState> Containers { get; init; }

    /// <summary>True when every init container has ended well.</summary>
    public bool IsInitialized { get; init; }

    /// <summary>True once its deadline has passed: it isn't ready any more, while its containers still end.</summary>
    public bool IsOverdue { get; init; }

    public string? Reason { get; init; }

    public string? Message { get; init; }
}

/// <summary>Writes a pod's <c>status</c> as a kubelet does.</summary>
internal static class PodStatus
{
    public static void Write(JsonObject pod, PodPicture picture, DateTimeOffset now)
    {
        var old = pod.Object("status");
        var status = new JsonObject { ["observedGeneration"] = pod.At("metadata", "generation").Number(1), ["phase"] = picture.Phase };
        status["conditions"] = Conditions(pod, old, picture, ObjectJson.Time(now));
        if (picture.Message is not null)
            status["message"] = picture.Message;
        if (picture.Reason is not null)
            status["reason"] = picture.Reason;
        status["hostIP"] = PodNetwork.NodeAddress.ToString();
        status["hostIPs"] = new JsonArray(new JsonObject { ["ip"] = PodNetwork.NodeAddress.ToString() });
        if (picture.PodIp is not null)
        {
            status["podIP"] = picture.PodIp;
            status["podIPs"] = new JsonArray(new JsonObject { ["ip"] = picture.PodIp });
        }
        status["startTime"] = ObjectJson.Time(picture.StartTime);
        if (picture.Init.Count > 0)
            status["initContainerStatuses"] = Statuses(pod, "initContainers", picture.Init);
        status["containerStatuses"] = Statuses(pod, "containers", picture.Containers);
        if (old["qosClass"] is { } qos)
            status["qosClass"] = qos.DeepClone();
        pod["status"] = status;
    }

    /// <summary>A pod that the node doesn't take at all.</summary>
    public static void WriteRejected(JsonObject pod, string reason, string message, DateTimeOffset now)
    {
        var old = pod.Object("status");
        pod["status"] = new JsonObject
        {
            ["observedGeneration"] = pod.At("metadata", "generation").Number(1),
            ["phase"] = "Failed",
            ["message"] = $"Pod was rejected: {message}",
            ["reason"] = reason,
            ["startTime"] = ObjectJson.Time(now),
            ["qosClass"] = old["qosClass"]?.DeepClone(),
        };
    }

    private static JsonArray Statuses(JsonObject pod, string list, IReadOnlyList<ContainerState> states)
    {
        var specs = pod.At("spec", list).Items().ToDictionary(c => c["name"].Text());
        var array = new JsonArray();
        foreach (var state in states)
            array.Add((JsonNode)state.ToStatus(specs[state.Name]));
        return array;
    }

    private static JsonArray Conditions(JsonObject pod, JsonObject old, PodPicture picture, string now)
    {
        var unready = picture.Containers.Where(c => !c.Ready).Select(c => c.Name).ToList();
        var uninitialized = picture.Init.Where(c => c.ExitCode != 0).Select(c => c.Name).ToList();
        var over = picture.Phase switch { "Succeeded" => "PodCompleted", "Failed" => "PodFailed", _ => picture.IsOverdue ? "PodFailed" : null };
        var (notReady, why) = over is not null ? (over, null) : ("ContainersNotReady", $"containers with unready status: [{string.Join(' ', unready)}]");
        var gates = pod.At("spec", "readinessGates").Items().Select(g => g["conditionType"].Text())
            .Where(t => pod.Condition(t) is not { } c || c["status"].Text() != "True").ToList();
        var conditions = new JsonArray();
        Add("PodReadyToStartContainers", picture.HasSandbox);
        if (picture.IsInitialized)
            Add("Initialized", true, over == "PodCompleted" ? over : null);
        else
            Add("Initialized", false, "ContainersNotInitialized", $"containers with incomplete status: [{string.Join(' ', uninitialized)}]");
        var ready = over is null && unready.Count == 0;
        if (ready && gates.Count > 0)
            Add("Ready", false, "ReadinessGatesNotReady", string.Join(", ", gates.Select(g => pod.Condition(g) is null
                ? $"corresponding condition of pod readiness gate \"{g}\" does not exist." : $"the status of pod readiness gate \"{g}\" is not \"True\", but {pod.Condition(g)!["status"].Text()}")));
        else
            Add("Ready", ready, ready ? null : notReady, ready ? null : why);
        Add("ContainersReady", ready, ready ? null : notReady, ready ? null : why);
        var own = conditions.Items().Select(c => c["type"].Text()).ToHashSet();
        foreach (var foreign in old["conditions"].Items().Where(c => !own.Contains(c["type"].Text())).ToList())
            conditions.Add((JsonNode)foreign.Clone());
        return conditions;

        void Add(string type, bool value, string? reason = null, string? message = null)
        {
            var text = value ? "True" : "False";
            var before = old["conditions"].Items().FirstOrDefault(c => c["type"].Text() == type);
            var condition = new JsonObject
            {
                ["type"] = type,
                ["observedGeneration"] = pod.At("metadata", "generation").Number(1),
                ["status"] = text,
                ["lastProbeTime"] = null,
                ["lastTransitionTime"] = before?["status"].Text() == text ? before["lastTransitionTime"].Text() : now,
            };
            if (reason is not null)
                condition["reason"] = reason;
            if (message is not null)
                condition["message"] = message;
            conditions.Add((JsonNode)condition);
        }
    }
}
