using System.Text.Json.Nodes;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Controllers;

/// <summary>How far a Deployment has come: its <c>status</c>.</summary>
internal sealed class Rollout
{
    private readonly JsonObject? _current;
    private readonly DateTimeOffset _now;
    private readonly long _desired;
    private readonly long _minimum;
    private readonly long _replicas;
    private readonly long _ready;
    private readonly long _available;
    private readonly long _updated;
    private readonly long _terminating;
    private readonly JsonObject? _failure;

    public Rollout(JsonObject deployment, JsonObject? current, List<JsonObject> sets, IReadOnlyList<JsonObject> pods, DateTimeOffset now)
    {
        long Sum(string key) => sets.Sum(s => s.At("status", key).Number());
        (_current, _now) = (current, now);
        _desired = deployment.At("spec", "replicas").Number(1);
        _minimum = _desired - (deployment.At("spec", "strategy", "rollingUpdate") is { } rolling ? Owned.Scaled(rolling.At("maxUnavailable"), _desired, roundUp: false) : _desired);
        (_replicas, _ready, _available) = (Sum("replicas"), Sum("readyReplicas"), Sum("availableReplicas"));
        _updated = current?.At("status", "replicas").Number() ?? 0;
        _terminating = pods.Count(p => p.IsTerminating && sets.Any(s => p.IsControlledBy(s)));
        _failure = sets.Select(s => s.Condition("ReplicaFailure")).FirstOrDefault(c => c is not null);
    }

    /// <summary>When the rollout is to be called failed unless it moves on; null once it is complete or has failed.</summary>
    public DateTimeOffset? Deadline { get; private set; }

    public void Write(JsonObject deployment)
    {
        var status = deployment.Object("status");
        var before = (status["updatedReplicas"].Number(), status["replicas"].Number(), status["availableReplicas"].Number());
        status["observedGeneration"] = deployment.At("metadata", "generation").Number();
        Owned.SetCount(status, "replicas", _replicas);
        Owned.SetCount(status, "updatedReplicas", _updated);
        Owned.SetCount(status, "readyReplicas", _ready);
        Owned.SetCount(status, "availableReplicas", _available);
        Owned.SetCount(status, "unavailableReplicas", Math.Max(0, Math.Max(_desired, _replicas) - _available));
        status["terminatingReplicas"] = _terminating;
        if (deployment.At("spec", "paused").IsTrue())
            Owned.SetCondition(status, "Progressing", "Unknown", "DeploymentPaused", "Deployment is paused", _now);
        if (_current is null)
            return;
        var enough = _available >= _minimum;
        Owned.SetCondition(status, "Available", enough, enough ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
            enough ? "Deployment has minimum availability." : "Deployment does not have minimum availability.", _now);
        if (_failure is null)
            Owned.RemoveCondition(status, "ReplicaFailure");
        else
            Owned.SetCondition(status, "ReplicaFailure", true, _failure["reason"].Text(), _failure["message"].Text(), _now);
        if (!deployment.At("spec", "paused").IsTrue())
            Progress(deployment, status, moved: before != (_updated, _replicas, _available));
    }

    // A complete rollout stays complete when pods come and go later; only a new template or a new ReplicaSet begins another.
    private void Progress(JsonObject deployment, JsonObject status, bool moved)
    {
        var name = _current!.Name;
        var condition = status["conditions"].Items().FirstOrDefault(c => c["type"].Text() == "Progressing");
        var known = condition is not null && condition["message"].Text().Contains($"\"{name}\"", StringComparison.Ordinal);
        if (_updated == _desired && _replicas == _desired && _available == _desired)
            Owned.SetCondition(status, "Progressing", true, "NewReplicaSetAvailable", $"ReplicaSet \"{name}\" has successfully progressed.", _now);
        else if (!known)
            Owned.SetCondition(status, "Progressing", true, "NewReplicaSetCreated", $"Created new replica set \"{name}\"", _now);
        else if (condition!["reason"].Text() != "NewReplicaSetAvailable")
        {
            var limit = ObjectJson.ParseTime(condition["lastUpdateTime"].Text())!.Value.AddSeconds(deployment.At("spec", "progressDeadlineSeconds").Number(600));
            if (moved && (_updated > 0 || condition["reason"].Text() == "ReplicaSetUpdated"))
                Owned.SetCondition(status, "Progressing", true, "ReplicaSetUpdated", $"ReplicaSet \"{name}\" is progressing.", _now);
            else if (limit <= _now)
                Owned.SetCondition(status, "Progressing", false, "ProgressDeadlineExceeded", $"ReplicaSet \"{name}\" has timed out progressing.", _now);
            else
                Deadline = limit;
        }
    }
}
