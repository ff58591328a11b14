using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Controllers;

/// <summary>Fails pods that live longer than their <c>activeDeadlineSeconds</c>; the node then ends their containers.</summary>
public sealed class DeadlineController(ObjectStore store, TimeProvider time) : Controller
{
    public override bool Concerns(WatchEvent change) => change.Kind == ResourceKinds.Pods;

    public override DateTimeOffset? Reconcile()
    {
        DateTimeOffset? next = null;
        foreach (var pod in store.List(ResourceKinds.Pods).Where(p => p.IsActive() && p.At("spec", "activeDeadlineSeconds") is not null))
        {
            if (ObjectJson.ParseTime(pod.At("status", "startTime").Text()) is not { } start)
                continue;
            var end = start.AddSeconds(pod.At("spec", "activeDeadlineSeconds").Number());
            if (end <= time.GetUtcNow())
            {
                store.UpdateStatus(ResourceKinds.Pods, pod.Namespace, pod.Name, p =>
                {
                    var status = p.Object("status");
                    status["phase"] = "Failed";
                    status["reason"] = "DeadlineExceeded";
                    status["message"] = "Pod was active on the node longer than the specified deadline";
                });
            }
            else
                next = next is null || end < next ? end : next;
        }
        return next;
    }
}
