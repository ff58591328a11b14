using System.Text.Json.Nodes;

namespace Telelaunch.Playground.Api.Patches;

/// <summary>JSON merge patch, RFC 7396: null removes, objects merge, everything else replaces.</summary>
public static class MergePatch
{
    public static JsonNode? Apply(JsonNode? target, JsonNode? patch)
    {
        if (patch is not JsonObject changes)
            return patch?.DeepClone();
        var result = target is JsonObject present ? (JsonObject)present.DeepClone() : [];
        foreach (var (key, value) in changes)
        {
            if (value is null)
                result.Remove(key);
            else
                result[key] = Apply(result[key], value);
        }
        return result;
    }
}
