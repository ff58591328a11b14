using System.Text.Json.Nodes;
using Telelaunch.Playground.Access;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Controllers;

/// <summary>Binds each new pod to the node, or says why it can't be.</summary>
public sealed class Scheduler(ObjectStore store, EventRecorder events, TimeProvider time) : Controller
{
    public override bool Concerns(WatchEvent change) => change.Kind == ResourceKinds.Pods || change.Kind == ResourceKinds.Nodes;

    public override DateTimeOffset? Reconcile()
    {
        var nodes = store.List(ResourceKinds.Nodes);
        foreach (var pod in store.List(ResourceKinds.Pods).Where(p => p.IsActive() && p.At("spec", "nodeName").Text().Length == 0 && p.At("spec", "schedulerName").Text() == "default-scheduler"))
        {
            var reasons = nodes.Select(n => Obstacle(pod, n)).ToList();
            var at = reasons.IndexOf(null);
            if (at >= 0)
                Bind(pod, nodes[at].Name);
            else
                Refuse(pod, Message(reasons!));
        }
        return null;
    }

    private void Bind(JsonObject pod, string node)
    {
        store.UpdateStatus(ResourceKinds.Pods, pod.Namespace, pod.Name, p =>
        {
            p.Object("spec")["nodeName"] = node;
            SetScheduled(p, "True", null, null);
        });
        events.RecordScheduling(pod, "Normal", "Scheduled", $"Successfully assigned {pod.Namespace}/{pod.Name} to {node}", "Binding");
    }

    private void Refuse(JsonObject pod, string message)
    {
        if (pod.Condition("PodScheduled")?["message"].Text() == message)
            return;
        store.UpdateStatus(ResourceKinds.Pods, pod.Namespace, pod.Name, p => SetScheduled(p, "False", "Unschedulable", message));
        events.RecordScheduling(pod, "Warning", "FailedScheduling", message, "Scheduling");
    }

    private void SetScheduled(JsonObject pod, string status, string? reason, string? message)
    {
        var conditions = pod.Object("status").Array("conditions");
        if (pod.Condition("PodScheduled") is { } old)
            conditions.Remove(old);
        var made = new JsonObject
        {
            ["type"] = "PodScheduled",
            ["observedGeneration"] = pod.At("metadata", "generation").Number(),
            ["status"] = status,
            ["lastProbeTime"] = null,
            ["lastTransitionTime"] = ObjectJson.Time(time.GetUtcNow()),
        };
        if (reason is not null)
            made["reason"] = reason;
        if (message is not null)
            made["message"] = message;
        conditions.Add(made);
    }

    private string? Obstacle(JsonObject pod, JsonObject node)
    {
        if (pod.At("spec", "nodeSelector").Strings().Any(s => node.Label(s.Key) != s.Value))
            return "node(s) didn't match Pod's node affinity/selector";
        var present = store.List(ResourceKinds.Pods).Where(p => p.At("spec", "nodeName").Text() == node.Name && !p.HasEnded()).ToList();
        foreach (var resource in (string[])["cpu", "memory"])
        {
            var free = Quantity.Parse(node.At("status", "allocatable", resource).Text()) - present.Sum(p => Requested(p, resource));
            if (Requested(pod, resource) is > 0 and var wanted && wanted > free)
                return $"Insufficient {resource}";
        }
        return null;
    }

    private static decimal Requested(JsonObject pod, string resource) =>
        pod.At("spec", "containers").Items().Sum(c => Quantity.Parse(c.At("resources", "requests", resource).Text()));

    private static string Message(List<string> reasons)
    {
        var count = reasons.Count;
        if (count == 0)
            return "no nodes available to schedule pods";
        var all = string.Join(", ", reasons.GroupBy(r => r).Select(g => $"{g.Count()} {g.Key}"));
        return $"0/{count} nodes are available: {all}. no new claims to deallocate, preemption: 0/{count} nodes are available: {count} Preemption is not helpful for scheduling.";
    }
}
