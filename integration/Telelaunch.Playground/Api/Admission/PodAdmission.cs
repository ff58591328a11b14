using System.Text.Json.Nodes;
using Telelaunch.Playground.Access;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Api.Admission;

/// <summary>What is done to a pod, and asked of it, before it is stored: service account, limits, Pod Security, quota.</summary>
public sealed class PodAdmission(ObjectStore store)
{
    private const string TokenPath = "/var/run/secrets/kubernetes.io/serviceaccount";

    /// <summary>Sets the service account and projects its token into every container, unless that is turned off.</summary>
    public void Mutate(JsonObject pod)
    {
        var spec = pod.Object("spec");
        var name = spec["serviceAccountName"].Text() is { Length: > 0 } given ? given : "default";
        spec["serviceAccountName"] = name;
        spec["serviceAccount"] = name;
        var account = store.Get(ResourceKinds.ServiceAccounts, pod.Namespace, name)
            ?? throw Forbidden(pod, $"error looking up service account {pod.Namespace}/{name}: serviceaccount \"{name}\" not found");
        if (spec["imagePullSecrets"] is null && account["imagePullSecrets"].IsFilled())
            spec["imagePullSecrets"] = account["imagePullSecrets"]!.DeepClone();
        PodQuota.ApplyLimitRanges(store, pod);
        var wanted = spec["automountServiceAccountToken"] ?? account["automountServiceAccountToken"];
        if (wanted is null || wanted.IsTrue())
            MountToken(spec);
    }

    /// <summary>Refuses a pod that the namespace's level doesn't allow.</summary>
    /// <param name="warnings">Gets what the <c>warn</c> level would not allow.</param>
    public void CheckSecurity(JsonObject pod, ICollection<string> warnings)
    {
        var ns = store.Get(ResourceKinds.Namespaces, "", pod.Namespace);
        if (PodSecurity.Level(ns, "enforce") is { } level && PodSecurity.Violations(level, pod.Object("spec")) is { Count: > 0 } violations)
            throw Forbidden(pod, $"violates PodSecurity \"{level}:latest\": {PodSecurity.Describe(violations)}");
        Warn(ns, pod.Object("spec"), "warn", warnings);
    }

    /// <summary>A workload is stored whatever its pods look like, but its owner is warned.</summary>
    public void WarnAboutTemplate(JsonObject workload, ICollection<string> warnings)
    {
        var ns = store.Get(ResourceKinds.Namespaces, "", workload.Namespace);
        var mode = PodSecurity.Level(ns, "warn") is not null ? "warn" : "enforce";
        if (workload.At("spec", "template", "spec") is JsonObject spec)
            Warn(ns, spec, mode, warnings);
    }

    /// <summary>Warns of pods that a new level of a namespace would have refused.</summary>
    public void WarnAboutNamespace(JsonObject ns, JsonObject old, ICollection<string> warnings)
    {
        if (PodSecurity.Level(ns, "enforce") is not { } level || level == PodSecurity.Level(old, "enforce"))
            return;
        var violating = store.List(ResourceKinds.Pods, ns.Name).Select(p => (p.Name, Violations: PodSecurity.Violations(level, p.Object("spec"))))
            .Where(p => p.Violations.Count > 0).ToList();
        if (violating.Count == 0)
            return;
        warnings.Add($"existing pods in namespace \"{ns.Name}\" violate the new PodSecurity enforce level \"{level}:latest\"");
        foreach (var (name, violations) in violating)
            warnings.Add($"{name}: {string.Join(", ", violations.Select(v => v.Rule).Distinct())}");
    }

    public void CheckQuota(JsonObject pod) => PodQuota.Check(store, pod);

    private static void Warn(JsonObject? ns, JsonObject spec, string mode, ICollection<string> warnings)
    {
        if (PodSecurity.Level(ns, mode) is { } level && PodSecurity.Violations(level, spec) is { Count: > 0 } violations)
            warnings.Add($"would violate PodSecurity \"{level}:latest\": {PodSecurity.Describe(violations)}");
    }

    private static void MountToken(JsonObject spec)
    {
        var containers = spec["containers"].Items().Concat(spec["initContainers"].Items()).ToList();
        var without = containers.Where(c => !c["volumeMounts"].Items().Any(m => m["mountPath"].Text() == TokenPath)).ToList();
        if (without.Count == 0)
            return;
        var name = $"kube-api-access-{NameSuffix.Random(5)}";
        spec.Array("volumes").Add(TokenVolume(name));
        foreach (var container in without)
            container.Array("volumeMounts").Add(new JsonObject { ["name"] = name, ["readOnly"] = true, ["mountPath"] = TokenPath });
    }

    private static JsonObject TokenVolume(string name) => (JsonObject)JsonNode.Parse($$$"""
        {"name": "{{{name}}}", "projected": {"sources": [
          {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
          {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
          {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]}}
        ], "defaultMode": 420}}
        """)!;

    private static StatusException Forbidden(JsonObject pod, string why) =>
        new(403, "Forbidden", $"pods \"{pod.Name}\" is forbidden: {why}", StatusException.DetailsOf(ResourceKinds.Pods, pod.Name));
}
