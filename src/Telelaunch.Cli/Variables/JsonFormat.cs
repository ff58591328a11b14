using System.Text.Encodings.Web;
using System.Text.Json;

namespace Telelaunch.Cli.Variables;

/// <summary>One object, a string for each name.</summary>
internal sealed class JsonFormat : EnvironmentFormat
{
    /// <summary>For files: quotes and letters beyond ASCII stay readable.</summary>
    internal static readonly JsonWriterOptions Style = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    protected override string? FaultOf(ContainerVariable variable) => variable.TryRead(out _, out _) ? null : "it isn't UTF-8";

    protected override byte[] Write(IReadOnlyList<ContainerVariable> variables)
    {
        using var text = new MemoryStream();
        using (var writer = new Utf8JsonWriter(text, Style))
        {
            writer.WriteStartObject();
            WriteAll(writer, variables);
            writer.WriteEndObject();
        }
        text.WriteByte((byte)'\n');
        return text.ToArray();
    }

    internal static void WriteAll(Utf8JsonWriter writer, IReadOnlyList<ContainerVariable> variables)
    {
        foreach (var variable in variables)
        {
            variable.TryRead(out var name, out var value);
            writer.WriteString(name, value);
        }
    }
}
