using System.Text.Json.Nodes;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Api.Patches;

/// <summary>By which member the items of a list are the same item, when two objects are merged.</summary>
/// <remarks>Source: <c>x-kubernetes-patch-merge-key</c> in the Kubernetes API reference. A list that isn't here is replaced as a whole.</remarks>
internal static class MergeKeys
{
    private static readonly Dictionary<string, string> Keys = new()
    {
        ["containers"] = "name",
        ["initContainers"] = "name",
        ["ephemeralContainers"] = "name",
        ["env"] = "name",
        ["volumes"] = "name",
        ["volumeMounts"] = "mountPath",
        ["volumeDevices"] = "devicePath",
        ["imagePullSecrets"] = "name",
        ["hostAliases"] = "ip",
        ["conditions"] = "type",
        ["ownerReferences"] = "uid",
        ["secrets"] = "name",
        ["topologySpreadConstraints"] = "topologyKey",
        ["podIPs"] = "ip",
        ["hostIPs"] = "ip",
        ["resourceClaims"] = "name",
        ["taints"] = "key",
    };

    /// <summary>The member that identifies items of the list <paramref name="field"/>, or null.</summary>
    /// <param name="sample">An item: ports of containers and of Services have different keys.</param>
    public static string? For(string field, JsonNode? sample) =>
        field == "ports" ? (sample.At("containerPort") is not null ? "containerPort" : sample.At("port") is not null ? "port" : null) : Keys.GetValueOrDefault(field);

    /// <summary>True for lists of plain values that are merged as sets.</summary>
    public static bool IsSet(string field) => field is "finalizers";

    /// <summary>The item of the list that is the same as <paramref name="item"/>. A port is the same only in the same protocol.</summary>
    public static JsonObject? Find(JsonArray list, string key, JsonNode? item) =>
        list.OfType<JsonObject>().FirstOrDefault(i => JsonNode.DeepEquals(i[key], item.At(key)) && (!IsPort(key) || Protocol(i) == Protocol(item)));

    /// <summary>What identifies an item, as FieldsV1 writes it.</summary>
    public static JsonObject Identity(JsonObject item, string key)
    {
        var made = new JsonObject { [key] = item[key]?.DeepClone() };
        if (IsPort(key))
            made["protocol"] = Protocol(item);
        return made;
    }

    private static bool IsPort(string key) => key is "port" or "containerPort";

    private static string Protocol(JsonNode? port) => port.At("protocol").Text() is { Length: > 0 } given ? given : "TCP";
}
