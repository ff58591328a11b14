using System.Globalization;
using System.Text.Json.Nodes;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Controllers;

/// <summary>Writes v1 Events, in the two shapes that real clusters have.</summary>
/// <remarks>The same event again counts up instead of making another.</remarks>
public sealed class EventRecorder(ObjectStore store, TimeProvider time)
{
    /// <param name="component">Who tells: <c>replicaset-controller</c>.</param>
    public void Record(JsonObject about, string type, string reason, string message, string component)
    {
        var now = ObjectJson.Time(time.GetUtcNow());
        var same = store.List(ResourceKinds.Events, about.Namespace).FirstOrDefault(e =>
            e.At("involvedObject", "uid").Text() == about.Uid && e["reason"].Text() == reason && e["message"].Text() == message && e["eventTime"] is null);
        if (same is not null)
        {
            store.UpdateStatus(ResourceKinds.Events, same.Namespace, same.Name, e =>
            {
                e["count"] = e["count"].Number() + 1;
                e["lastTimestamp"] = now;
            });
            return;
        }
        var made = Body(about, type, reason, message);
        made["source"] = new JsonObject { ["component"] = component };
        made["firstTimestamp"] = now;
        made["lastTimestamp"] = now;
        made["count"] = 1;
        made["eventTime"] = null;
        made["reportingComponent"] = component;
        made["reportingInstance"] = "";
        store.Create(ResourceKinds.Events, made);
    }

    /// <summary>An event of the scheduler: with a precise time and an action, without a count.</summary>
    public void RecordScheduling(JsonObject pod, string type, string reason, string message, string action)
    {
        var made = Body(pod, type, reason, message);
        made["source"] = new JsonObject();
        made["firstTimestamp"] = null;
        made["lastTimestamp"] = null;
        made["eventTime"] = ObjectJson.MicroTime(time.GetUtcNow());
        made["action"] = action;
        made["reportingComponent"] = "default-scheduler";
        made["reportingInstance"] = "default-scheduler-node-1";
        store.Create(ResourceKinds.Events, made);
    }

    private JsonObject Body(JsonObject about, string type, string reason, string message) => new()
    {
        ["metadata"] = new JsonObject
        {
            ["name"] = $"{about.Name}.{time.GetUtcNow().UtcTicks.ToString("x16", CultureInfo.InvariantCulture)}{NameSuffix.Random(3)}",
            ["namespace"] = about.Namespace,
        },
        ["involvedObject"] = new JsonObject
        {
            ["kind"] = about["kind"].Text(),
            ["namespace"] = about.Namespace,
            ["name"] = about.Name,
            ["uid"] = about.Uid,
            ["apiVersion"] = about["apiVersion"].Text(),
            ["resourceVersion"] = about.At("metadata", "resourceVersion").Text(),
        },
        ["reason"] = reason,
        ["message"] = message,
        ["type"] = type,
    };
}
