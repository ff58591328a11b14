using System.Text.Json.Nodes;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Api.Admission;

/// <summary>Fills in what the real server fills in, before an object is validated and stored.</summary>
public static class Defaults
{
    public static void Apply(ResourceKind kind, JsonObject obj)
    {
        if (kind == ResourceKinds.Pods)
            Pod(obj.Object("spec"), isTemplate: false);
        else if (kind == ResourceKinds.Services)
            Service(obj.Object("spec"));
        else if (kind == ResourceKinds.Deployments || kind == ResourceKinds.ReplicaSets || kind == ResourceKinds.StatefulSets)
            Workload(kind, obj.Object("spec"));
        else if (kind == ResourceKinds.Jobs)
            Job(obj);
        else if (kind == ResourceKinds.Namespaces)
            Namespace(obj);
        else if (kind == ResourceKinds.Secrets)
            Secret(obj);
        else if (kind == ResourceKinds.PersistentVolumeClaims)
            obj.Object("spec").Default("volumeMode", "Filesystem");
        else if (kind == ResourceKinds.RoleBindings || kind == ResourceKinds.ClusterRoleBindings)
            Binding(obj);
    }

    /// <summary>The status that a new object begins with, or null for none.</summary>
    public static JsonObject? InitialStatus(ResourceKind kind, JsonObject obj)
    {
        if (kind == ResourceKinds.Pods)
            return new() { ["phase"] = "Pending", ["qosClass"] = QosClass(obj) };
        if (kind == ResourceKinds.Namespaces)
            return new() { ["phase"] = "Active" };
        if (kind == ResourceKinds.Services)
            return new() { ["loadBalancer"] = new JsonObject() };
        if (kind == ResourceKinds.StatefulSets)
            return new() { ["replicas"] = 0, ["availableReplicas"] = 0 };
        if (kind == ResourceKinds.ReplicaSets)
            return new() { ["replicas"] = 0 };
        if (kind == ResourceKinds.PersistentVolumeClaims)
            return new() { ["phase"] = "Pending" };
        return kind.HasSubresource("status") ? [] : null;
    }

    internal static void Pod(JsonObject spec, bool isTemplate)
    {
        spec.Default("restartPolicy", "Always");
        spec.Default("terminationGracePeriodSeconds", 30);
        spec.Default("dnsPolicy", "ClusterFirst");
        spec.Default("securityContext", new JsonObject());
        spec.Default("schedulerName", "default-scheduler");
        if (spec["serviceAccountName"].Text() is { Length: > 0 } account)
            spec["serviceAccount"] = account;
        foreach (var list in (string[])["containers", "initContainers", "ephemeralContainers"])
        {
            foreach (var container in spec[list].Items())
                Container(container, isEphemeral: list[0] == 'e');
        }
        foreach (var volume in spec["volumes"].Items())
            Volume(volume);
        if (isTemplate)
            return;
        spec.Default("enableServiceLinks", true);
        spec.Default("priority", 0);
        spec.Default("preemptionPolicy", "PreemptLowerPriority");
        if (spec["tolerations"] is null)
            spec["tolerations"] = new JsonArray(Toleration("not-ready"), Toleration("unreachable"));
    }

    private static JsonObject Toleration(string taint) => new()
    {
        ["key"] = $"node.kubernetes.io/{taint}",
        ["operator"] = "Exists",
        ["effect"] = "NoExecute",
        ["tolerationSeconds"] = 300,
    };

    private static void Container(JsonObject container, bool isEphemeral)
    {
        if (container["resources"] is not JsonObject resources)
            container["resources"] = resources = [];
        foreach (var (name, amount) in resources["limits"].Strings().ToList())
            resources.Object("requests").Default(name, amount);
        container.Default("terminationMessagePath", "/dev/termination-log");
        container.Default("terminationMessagePolicy", "File");
        var image = container["image"].Text();
        container.Default("imagePullPolicy", image.EndsWith(":latest", StringComparison.Ordinal) || !image[(image.LastIndexOf('/') + 1)..].Contains(':') ? "Always" : "IfNotPresent");
        foreach (var port in container["ports"].Items())
            port.Default("protocol", "TCP");
        if (isEphemeral)
            return;
        foreach (var probe in (string[])["readinessProbe", "livenessProbe", "startupProbe"])
        {
            if (container[probe] is JsonObject set)
                Probe(set);
        }
        foreach (var env in container["env"].Items())
        {
            if (env.At("valueFrom", "fieldRef") is JsonObject field)
                field.Default("apiVersion", "v1");
        }
    }

    private static void Probe(JsonObject probe)
    {
        probe.Default("timeoutSeconds", 1);
        probe.Default("periodSeconds", 10);
        probe.Default("successThreshold", 1);
        probe.Default("failureThreshold", 3);
        if (probe["httpGet"] is not JsonObject http)
            return;
        http.Default("path", "/");
        http.Default("scheme", "HTTP");
    }

    private static void Volume(JsonObject volume)
    {
        foreach (var type in (string[])["secret", "configMap", "downwardAPI", "projected"])
        {
            if (volume[type] is JsonObject source)
                source.Default("defaultMode", 420);
        }
        foreach (var source in volume.At("projected", "sources").Items())
        {
            if (source["serviceAccountToken"] is JsonObject token)
                token.Default("expirationSeconds", 3600);
        }
    }

    private static void Service(JsonObject spec)
    {
        spec.Default("type", "ClusterIP");
        spec.Default("sessionAffinity", "None");
        foreach (var port in spec["ports"].Items())
        {
            port.Default("protocol", "TCP");
            if (port["port"] is { } number)
                port.Default("targetPort", number.DeepClone());
        }
        var type = spec["type"].Text();
        if (type == "ExternalName")
            return;
        spec.Default("internalTrafficPolicy", "Cluster");
        if (type is "NodePort" or "LoadBalancer")
            spec.Default("externalTrafficPolicy", "Cluster");
    }

    private static void Workload(ResourceKind kind, JsonObject spec)
    {
        spec.Default("replicas", 1);
        Pod(spec.Object("template").Object("spec"), isTemplate: true);
        if (kind == ResourceKinds.Deployments)
        {
            spec.Default("revisionHistoryLimit", 10);
            spec.Default("progressDeadlineSeconds", 600);
            var strategy = spec.Object("strategy");
            strategy.Default("type", "RollingUpdate");
            if (strategy["type"].Text() != "RollingUpdate")
                return;
            strategy.Object("rollingUpdate").Default("maxUnavailable", "25%");
            strategy.Object("rollingUpdate").Default("maxSurge", "25%");
        }
        else if (kind == ResourceKinds.StatefulSets)
        {
            spec.Default("podManagementPolicy", "OrderedReady");
            spec.Default("revisionHistoryLimit", 10);
            spec.Object("updateStrategy").Default("type", "RollingUpdate");
            if (spec.At("updateStrategy", "type").Text() == "RollingUpdate")
                spec.Object("updateStrategy").Object("rollingUpdate").Default("partition", 0);
            spec.Object("persistentVolumeClaimRetentionPolicy").Default("whenDeleted", "Retain");
            spec.Object("persistentVolumeClaimRetentionPolicy").Default("whenScaled", "Retain");
        }
    }

    private static void Job(JsonObject job)
    {
        var spec = job.Object("spec");
        spec.Default("parallelism", 1);
        spec.Default("completions", 1);
        spec.Default("backoffLimit", 6);
        spec.Default("suspend", false);
        Pod(spec.Object("template").Object("spec"), isTemplate: true);
    }

    private static void Namespace(JsonObject ns)
    {
        ns.Metadata.Object("labels")["kubernetes.io/metadata.name"] = ns.Name;
        if (!ns.IsTerminating)
            ns.Object("spec").Default("finalizers", new JsonArray("kubernetes"));
    }

    private static void Secret(JsonObject secret)
    {
        secret.Default("type", "Opaque");
        foreach (var (key, value) in secret["stringData"].Strings())
            secret.Object("data")[key] = Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(value));
        secret.Remove("stringData");
    }

    private static void Binding(JsonObject binding)
    {
        foreach (var subject in binding["subjects"].Items().Where(s => s["kind"].Text() is "User" or "Group"))
            subject.Default("apiGroup", "rbac.authorization.k8s.io");
        binding.Object("roleRef").Default("apiGroup", "rbac.authorization.k8s.io");
    }

    private static string QosClass(JsonObject pod)
    {
        var containers = pod.At("spec", "containers").Items().ToList();
        if (!containers.Any(c => c.At("resources", "requests").IsFilled() || c.At("resources", "limits").IsFilled()))
            return "BestEffort";
        var guaranteed = containers.All(c => ((string[])["cpu", "memory"]).All(r =>
            c.At("resources", "limits", r) is { } limit && JsonNode.DeepEquals(limit, c.At("resources", "requests", r))));
        return guaranteed ? "Guaranteed" : "Burstable";
    }
}
