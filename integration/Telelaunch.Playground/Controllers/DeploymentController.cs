using System.Globalization;
using System.Text.Json.Nodes;
using Telelaunch.Playground.Api;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Controllers;

/// <summary>Turns a Deployment into ReplicaSets, one a template, and moves the pods from the old ones to the new one.</summary>
public sealed class DeploymentController(ObjectStore store, ObjectWriter writer, EventRecorder events, TimeProvider time) : Controller
{
    internal const string Revision = "deployment.kubernetes.io/revision";
    internal const string Hash = "pod-template-hash";
    private const string Component = "deployment-controller";

    public override bool Concerns(WatchEvent change) =>
        change.Kind == ResourceKinds.Deployments || change.Kind == ResourceKinds.ReplicaSets || change.Kind == ResourceKinds.Pods;

    public override DateTimeOffset? Reconcile()
    {
        DateTimeOffset? due = null;
        foreach (var deployment in store.List(ResourceKinds.Deployments))
        {
            var sets = store.List(ResourceKinds.ReplicaSets, deployment.Namespace).Where(s => s.IsControlledBy(deployment)).ToList();
            if (deployment.IsTerminating)
            {
                UpdateStatus(deployment, null, sets);
                continue;
            }
            if (deployment.At("spec", "paused").IsTrue())
            {
                ScalePaused(deployment, sets);
                sets = [.. store.List(ResourceKinds.ReplicaSets, deployment.Namespace).Where(s => s.IsControlledBy(deployment))];
                UpdateStatus(deployment, Matching(deployment, sets), sets);
                continue;
            }
            var current = Current(deployment, sets);
            sets = [.. store.List(ResourceKinds.ReplicaSets, deployment.Namespace).Where(s => s.IsControlledBy(deployment))];
            current = sets.First(s => s.Name == current.Name);
            Scale(deployment, current, [.. sets.Where(s => s.Name != current.Name)]);
            DeleteOld(deployment, current, sets);
            sets = [.. store.List(ResourceKinds.ReplicaSets, deployment.Namespace).Where(s => s.IsControlledBy(deployment))];
            var deadline = UpdateStatus(deployment, sets.First(s => s.Name == current.Name), sets);
            due = deadline is null ? due : due is null || deadline < due ? deadline : due;
        }
        return due;
    }

    /// <summary>The ReplicaSet of the present template; made if there is none.</summary>
    private JsonObject Current(JsonObject deployment, List<JsonObject> sets)
    {
        var template = (JsonObject)deployment.At("spec", "template")!;
        var last = sets.Select(s => RevisionOf(s)).DefaultIfEmpty(0).Max();
        var found = Matching(deployment, sets);
        if (found is null)
        {
            found = Create(deployment, template, last + 1);
            events.Record(deployment, "Normal", "ScalingReplicaSet", $"Scaled up replica set {found.Name} from 0 to {found.At("spec", "replicas").Number()}", Component);
            SetRevision(ResourceKinds.Deployments, deployment, last + 1);
        }
        else if (RevisionOf(found) < last)
        {
            SetRevision(ResourceKinds.ReplicaSets, found, last + 1);
            SetRevision(ResourceKinds.Deployments, deployment, last + 1);
        }
        else
            SetRevision(ResourceKinds.Deployments, deployment, last);
        return found;
    }

    private static JsonObject? Matching(JsonObject deployment, List<JsonObject> sets) => sets.Find(s => JsonNode.DeepEquals(WithoutHash(s), deployment.At("spec", "template")));

    /// <summary>A paused Deployment makes no ReplicaSet and moves no pods between them, but has as many as it wants.</summary>
    /// <remarks>Source: "Proportional scaling" in the Kubernetes documentation; what can't be shared out goes to the largest.</remarks>
    private void ScalePaused(JsonObject deployment, List<JsonObject> sets)
    {
        var desired = deployment.At("spec", "replicas").Number(1);
        var active = sets.Where(s => s.At("spec", "replicas").Number() > 0).OrderByDescending(s => s.At("spec", "replicas").Number()).ThenByDescending(RevisionOf).ToList();
        if (active.Count == 0 && (Matching(deployment, sets) ?? sets.MaxBy(RevisionOf)) is { } latest)
            active.Add(latest);
        var total = active.Sum(s => s.At("spec", "replicas").Number());
        if (total == desired)
            return;
        var left = desired;
        foreach (var set in active.Skip(1))
        {
            var share = set.At("spec", "replicas").Number() * desired / total;
            SetReplicas(deployment, set, share);
            left -= share;
        }
        if (active.Count > 0)
            SetReplicas(deployment, active[0], left);
    }

    private JsonObject Create(JsonObject deployment, JsonObject template, long revision)
    {
        var hash = NameSuffix.Of(JsonText.Compact(template));
        var labelled = template.Clone();
        labelled.Metadata.Object("labels")[Hash] = hash;
        var selector = deployment.At("spec", "selector")!.DeepClone();
        ((JsonObject)selector).Object("matchLabels")[Hash] = hash;
        var others = store.List(ResourceKinds.ReplicaSets, deployment.Namespace).Where(s => s.IsControlledBy(deployment)).Sum(s => s.At("spec", "replicas").Number());
        var (desired, surge, _) = Bounds(deployment);
        var made = new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["name"] = $"{deployment.Name}-{hash}",
                ["labels"] = labelled.At("metadata", "labels")!.DeepClone(),
                ["annotations"] = new JsonObject { [Revision] = revision.ToString(CultureInfo.InvariantCulture) },
                ["ownerReferences"] = new JsonArray(Owned.Reference(ResourceKinds.Deployments, deployment)),
            },
            ["spec"] = new JsonObject
            {
                ["replicas"] = IsRecreate(deployment) ? (others == 0 ? desired : 0) : Math.Clamp(desired + surge - others, 0, desired),
                ["selector"] = selector,
                ["template"] = labelled,
            },
        };
        if (deployment.At("spec", "minReadySeconds") is { } ready)
            made.Object("spec")["minReadySeconds"] = ready.DeepClone();
        return writer.Create(ResourceKinds.ReplicaSets, deployment.Namespace, made, WriteContext.ForController());
    }

    // At most desired + maxSurge pods, at least desired - maxUnavailable of them available.
    private void Scale(JsonObject deployment, JsonObject current, List<JsonObject> old)
    {
        var (desired, surge, unavailable) = Bounds(deployment);
        long Wanted(JsonObject set) => set.At("spec", "replicas").Number();
        long Available(JsonObject set) => set.At("status", "availableReplicas").Number();
        var total = Wanted(current) + old.Sum(Wanted);
        if (IsRecreate(deployment))
        {
            foreach (var set in old)
                SetReplicas(deployment, set, 0);
            if (old.All(s => s.At("status", "replicas").Number() == 0 && !HasPods(s)))
                SetReplicas(deployment, current, desired);
            return;
        }
        var goal = old.All(s => Wanted(s) == 0) || Wanted(current) > desired ? desired : Math.Min(desired, Wanted(current) + Math.Max(0, desired + surge - total));
        SetReplicas(deployment, current, goal);
        var removable = Wanted(current) + old.Sum(Wanted) - (desired - unavailable) - Math.Max(0, Wanted(current) - Available(current));
        foreach (var set in old.OrderBy(RevisionOf))
        {
            var broken = Math.Clamp(Wanted(set) - Available(set), 0, Math.Max(0, removable));
            var left = Math.Max(0, removable - broken);
            var spare = Math.Clamp(Math.Min(left, Available(current) + old.Sum(Available) - (desired - unavailable)), 0, Wanted(set) - broken);
            SetReplicas(deployment, set, Wanted(set) - broken - spare);
            removable -= broken + spare;
        }
    }

    private bool HasPods(JsonObject set) => store.List(ResourceKinds.Pods, set.Namespace).Any(p => p.IsControlledBy(set) && !p.HasEnded());

    private void SetReplicas(JsonObject deployment, JsonObject set, long replicas)
    {
        var was = set.At("spec", "replicas").Number();
        store.UpdateStatus(ResourceKinds.ReplicaSets, set.Namespace, set.Name, s =>
        {
            s.Object("spec")["replicas"] = replicas;
            var annotations = s.Metadata.Object("annotations");
            var (desired, surge, _) = Bounds(deployment);
            annotations["deployment.kubernetes.io/desired-replicas"] = desired.ToString(CultureInfo.InvariantCulture);
            annotations["deployment.kubernetes.io/max-replicas"] = (desired + surge).ToString(CultureInfo.InvariantCulture);
        });
        if (was == replicas)
            return;
        set.Object("spec")["replicas"] = replicas;
        events.Record(deployment, "Normal", "ScalingReplicaSet", $"Scaled {(replicas > was ? "up" : "down")} replica set {set.Name} from {was} to {replicas}", Component);
    }

    private void DeleteOld(JsonObject deployment, JsonObject current, List<JsonObject> sets)
    {
        var kept = deployment.At("spec", "revisionHistoryLimit").Number(10);
        var idle = sets.Where(s => s.Name != current.Name && s.At("spec", "replicas").Number() == 0 && s.At("status", "replicas").Number() == 0 && !s.IsTerminating)
            .OrderByDescending(RevisionOf).Skip((int)kept);
        foreach (var set in idle)
            store.Delete(ResourceKinds.ReplicaSets, set.Namespace, set.Name);
    }

    private DateTimeOffset? UpdateStatus(JsonObject deployment, JsonObject? current, List<JsonObject> sets)
    {
        var rollout = new Rollout(deployment, current, sets, store.List(ResourceKinds.Pods, deployment.Namespace), time.GetUtcNow());
        store.UpdateStatus(ResourceKinds.Deployments, deployment.Namespace, deployment.Name, rollout.Write);
        return rollout.Deadline;
    }

    private static (long Desired, long Surge, long Unavailable) Bounds(JsonObject deployment)
    {
        var desired = deployment.At("spec", "replicas").Number(1);
        var rolling = deployment.At("spec", "strategy", "rollingUpdate");
        var surge = rolling is null ? 0 : Owned.Scaled(rolling.At("maxSurge"), desired, roundUp: true);
        var unavailable = rolling is null ? desired : Owned.Scaled(rolling.At("maxUnavailable"), desired, roundUp: false);
        return (desired, surge, surge == 0 && unavailable == 0 ? 1 : Math.Min(unavailable, desired));
    }

    private static bool IsRecreate(JsonObject deployment) => deployment.At("spec", "strategy", "type").Text() == "Recreate";

    private static long RevisionOf(JsonObject set) => long.TryParse(set.Annotation(Revision), CultureInfo.InvariantCulture, out var revision) ? revision : 0;

    private void SetRevision(ResourceKind kind, JsonObject obj, long revision) =>
        store.UpdateStatus(kind, obj.Namespace, obj.Name, o => o.Metadata.Object("annotations")[Revision] = revision.ToString(CultureInfo.InvariantCulture));

    private static JsonObject WithoutHash(JsonObject set)
    {
        var template = ((JsonObject)set.At("spec", "template")!).Clone();
        (template.At("metadata", "labels") as JsonObject)?.Remove(Hash);
        return template;
    }
}
