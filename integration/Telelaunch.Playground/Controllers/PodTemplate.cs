using System.Text.Json.Nodes;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Controllers;

internal static class PodTemplate
{
    /// <summary>A pod, without a name yet, of a workload's <c>spec.template</c>.</summary>
    public static JsonObject Pod(JsonObject workload, ResourceKind kind)
    {
        var template = workload.At("spec", "template");
        var metadata = new JsonObject { ["ownerReferences"] = new JsonArray(Owned.Reference(kind, workload)) };
        foreach (var key in (string[])["labels", "annotations", "finalizers"])
        {
            if (template.At("metadata", key) is { } value)
                metadata[key] = value.DeepClone();
        }
        return new() { ["metadata"] = metadata, ["spec"] = template.At("spec")!.DeepClone() };
    }
}
