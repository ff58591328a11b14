using System.Text.Json.Nodes;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Api.Admission;

/// <summary>The faults of a pod's spec, alone or as the template of a workload.</summary>
internal static class PodValidation
{
    private const string Changeable = "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,"
        + "`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\n";

    public static void Check(JsonObject spec, string path, FieldErrors errors)
    {
        var volumes = spec["volumes"].Items().Select(v => v["name"].Text()).ToHashSet();
        var names = new HashSet<string>();
        if (!spec["containers"].IsFilled())
            errors.Required($"{path}.containers");
        foreach (var list in (string[])["initContainers", "containers", "ephemeralContainers"])
        {
            foreach (var (at, container) in spec[list].Items().Index())
            {
                var field = $"{path}.{list}[{at}]";
                Container(container, field, volumes, errors);
                if (!names.Add(container["name"].Text()))
                    errors.Duplicate($"{field}.name", container["name"].Text());
                if (list[0] == 'e' && container["ports"].IsFilled())
                    errors.Forbidden($"{field}.ports", "cannot be set for an Ephemeral Container");
            }
        }
        if (spec["restartPolicy"].Text() is not ("Always" or "OnFailure" or "Never"))
            errors.Unsupported($"{path}.restartPolicy", spec["restartPolicy"].Text(), "Always", "OnFailure", "Never");
        if (spec["activeDeadlineSeconds"] is { } deadline && deadline.Number() < 1)
            errors.Invalid($"{path}.activeDeadlineSeconds", deadline, "must be between 1 and 2147483647, inclusive");
    }

    /// <summary>A stored pod's spec may hardly be changed.</summary>
    public static void CheckUpdate(JsonObject spec, JsonObject old, FieldErrors errors)
    {
        var (before, after) = (Fixed(old), Fixed(spec));
        if (!JsonNode.DeepEquals(before, after))
        {
            var changed = after.Select(p => p.Key).Union(before.Select(p => p.Key)).Where(k => !JsonNode.DeepEquals(before[k], after[k]));
            errors.Forbidden("spec", Changeable + string.Concat(changed.Select(k => $"@@ {k} @@\n-{before[k]?.ToJsonString() ?? "null"}\n+{after[k]?.ToJsonString() ?? "null"}\n")));
        }
    }

    /// <summary>Ephemeral containers can be added, and then neither changed nor removed.</summary>
    public static void CheckEphemeral(JsonObject spec, JsonObject old, FieldErrors errors)
    {
        foreach (var container in old["ephemeralContainers"].Items())
        {
            var name = container["name"].Text();
            var now = spec["ephemeralContainers"].Items().FirstOrDefault(c => c["name"].Text() == name);
            if (now is null)
                errors.Forbidden("spec.ephemeralContainers", $"existing ephemeral containers \"{name}\" may not be removed\n");
            else if (!JsonNode.DeepEquals(now, container))
                errors.Forbidden("spec.ephemeralContainers", $"existing ephemeral containers \"{name}\" may not be changed\n");
        }
    }

    private static void Container(JsonObject container, string field, HashSet<string> volumes, FieldErrors errors)
    {
        if (container["name"].Text() is not { Length: > 0 } name)
            errors.Required($"{field}.name");
        else
            errors.CheckLabel($"{field}.name", name);
        if (container["image"].Text().Trim().Length == 0)
            errors.Required($"{field}.image");
        foreach (var (at, port) in container["ports"].Items().Index())
            Validation.Port($"{field}.ports[{at}].containerPort", port["containerPort"], errors);
        foreach (var (at, env) in container["env"].Items().Index())
        {
            if (env["name"].Text().Length == 0)
                errors.Required($"{field}.env[{at}].name");
        }
        foreach (var (at, mount) in container["volumeMounts"].Items().Index())
        {
            if (!volumes.Contains(mount["name"].Text()))
                errors.NotFound($"{field}.volumeMounts[{at}].name", mount["name"].Text());
            if (mount["mountPath"].Text().Length == 0)
                errors.Required($"{field}.volumeMounts[{at}].mountPath");
        }
        if (container["imagePullPolicy"].Text() is { Length: > 0 } policy and not ("Always" or "IfNotPresent" or "Never"))
            errors.Unsupported($"{field}.imagePullPolicy", policy, "Always", "IfNotPresent", "Never");
    }

    private static JsonObject Fixed(JsonObject spec)
    {
        var rest = spec.Clone();
        rest.Remove("activeDeadlineSeconds");
        rest.Remove("tolerations");
        foreach (var container in rest["containers"].Items().Concat(rest["initContainers"].Items()))
            container.Remove("image");
        return rest;
    }
}
