using System.Globalization;
using System.Text.Json.Nodes;
using Telelaunch.Playground.Api;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Controllers;

/// <summary>Keeps the pods NAME-0, NAME-1, … of a StatefulSet, one after the other unless they may start in parallel.</summary>
public sealed class StatefulSetController(ObjectStore store, ObjectWriter writer, EventRecorder events, TimeProvider time) : Controller
{
    private const string RevisionLabel = "controller-revision-hash";
    private const string Component = "statefulset-controller";
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);

    private DateTimeOffset? _retry;

    public override bool Concerns(WatchEvent change) => change.Kind == ResourceKinds.StatefulSets || change.Kind == ResourceKinds.Pods;

    public override DateTimeOffset? Reconcile()
    {
        if (_retry <= time.GetUtcNow())
            _retry = null;
        foreach (var set in store.List(ResourceKinds.StatefulSets))
        {
            var revision = $"{set.Name}-{NameSuffix.Of(JsonText.Compact(set.At("spec", "template")!))}";
            if (!set.IsTerminating)
                Scale(set, revision);
            UpdateStatus(set, revision);
        }
        return _retry;
    }

    private void Scale(JsonObject set, string revision)
    {
        var wanted = set.At("spec", "replicas").Number();
        var parallel = set.At("spec", "podManagementPolicy").Text() == "Parallel";
        var pods = Pods(set);
        for (var ordinal = 0; ordinal < wanted; ordinal++)
        {
            var pod = pods.GetValueOrDefault(ordinal);
            if (pod is { } ended && ended.HasEnded() && !ended.IsTerminating)
                store.Delete(ResourceKinds.Pods, ended.Namespace, ended.Name, graceSeconds: 0);
            else if (pod is null && !TryCreate(set, ordinal, revision))
                return;
            if (!parallel && (pod is null || !pod.IsReady() || pod.IsTerminating))
                return;
        }
        foreach (var (_, pod) in pods.Where(p => p.Key >= wanted).OrderByDescending(p => p.Key))
        {
            if (!pod.IsTerminating)
                Delete(set, pod);
            if (!parallel)
                return;
        }
        Update(set, pods, revision);
    }

    // From the highest ordinal down, each only when all others are ready.
    private void Update(JsonObject set, SortedDictionary<int, JsonObject> pods, string revision)
    {
        if (set.At("spec", "updateStrategy", "type").Text() == "OnDelete" || pods.Values.Any(p => p.IsTerminating || !p.IsReady()))
            return;
        var partition = set.At("spec", "updateStrategy", "rollingUpdate", "partition").Number();
        var stale = pods.Where(p => p.Key >= partition && p.Value.Label(RevisionLabel) != revision).OrderByDescending(p => p.Key).Select(p => p.Value).FirstOrDefault();
        if (stale is not null)
            Delete(set, stale);
    }

    private bool TryCreate(JsonObject set, int ordinal, string revision)
    {
        if (_retry is not null)
            return false;
        var name = $"{set.Name}-{ordinal}";
        var pod = PodTemplate.Pod(set, ResourceKinds.StatefulSets);
        pod.Metadata["name"] = name;
        var labels = pod.Metadata.Object("labels");
        labels["statefulset.kubernetes.io/pod-name"] = name;
        labels["apps.kubernetes.io/pod-index"] = ordinal.ToString(CultureInfo.InvariantCulture);
        labels[RevisionLabel] = revision;
        var spec = pod.Object("spec");
        spec["hostname"] = name;
        spec["subdomain"] = set.At("spec", "serviceName").Text();
        try
        {
            Claims(set, name, spec);
            writer.Create(ResourceKinds.Pods, set.Namespace, pod, WriteContext.ForController());
            events.Record(set, "Normal", "SuccessfulCreate", $"create Pod {name} in StatefulSet {set.Name} successful", Component);
            return true;
        }
        catch (StatusException e)
        {
            _retry = time.GetUtcNow() + RetryAfter;
            events.Record(set, "Warning", "FailedCreate", $"create Pod {name} in StatefulSet {set.Name} failed error: {e.Message}", Component);
            return false;
        }
    }

    private void Claims(JsonObject set, string pod, JsonObject spec)
    {
        foreach (var template in set.At("spec", "volumeClaimTemplates").Items())
        {
            var claim = template.Clone();
            claim.Metadata["name"] = $"{template.Name}-{pod}";
            if (store.Get(ResourceKinds.PersistentVolumeClaims, set.Namespace, claim.Name) is null)
                writer.Create(ResourceKinds.PersistentVolumeClaims, set.Namespace, claim, WriteContext.ForController());
            spec.Array("volumes").Add(new JsonObject
            {
                ["name"] = template.Name,
                ["persistentVolumeClaim"] = new JsonObject { ["claimName"] = claim.Name },
            });
        }
    }

    private void Delete(JsonObject set, JsonObject pod)
    {
        store.Delete(ResourceKinds.Pods, pod.Namespace, pod.Name);
        events.Record(set, "Normal", "SuccessfulDelete", $"delete Pod {pod.Name} in StatefulSet {set.Name} successful", Component);
    }

    private SortedDictionary<int, JsonObject> Pods(JsonObject set)
    {
        var found = new SortedDictionary<int, JsonObject>();
        foreach (var pod in store.List(ResourceKinds.Pods, set.Namespace).Where(p => p.IsControlledBy(set)))
        {
            if (int.TryParse(pod.Name[(set.Name.Length + 1)..], CultureInfo.InvariantCulture, out var ordinal))
                found[ordinal] = pod;
        }
        return found;
    }

    private void UpdateStatus(JsonObject set, string revision)
    {
        var pods = Pods(set).Values.ToList();
        var updated = pods.Count(p => p.Label(RevisionLabel) == revision);
        var ready = pods.Count(p => p.IsReady());
        store.UpdateStatus(ResourceKinds.StatefulSets, set.Namespace, set.Name, s =>
        {
            var status = s.Object("status");
            status["observedGeneration"] = s.At("metadata", "generation").Number();
            status["replicas"] = pods.Count;
            Owned.SetCount(status, "readyReplicas", ready);
            status["availableReplicas"] = ready;
            var done = updated == pods.Count && updated == s.At("spec", "replicas").Number() && ready == updated;
            if (done || status["currentRevision"] is null)
                status["currentRevision"] = revision;
            status["updateRevision"] = revision;
            var current = status["currentRevision"].Text();
            Owned.SetCount(status, "currentReplicas", pods.Count(p => p.Label(RevisionLabel) == current));
            Owned.SetCount(status, "updatedReplicas", updated);
            status["collisionCount"] = 0;
        });
    }
}
