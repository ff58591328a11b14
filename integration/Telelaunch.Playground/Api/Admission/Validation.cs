using System.Globalization;
using System.Text.Json.Nodes;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Api.Admission;

/// <summary>Refuses objects that the real server refuses, in its words, for the fields that matter here.</summary>
public static class Validation
{
    private const int LargestData = 1048576;

    /// <param name="old">The object before the change; null for a new one.</param>
    /// <exception cref="StatusException">422 with every fault.</exception>
    public static void Check(ResourceKind kind, JsonObject obj, JsonObject? old)
    {
        var errors = new FieldErrors();
        if (old is null)
            Name(kind, obj, errors);
        var spec = obj["spec"] as JsonObject ?? [];
        if (kind == ResourceKinds.Pods)
            PodValidation.Check(spec, "spec", errors);
        else if (kind == ResourceKinds.Services)
            Service(spec, old?["spec"] as JsonObject, errors);
        else if (kind == ResourceKinds.Deployments || kind == ResourceKinds.ReplicaSets || kind == ResourceKinds.StatefulSets)
            Workload(spec, old?["spec"] as JsonObject, errors);
        else if (kind == ResourceKinds.Leases)
            Lease(spec, errors);
        else if (kind == ResourceKinds.Secrets || kind == ResourceKinds.ConfigMaps)
            Data(obj, old, errors);
        else if (kind == ResourceKinds.RoleBindings || kind == ResourceKinds.ClusterRoleBindings)
            Binding(obj, old, errors);
        if (old is not null && kind == ResourceKinds.Pods)
            PodValidation.CheckUpdate(spec, old["spec"] as JsonObject ?? [], errors);
        errors.ThrowIfAny(kind, obj.Name);
    }

    /// <summary>Times of a Lease must be metav1.MicroTime: RFC 3339 with a fraction.</summary>
    /// <returns>What Go says about the first bad one, or null.</returns>
    public static string? BadMicroTime(JsonObject lease)
    {
        foreach (var key in (string[])["acquireTime", "renewTime"])
        {
            if (lease.At("spec", key) is not { } value)
                continue;
            var text = value.Text();
            const string Layout = "2006-01-02T15:04:05.000000Z07:00";
            if (ObjectJson.ParseTime(text) is null || text.Length < 20 || text[10] != 'T')
                return $"parsing time \"{text}\" as \"{Layout}\": cannot parse \"{text}\" as \"2006\"";
            if (text[19] != '.' || text.Length < 26)
                return $"parsing time \"{text}\" as \"{Layout}\": cannot parse \"{text[19..]}\" as \".000000\"";
        }
        return null;
    }

    private static void Name(ResourceKind kind, JsonObject obj, FieldErrors errors)
    {
        var name = obj.Name;
        if (name.Length == 0)
        {
            if (obj.At("metadata", "generateName").Text().Length == 0)
                errors.Required("metadata.name", "name or generateName is required");
            return;
        }
        if (kind.Group == "rbac.authorization.k8s.io")
        {
            if (name.Contains('/') || name.Contains('%') || name is "." or "..")
                errors.Invalid("metadata.name", name, "may not contain '/'");
        }
        else if (kind == ResourceKinds.Namespaces || kind == ResourceKinds.Services)
            errors.CheckLabel("metadata.name", name);
        else
            errors.CheckSubdomain("metadata.name", name);
    }

    private static void Service(JsonObject spec, JsonObject? old, FieldErrors errors)
    {
        var type = spec["type"].Text();
        if (type is not ("ClusterIP" or "NodePort" or "LoadBalancer" or "ExternalName"))
            errors.Unsupported("spec.type", type, "ClusterIP", "ExternalName", "LoadBalancer", "NodePort");
        var ports = spec["ports"].Items().ToList();
        if (ports.Count == 0 && type != "ExternalName" && spec["clusterIP"].Text() != "None")
            errors.Required("spec.ports");
        if (type == "ExternalName" && spec["externalName"].Text().Length == 0)
            errors.Required("spec.externalName");
        foreach (var (at, port) in ports.Index())
        {
            if (ports.Count > 1 && port["name"].Text().Length == 0)
                errors.Required($"spec.ports[{at}].name");
            if (port["name"].Text() is { Length: > 0 } name && ports.Take(at).Any(p => p["name"].Text() == name))
                errors.Duplicate($"spec.ports[{at}].name", name);
            Port($"spec.ports[{at}].port", port["port"], errors);
        }
        var (was, now) = (old?["clusterIP"].Text() ?? "", spec["clusterIP"].Text());
        if (was.Length > 0 && type != "ExternalName" && now != was)
            errors.Invalid("spec.clusterIPs[0]", new JsonArray(now), "may not change once set");
    }

    private static void Workload(JsonObject spec, JsonObject? old, FieldErrors errors)
    {
        if (spec["replicas"].Number() < 0)
            errors.Invalid("spec.replicas", spec["replicas"], "must be greater than or equal to 0");
        var labels = spec.At("template", "metadata", "labels");
        if (LabelSelector.OfObject(spec["selector"]) is not { IsEmpty: false } selector)
            errors.Required("spec.selector");
        else if (!selector.MatchesLabels(labels))
            errors.Invalid("spec.template.metadata.labels", labels ?? new JsonObject(), "`selector` does not match template `labels`");
        PodValidation.Check(spec.Object("template").Object("spec"), "spec.template.spec", errors);
        if (spec.At("template", "spec", "restartPolicy").Text() != "Always")
            errors.Unsupported("spec.template.spec.restartPolicy", spec.At("template", "spec", "restartPolicy").Text(), "Always");
        if (old is not null && !JsonNode.DeepEquals(old["selector"], spec["selector"]))
            errors.Invalid("spec.selector", spec["selector"], "field is immutable");
    }

    private static void Lease(JsonObject spec, FieldErrors errors)
    {
        if (spec["leaseDurationSeconds"] is { } duration && duration.Number() <= 0)
            errors.Invalid("spec.leaseDurationSeconds", duration, "must be greater than 0");
        if (spec["leaseTransitions"] is { } transitions && transitions.Number() < 0)
            errors.Invalid("spec.leaseTransitions", transitions, "must be greater than or equal to 0");
    }

    private static void Data(JsonObject obj, JsonObject? old, FieldErrors errors)
    {
        if (old?["immutable"].IsTrue() == true)
        {
            if (!obj["immutable"].IsTrue())
                errors.Forbidden("immutable", "field is immutable when `immutable` is set");
            if (!JsonNode.DeepEquals(old["data"], obj["data"]))
                errors.Forbidden("data", "field is immutable when `immutable` is set");
        }
        if (obj["data"].Strings().Sum(p => p.Value.Length) + obj["binaryData"].Strings().Sum(p => p.Value.Length) > LargestData)
            errors.TooLong("[]", $"may not be more than {LargestData.ToString(CultureInfo.InvariantCulture)} bytes");
        if (obj["kind"].Text() != "Secret")
            return;
        foreach (var (key, value) in obj["data"].Strings())
        {
            if (!System.Buffers.Text.Base64.IsValid(value))
                throw StatusException.BadRequest("Secret in version \"v1\" cannot be handled as a Secret: illegal base64 data at input byte 0");
        }
    }

    private static void Binding(JsonObject obj, JsonObject? old, FieldErrors errors)
    {
        var roleRef = obj["roleRef"];
        if (old is not null && !JsonNode.DeepEquals(old["roleRef"], roleRef))
        {
            errors.Invalid("roleRef", new JsonObject { ["APIGroup"] = roleRef.At("apiGroup").Text(), ["Kind"] = roleRef.At("kind").Text(), ["Name"] = roleRef.At("name").Text() },
                "cannot change roleRef");
        }
        if (roleRef.At("name").Text().Length == 0)
            errors.Required("roleRef.name");
        if (roleRef.At("kind").Text() is not ("Role" or "ClusterRole"))
            errors.Unsupported("roleRef.kind", roleRef.At("kind").Text(), "Role", "ClusterRole");
    }

    internal static void Port(string field, JsonNode? port, FieldErrors errors)
    {
        if (port is null)
            errors.Required(field);
        else if (port.Number() is < 1 or > 65535)
            errors.Invalid(field, port, "must be between 1 and 65535, inclusive");
    }
}
