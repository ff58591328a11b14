using System.Globalization;
using System.Text.Json.Nodes;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Api.Patches;

/// <summary>JSON patch, RFC 6902. All or nothing; any operation that can't be done gives the same 422 as on a real server.</summary>
public static class JsonPatch
{
    public static JsonNode Apply(JsonNode target, JsonArray operations)
    {
        JsonNode? result = new JsonObject { ["root"] = target.DeepClone() };
        foreach (var operation in operations)
        {
            var path = Pointer(operation.At("path").Text());
            switch (operation.At("op").Text())
            {
                case "add":
                    Add(result, path, operation.At("value")?.DeepClone());
                    break;
                case "replace":
                    Remove(result, path);
                    Add(result, path, operation.At("value")?.DeepClone());
                    break;
                case "remove":
                    Remove(result, path);
                    break;
                case "test":
                    if (!JsonNode.DeepEquals(Get(result, path), operation.At("value")))
                        throw Rejected();
                    break;
                case "copy":
                    Add(result, path, Get(result, Pointer(operation.At("from").Text()))?.DeepClone());
                    break;
                case "move":
                    var from = Pointer(operation.At("from").Text());
                    var moved = Get(result, from)?.DeepClone();
                    Remove(result, from);
                    Add(result, path, moved);
                    break;
                default:
                    throw Rejected();
            }
        }
        return result["root"]!.DeepClone();
    }

    internal static StatusException Rejected() =>
        new(422, "Invalid", "the server rejected our request due to an error in our request", []);

    // RFC 6901. The document hangs below the key "root", so that the empty pointer needs no special case.
    private static string[] Pointer(string text)
    {
        if (text.Length > 0 && text[0] != '/')
            throw Rejected();
        return ["root", .. text.Split('/').Skip(1).Select(p => p.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal))];
    }

    private static JsonNode? Get(JsonNode? node, IEnumerable<string> path)
    {
        foreach (var key in path)
        {
            node = node switch
            {
                JsonObject obj when obj.ContainsKey(key) => obj[key],
                JsonArray array when Index(key, array.Count - 1) is { } at => array[at],
                _ => throw Rejected(),
            };
        }
        return node;
    }

    private static void Add(JsonNode root, string[] path, JsonNode? value)
    {
        switch (Get(root, path[..^1]))
        {
            case JsonObject obj:
                obj[path[^1]] = value;
                break;
            case JsonArray array when path[^1] == "-":
                array.Add(value);
                break;
            case JsonArray array when Index(path[^1], array.Count) is { } at:
                array.Insert(at, value);
                break;
            default:
                throw Rejected();
        }
    }

    private static void Remove(JsonNode root, string[] path)
    {
        switch (Get(root, path[..^1]))
        {
            case JsonObject obj when obj.Remove(path[^1]):
                break;
            case JsonArray array when Index(path[^1], array.Count - 1) is { } at:
                array.RemoveAt(at);
                break;
            default:
                throw Rejected();
        }
    }

    private static int? Index(string text, int last) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var at) && at <= last ? at : null;
}
