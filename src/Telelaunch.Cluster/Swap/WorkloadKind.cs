namespace Telelaunch.Cluster;

/// <summary>A kind of the API group apps/v1 that has replicas and a Pod template.</summary>
public enum WorkloadKind
{
    Deployment,
    StatefulSet,

    /// <summary>One without a Deployment above it.</summary>
    ReplicaSet,
}

/// <summary>How the API spells a <see cref="WorkloadKind"/>.</summary>
public static class WorkloadKinds
{
    /// <summary>The name in paths and in rights: <c>deployments</c>.</summary>
    public static string Plural(this WorkloadKind kind) => kind switch
    {
        WorkloadKind.StatefulSet => "statefulsets",
        WorkloadKind.ReplicaSet => "replicasets",
        _ => "deployments",
    };

    /// <summary>The name that a person types: <c>deployment</c>.</summary>
    public static string Singular(this WorkloadKind kind) => kind.Plural()[..^1];

    /// <summary>Every spelling that kubectl takes.</summary>
    public static WorkloadKind? TryParse(string text) => text.ToLowerInvariant() switch
    {
        "deployment" or "deployments" or "deploy" or "deployment.apps" or "deployments.apps" or "deployment.v1.apps" or "deployments.v1.apps" => WorkloadKind.Deployment,
        "statefulset" or "statefulsets" or "sts" or "statefulset.apps" or "statefulsets.apps" or "statefulset.v1.apps" or "statefulsets.v1.apps" => WorkloadKind.StatefulSet,
        "replicaset" or "replicasets" or "rs" or "replicaset.apps" or "replicasets.apps" or "replicaset.v1.apps" or "replicasets.v1.apps" => WorkloadKind.ReplicaSet,
        _ => null,
    };
}
