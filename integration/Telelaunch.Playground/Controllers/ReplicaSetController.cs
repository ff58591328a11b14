using System.Text.Json.Nodes;
using Telelaunch.Playground.Api;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Controllers;

/// <summary>Keeps as many pods as a ReplicaSet wants.</summary>
public sealed class ReplicaSetController(ObjectStore store, ObjectWriter writer, EventRecorder events, TimeProvider time) : Controller
{
    private const string Component = "replicaset-controller";
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(60);

    // A refused pod isn't asked for again at once: 1 s, 2 s, 4 s … by the uid of its ReplicaSet.
    private readonly Dictionary<string, (DateTimeOffset Until, TimeSpan Pause)> _refused = [];

    public override bool Concerns(WatchEvent change) => change.Kind == ResourceKinds.ReplicaSets || change.Kind == ResourceKinds.Pods
        || change.Kind == ResourceKinds.ServiceAccounts;

    public override DateTimeOffset? Reconcile()
    {
        var sets = store.List(ResourceKinds.ReplicaSets);
        foreach (var gone in _refused.Keys.Except(sets.Select(s => s.Uid)).ToList())
            _refused.Remove(gone);
        foreach (var set in sets)
        {
            var pods = Adopt(set).Where(p => p.IsActive()).ToList();
            if (!set.IsTerminating)
                Scale(set, pods);
            UpdateStatus(set);
        }
        return _refused.Count == 0 ? null : _refused.Values.Min(r => r.Until);
    }

    /// <summary>The pods of the set: its own that still match, and fitting ones that nobody owns. Its own that no longer match are let go.</summary>
    private IEnumerable<JsonObject> Adopt(JsonObject set)
    {
        var selector = LabelSelector.OfObject(set.At("spec", "selector"))!;
        foreach (var pod in store.List(ResourceKinds.Pods, set.Namespace))
        {
            var (own, fits) = (pod.IsControlledBy(set), selector.Matches(pod));
            if (own && fits)
                yield return pod;
            else if (own && !pod.IsTerminating)
                store.UpdateStatus(ResourceKinds.Pods, pod.Namespace, pod.Name, p => p.Metadata.Remove("ownerReferences"));
            else if (fits && Owned.Controller(pod) is null && pod.IsActive() && !set.IsTerminating)
                yield return store.UpdateStatus(ResourceKinds.Pods, pod.Namespace, pod.Name, p => p.Metadata.Array("ownerReferences").Add(Owned.Reference(ResourceKinds.ReplicaSets, set)))!;
        }
    }

    private void Scale(JsonObject set, List<JsonObject> pods)
    {
        var wanted = set.At("spec", "replicas").Number();
        for (var missing = wanted - pods.Count; missing > 0; missing--)
        {
            if (!TryCreate(set))
                return;
        }
        foreach (var pod in pods.OrderBy(p => p.At("spec", "nodeName").Text().Length > 0).ThenBy(p => p.IsReady())
            .ThenByDescending(p => p.At("metadata", "creationTimestamp").Text(), StringComparer.Ordinal).Take((int)Math.Max(0, pods.Count - wanted)))
        {
            store.Delete(ResourceKinds.Pods, pod.Namespace, pod.Name);
            events.Record(set, "Normal", "SuccessfulDelete", $"Deleted pod: {pod.Name}", Component);
        }
    }

    private bool TryCreate(JsonObject set)
    {
        if (_refused.TryGetValue(set.Uid, out var refusal) && refusal.Until > time.GetUtcNow())
            return false;
        var pod = PodTemplate.Pod(set, ResourceKinds.ReplicaSets);
        pod.Metadata["generateName"] = $"{set.Name}-";
        try
        {
            var made = writer.Create(ResourceKinds.Pods, set.Namespace, pod, WriteContext.ForController());
            _refused.Remove(set.Uid);
            events.Record(set, "Normal", "SuccessfulCreate", $"Created pod: {made.Name}", Component);
            return true;
        }
        catch (StatusException e)
        {
            var pause = _refused.TryGetValue(set.Uid, out var last) ? TimeSpan.FromTicks(Math.Min(last.Pause.Ticks * 2, LongestPause.Ticks)) : TimeSpan.FromSeconds(1);
            _refused[set.Uid] = (time.GetUtcNow() + pause, pause);
            events.Record(set, "Warning", "FailedCreate", $"Error creating: {e.Message}", Component);
            store.UpdateStatus(ResourceKinds.ReplicaSets, set.Namespace, set.Name,
                s => Owned.SetCondition(s.Object("status"), "ReplicaFailure", true, "FailedCreate", e.Message, time.GetUtcNow()));
            return false;
        }
    }

    private void UpdateStatus(JsonObject set)
    {
        var own = store.List(ResourceKinds.Pods, set.Namespace).Where(p => p.IsControlledBy(set)).ToList();
        var pods = own.Where(p => p.IsActive()).ToList();
        store.UpdateStatus(ResourceKinds.ReplicaSets, set.Namespace, set.Name, s =>
        {
            var status = s.Object("status");
            status["replicas"] = pods.Count;
            Owned.SetCount(status, "fullyLabeledReplicas", pods.Count);
            Owned.SetCount(status, "readyReplicas", pods.Count(p => p.IsReady()));
            Owned.SetCount(status, "availableReplicas", pods.Count(p => p.IsReady()));
            status["terminatingReplicas"] = own.Count(p => p.IsTerminating);
            status["observedGeneration"] = s.At("metadata", "generation").Number();
            if (!_refused.ContainsKey(set.Uid))
                Owned.RemoveCondition(status, "ReplicaFailure");
        });
    }
}
