using System.Text.Json.Nodes;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Api.Tables;

/// <summary>meta.k8s.io/v1 Table: what <c>kubectl get</c> prints.</summary>
internal static class Table
{
    /// <summary>A column. <paramref name="Wide"/> columns are shown with <c>-o wide</c> only.</summary>
    internal sealed record Column(string Name, Func<JsonObject, JsonNode?> Cell, bool Wide = false, string Type = "string");

    public static JsonObject Of(ResourceKind kind, IEnumerable<JsonObject> items, bool withColumns)
    {
        var columns = Columns.For(kind);
        var definitions = columns.Select(c => new JsonObject
        {
            ["name"] = c.Name,
            ["type"] = c.Type,
            ["format"] = c.Name == "Name" ? "name" : "",
            ["description"] = "",
            ["priority"] = c.Wide ? 1 : 0,
        });
        var rows = items.Select(item => new JsonObject
        {
            ["cells"] = new JsonArray([.. columns.Select(c => c.Cell(item))]),
            ["object"] = Representation.MetadataOnly(item),
        });
        return new()
        {
            ["kind"] = "Table",
            ["apiVersion"] = "meta.k8s.io/v1",
            ["metadata"] = new JsonObject { ["resourceVersion"] = items.LastOrDefault()?.At("metadata", "resourceVersion")?.DeepClone() },
            ["columnDefinitions"] = withColumns ? new JsonArray([.. definitions]) : null,
            ["rows"] = new JsonArray([.. rows]),
        };
    }
}
