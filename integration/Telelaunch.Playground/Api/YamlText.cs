using System.Text.Json;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Telelaunch.Playground.Api;

/// <summary>YAML as the server writes it: keys in alphabetical order, text quoted where it would be read as something else.</summary>
internal static class YamlText
{
    public static string Of(JsonNode node)
    {
        var writer = new StringWriter();
        new YamlStream(new YamlDocument(Convert(node))).Save(writer, assignAnchors: false);
        var text = writer.ToString();
        return text.EndsWith("...\n", StringComparison.Ordinal) ? text[..^4] : text;
    }

    private static YamlNode Convert(JsonNode? node)
    {
        switch (node)
        {
            case JsonObject obj:
                var map = new YamlMappingNode();
                foreach (var (key, value) in obj.OrderBy(p => p.Key, StringComparer.Ordinal))
                    map.Add(Text(key), Convert(value));
                map.Style = obj.Count == 0 ? YamlDotNet.Core.Events.MappingStyle.Flow : YamlDotNet.Core.Events.MappingStyle.Block;
                return map;
            case JsonArray array:
                return new YamlSequenceNode(array.Select(Convert)) { Style = array.Count == 0 ? YamlDotNet.Core.Events.SequenceStyle.Flow : YamlDotNet.Core.Events.SequenceStyle.Block };
            case JsonValue value when value.GetValueKind() == JsonValueKind.String:
                return Text(value.GetValue<string>());
            default:
                return new YamlScalarNode(node?.ToJsonString() ?? "null") { Style = ScalarStyle.Plain };
        }
    }

    private static YamlScalarNode Text(string text)
    {
        var readAsText = RequestBody.Parse(text, "application/yaml", out _) is JsonValue value && value.GetValueKind() == JsonValueKind.String && !DateTimeOffset.TryParse(text, null, out _);
        var style = text.Contains('\n') ? ScalarStyle.Literal : readAsText ? ScalarStyle.Plain : ScalarStyle.DoubleQuoted;
        return new(text) { Style = style };
    }
}
