using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Telelaunch.Cli.Output;

/// <summary>Writes a result to standard output as <c>-o</c> says.</summary>
internal static class Report
{
    /// <param name="text">The result for a person; whole lines.</param>
    public static void Write<T>(Screen screen, OutputFormat format, T result, JsonTypeInfo<T> type, Func<T, string> text) => screen.WriteOutput(format switch
    {
        OutputFormat.Json => JsonSerializer.Serialize(result, type) + "\n",
        OutputFormat.Yaml => YamlText.Of(JsonSerializer.SerializeToElement(result, type)),
        _ => text(result),
    });
}
