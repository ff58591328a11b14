using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Telelaunch.Playground.Api;

/// <summary>JSON as Go writes it: nothing escaped that needn't be.</summary>
public static class JsonText
{
    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly JsonSerializerOptions Indented = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, WriteIndented = true };

    public static string Compact(JsonNode node) => node.ToJsonString(Plain);

    public static string Pretty(JsonNode node) => node.ToJsonString(Indented);

    public static byte[] Utf8(JsonNode node) => JsonSerializer.SerializeToUtf8Bytes(node, Plain);
}
