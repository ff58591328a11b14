using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Telelaunch.Playground.Node.Streams;

/// <summary>A Status as Go's encoder writes it: no blanks, no more escapes than JSON needs.</summary>
internal static class StatusText
{
    private static readonly JsonSerializerOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, TypeInfoResolver = new System.Text.Json.Serialization.Metadata.DefaultJsonTypeInfoResolver() };

    public static string Of(JsonObject status) => status.ToJsonString(Options);
}
