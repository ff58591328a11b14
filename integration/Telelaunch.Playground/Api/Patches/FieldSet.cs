using System.Text.Json.Nodes;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Api.Patches;

// FieldsV1, as in metadata.managedFields:
//   {"f:spec": {"f:replicas": {}, "f:containers": {"k:{\"name\":\"main\"}": {".": {}, "f:image": {}}}}}

/// <summary>Which fields an object names, as a tree in the FieldsV1 format.</summary>
internal static class FieldSet
{
    private static readonly string[] Identity = ["name", "namespace", "uid", "resourceVersion", "creationTimestamp", "generation", "managedFields", "generateName"];

    public static JsonObject Of(JsonObject applied)
    {
        var fields = new JsonObject();
        foreach (var (key, value) in applied.Where(p => p.Key is not ("apiVersion" or "kind" or "metadata")))
            fields[$"f:{key}"] = Tree(key, value);
        var metadata = new JsonObject();
        foreach (var (key, value) in applied.Metadata.Where(p => !Identity.Contains(p.Key)))
            metadata[$"f:{key}"] = Tree(key, value);
        if (metadata.Count > 0)
            fields["f:metadata"] = metadata;
        return fields;
    }

    /// <summary>The paths of the leaves: each a list of steps such as <c>f:spec</c>, <c>f:replicas</c>.</summary>
    public static IEnumerable<string[]> Leaves(JsonNode? fields) => Leaves(fields as JsonObject ?? [], []);

    /// <summary>True if the tree has that leaf, or a tree below it.</summary>
    public static bool Has(JsonNode? fields, string[] path) => fields.At(path) is not null;

    public static JsonNode? Value(JsonNode? obj, string[] path)
    {
        foreach (var step in path)
            obj = Step(obj, step);
        return obj;
    }

    /// <summary>Takes a field out of the object; an item of a list goes as a whole with its last own field.</summary>
    public static void Remove(JsonObject obj, string[] path)
    {
        var parent = Value(obj, path[..^1]);
        if (path[^1] == ".")
            (parent?.Parent as JsonArray)?.Remove(parent);
        else if (parent is JsonObject holder)
            holder.Remove(path[^1][2..]);
    }

    public static void RemoveLeaf(JsonObject fields, string[] path)
    {
        if (path.Length == 1)
        {
            fields.Remove(path[0]);
            return;
        }
        if (fields[path[0]] is not JsonObject below)
            return;
        RemoveLeaf(below, path[1..]);
        if (below.Count == 0)
            fields.Remove(path[0]);
    }

    /// <summary>As messages write a path: <c>.spec.replicas</c>, <c>.containers[name="main"].image</c>.</summary>
    public static string Describe(string[] path) => string.Concat(path.Where(s => s != ".").Select(s =>
    {
        if (s.StartsWith("f:", StringComparison.Ordinal))
            return $".{s[2..]}";
        return $"[{string.Join(',', JsonNode.Parse(s[2..])!.AsObject().Select(p => $"{p.Key}={p.Value?.ToJsonString()}"))}]";
    }));

    private static IEnumerable<string[]> Leaves(JsonObject fields, string[] above)
    {
        foreach (var (key, value) in fields)
        {
            if (value is JsonObject { Count: > 0 } below)
            {
                foreach (var leaf in Leaves(below, [.. above, key]))
                    yield return leaf;
            }
            else
            {
                yield return [.. above, key];
            }
        }
    }

    // Selectors are atomic: one manager owns all of it (x-kubernetes-map-type: atomic).
    private static JsonObject Tree(string field, JsonNode? value)
    {
        var tree = new JsonObject();
        if (value is JsonObject obj && field is not ("selector" or "nodeSelector"))
        {
            foreach (var (key, member) in obj)
                tree[$"f:{key}"] = Tree(key, member);
        }
        else if (value is JsonArray list && MergeKeys.For(field, list.FirstOrDefault()) is { } mergeKey)
        {
            foreach (var item in list.Items())
            {
                var below = Tree("", item);
                below["."] = new JsonObject();
                tree[$"k:{MergeKeys.Identity(item, mergeKey).ToJsonString()}"] = below;
            }
        }
        return tree;
    }

    private static JsonNode? Step(JsonNode? node, string step)
    {
        if (step == ".")
            return node;
        if (step.StartsWith("f:", StringComparison.Ordinal))
            return node.At(step[2..]);
        var identity = JsonNode.Parse(step[2..])!.AsObject();
        return node is JsonArray list ? MergeKeys.Find(list, identity.First().Key, identity) : null;
    }
}
