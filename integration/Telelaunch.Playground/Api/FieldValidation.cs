using System.Text.Json;
using System.Text.Json.Nodes;

namespace Telelaunch.Playground.Api;

/// <summary>What the query's <c>fieldValidation</c> asks for: Strict refuses a body with duplicate fields, Warn (unless given) warns, Ignore is silent.</summary>
/// <remarks>Of a field that is given twice the last one counts.</remarks>
public static class FieldValidation
{
    /// <summary>Reads JSON.</summary>
    /// <param name="problems">Takes the fields that stand twice, in the words of the real server.</param>
    /// <exception cref="JsonException">It is none.</exception>
    public static JsonNode? Read(string json, ICollection<string> problems)
    {
        using var document = JsonDocument.Parse(json);
        return Node(document.RootElement, "", problems);
    }

    /// <summary>Refuses the request or adds warnings to its answer, as it asked.</summary>
    /// <exception cref="Store.StatusException">400: it asked for Strict.</exception>
    public static void Apply(HttpRequest request, IReadOnlyCollection<string> problems, string apiVersion, string kind)
    {
        var level = request.Query["fieldValidation"].ToString();
        if (problems.Count == 0 || level == "Ignore")
            return;
        if (level == "Strict")
        {
            throw Store.StatusException.BadRequest($"{kind} in version \"{apiVersion[(apiVersion.LastIndexOf('/') + 1)..]}\" cannot be handled as a {kind}: "
                + $"strict decoding error: {string.Join(", ", problems)}");
        }
        foreach (var problem in problems)
            ApiRequest.SendWarning(request.HttpContext, problem);
    }

    private static JsonNode? Node(JsonElement element, string path, ICollection<string> problems)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                var obj = new JsonObject();
                foreach (var property in element.EnumerateObject())
                {
                    var field = path.Length == 0 ? property.Name : $"{path}.{property.Name}";
                    if (obj.ContainsKey(property.Name))
                        problems.Add($"duplicate field \"{field}\"");
                    obj[property.Name] = Node(property.Value, field, problems);
                }
                return obj;
            case JsonValueKind.Array:
                var index = 0;
                var list = new JsonArray();
                foreach (var item in element.EnumerateArray())
                    list.Add(Node(item, $"{path}[{index++}]", problems));
                return list;
            case JsonValueKind.Null:
                return null;
            default:
                return JsonValue.Create(element.Clone());
        }
    }
}
