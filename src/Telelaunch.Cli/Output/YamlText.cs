using System.Text;
using System.Text.Json;

namespace Telelaunch.Cli.Output;

/// <summary>A JSON value as YAML: block style, texts as double-quoted scalars, which JSON strings are (YAML 1.2, §7.3.1).</summary>
internal static class YamlText
{
    public static string Of(JsonElement value)
    {
        var text = new StringBuilder();
        Append(text, value, 0);
        return text.ToString();
    }

    private static void Append(StringBuilder text, JsonElement value, int depth)
    {
        if (value.ValueKind == JsonValueKind.Object && value.EnumerateObject().Any())
        {
            foreach (var member in value.EnumerateObject())
            {
                text.Append(' ', depth * 2).Append(IsPlain(member.Name) ? member.Name : Scalar(member.Name)).Append(':');
                AppendValue(text, member.Value, depth + 1);
            }
        }
        else if (value.ValueKind == JsonValueKind.Array && value.GetArrayLength() > 0)
        {
            foreach (var item in value.EnumerateArray())
            {
                text.Append(' ', depth * 2).Append('-');
                AppendValue(text, item, depth + 1);
            }
        }
    }

    private static void AppendValue(StringBuilder text, JsonElement value, int depth)
    {
        var isBlock = value.ValueKind == JsonValueKind.Object ? value.EnumerateObject().Any() : value.ValueKind == JsonValueKind.Array && value.GetArrayLength() > 0;
        if (!isBlock)
        {
            text.Append(' ').Append(value.ValueKind == JsonValueKind.String ? Scalar(value.GetString()!) : value.GetRawText()).Append('\n');
            return;
        }
        text.Append('\n');
        Append(text, value, depth);
    }

    private static string Scalar(string text) => JsonSerializer.Serialize(text, OutputJson.Readable.String);

    private static bool IsPlain(string name) => name.Length > 0 && name.All(character => char.IsAsciiLetter(character));
}
