using System.Globalization;
using System.Text.Json.Nodes;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Node.Pods;

/// <summary>Writes the kubelet's Events; the same again counts up.</summary>
internal sealed class PodEvents(ObjectStore store, TimeProvider time)
{
    public const string NodeName = "node-1";

    private readonly Lock _lock = new();
    private readonly Dictionary<(string Uid, string Reason, string Message, string Field), string> _known = [];

    /// <param name="container">Its name, or null for an event of the whole pod.</param>
    /// <param name="init">True for an init container.</param>
    public void Write(JsonObject pod, string type, string reason, string message, string? container = null, bool init = false)
    {
        var field = container is null ? "" : $"spec.{(init ? "initContainers" : "containers")}{{{container}}}";
        var now = ObjectJson.Time(time.GetUtcNow());
        lock (_lock)
        {
            var key = (pod.Uid, reason, message, field);
            if (_known.TryGetValue(key, out var name) && store.Modify(ResourceKinds.Events, pod.Namespace, name, e => CountUp(e, now)) is not null)
                return;
            name = string.Create(CultureInfo.InvariantCulture, $"{pod.Name}.{time.GetUtcNow().UtcTicks - DateTime.UnixEpoch.Ticks:x}{Random.Shared.Next(16):x}");
            _known[key] = name;
            try
            {
                store.Create(ResourceKinds.Events, New(pod, name, type, reason, message, field, now));
            }
            catch (StatusException)
            {
                // The namespace is going: nobody will read it.
            }
        }
    }

    private static JsonObject CountUp(JsonObject existing, string now)
    {
        existing["count"] = existing["count"].Number(1) + 1;
        existing["lastTimestamp"] = now;
        return existing;
    }

    private static JsonObject New(JsonObject pod, string name, string type, string reason, string message, string field, string now)
    {
        var involved = new JsonObject
        {
            ["kind"] = "Pod",
            ["namespace"] = pod.Namespace,
            ["name"] = pod.Name,
            ["uid"] = pod.Uid,
            ["apiVersion"] = "v1",
            ["resourceVersion"] = pod.At("metadata", "resourceVersion").Text(),
        };
        if (field.Length > 0)
            involved["fieldPath"] = field;
        return new()
        {
            ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = pod.Namespace },
            ["involvedObject"] = involved,
            ["reason"] = reason,
            ["message"] = message,
            ["source"] = new JsonObject { ["component"] = "kubelet", ["host"] = NodeName },
            ["firstTimestamp"] = now,
            ["lastTimestamp"] = now,
            ["count"] = 1,
            ["type"] = type,
            ["eventTime"] = null,
            ["reportingComponent"] = "kubelet",
            ["reportingInstance"] = NodeName,
        };
    }
}
