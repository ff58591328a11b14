using System.Text;
using System.Text.Json.Nodes;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Api;

/// <summary>How the client wants objects: whole, as metadata only, or as a table; as JSON or YAML.</summary>
/// <param name="Shape"><c>""</c>, <c>Table</c>, <c>PartialObjectMetadata</c>, <c>PartialObjectMetadataList</c>, <c>APIGroupDiscoveryList</c>.</param>
/// <param name="Type">Media type of the whole Accept entry that was chosen.</param>
public sealed record Representation(string Shape, string Type, bool IsYaml, bool IsPretty)
{
    /// <summary>Chooses the first entry of the Accept header that can be served. Protobuf can't, but who asks for it gets JSON.</summary>
    /// <exception cref="StatusException">406: none of it.</exception>
    public static Representation Of(HttpRequest request)
    {
        var pretty = RequestInfo.IsTrue(request.Query["pretty"]);
        var accept = request.Headers.Accept.ToString();
        if (accept.Length == 0)
            return new("", "application/json", false, pretty);
        var protobuf = false;
        foreach (var entry in accept.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = entry.Split(';', StringSplitOptions.TrimEntries);
            var parameters = parts.Skip(1).Select(p => p.Split('=', 2)).Where(p => p.Length == 2).ToLookup(p => p[0], p => p[1]);
            var shape = parameters["as"].FirstOrDefault() ?? "";
            protobuf |= parts[0] == "application/vnd.kubernetes.protobuf";
            if (parts[0] is not ("application/json" or "application/yaml" or "*/*" or "application/*") || (shape.Length > 0 && !IsKnown(shape, parameters["v"].FirstOrDefault())))
                continue;
            return new(shape, shape.Length > 0 ? entry.Replace("; ", ";", StringComparison.Ordinal) : "application/json", parts[0] == "application/yaml", pretty);
        }
        if (protobuf)
            return new("", "application/json", false, pretty);
        throw new StatusException(406, "NotAcceptable", "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, application/vnd.kubernetes.protobuf", []);
    }

    public byte[] Encode(JsonNode node) =>
        IsYaml ? Encoding.UTF8.GetBytes(YamlText.Of(node)) : IsPretty ? Encoding.UTF8.GetBytes(JsonText.Pretty(node)) : JsonText.Utf8(node);

    /// <summary>One object in the shape asked for.</summary>
    public JsonNode Shaped(ResourceKind kind, JsonObject obj, bool withColumns = true) => Shape switch
    {
        "Table" => Tables.Table.Of(kind, [obj], withColumns),
        "PartialObjectMetadata" => MetadataOnly(obj),
        _ => obj,
    };

    /// <summary>A list in the shape asked for.</summary>
    public JsonNode ShapedList(ResourceKind kind, IReadOnlyList<JsonObject> items, JsonObject metadata)
    {
        if (Shape == "Table")
        {
            var table = Tables.Table.Of(kind, items, withColumns: true);
            table["metadata"] = metadata;
            return table;
        }
        if (Shape is "PartialObjectMetadataList" or "PartialObjectMetadata")
        {
            return new JsonObject
            {
                ["kind"] = "PartialObjectMetadataList",
                ["apiVersion"] = "meta.k8s.io/v1",
                ["metadata"] = metadata,
                ["items"] = new JsonArray([.. items.Select(MetadataOnly)]),
            };
        }
        foreach (var item in items)
        {
            item.Remove("kind");
            item.Remove("apiVersion");
        }
        return new JsonObject { ["kind"] = $"{kind.Kind}List", ["apiVersion"] = kind.ApiVersion, ["metadata"] = metadata, ["items"] = new JsonArray([.. items]) };
    }

    public static JsonObject MetadataOnly(JsonObject obj) =>
        new() { ["kind"] = "PartialObjectMetadata", ["apiVersion"] = "meta.k8s.io/v1", ["metadata"] = obj.Metadata.DeepClone() };

    private static bool IsKnown(string shape, string? version) =>
        shape is "Table" or "PartialObjectMetadata" or "PartialObjectMetadataList" ? version == "v1" : shape == "APIGroupDiscoveryList" && version == "v2";
}
