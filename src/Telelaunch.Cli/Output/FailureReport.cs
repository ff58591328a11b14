using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Telelaunch.Cli.Output;

/// <summary>How results and failures are written: <c>-o</c>.</summary>
internal enum OutputFormat
{
    Text,
    Json,
    Yaml,
}

/// <summary>Writes a failure to standard error: two lines, or one object {code, cause, remedy, exitCode}.</summary>
internal static class FailureReport
{
    public static void Write(Screen screen, Failure failure, OutputFormat format) => screen.WriteError(format switch
    {
        OutputFormat.Json => JsonSerializer.Serialize(failure, OutputJson.Readable.Failure) + "\n",
        OutputFormat.Yaml => $"code: {failure.Code}\ncause: {Quoted(failure.Cause)}\nremedy: {Quoted(failure.Remedy)}\nexitCode: {failure.ExitCode}\n",
        _ => $"telelaunch: error: {OneLine(failure.Cause)}\ntelelaunch: remedy: {OneLine(failure.Remedy)}\n",
    });

    // A JSON string is a YAML double-quoted scalar (YAML 1.2, §7.3.1).
    private static string Quoted(string text) => JsonSerializer.Serialize(text, OutputJson.Readable.String);

    private static string OneLine(string text) => text.ReplaceLineEndings(" ");
}

/// <summary>Serialization without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = false)]
[JsonSerializable(typeof(Failure))]
[JsonSerializable(typeof(PhaseEvent))]
[JsonSerializable(typeof(string))]
internal sealed partial class OutputJson : JsonSerializerContext
{
    /// <summary>For terminals and files: quotes and letters beyond ASCII stay as they are.</summary>
    public static OutputJson Readable { get; } = new(new JsonSerializerOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, PropertyNamingPolicy = JsonNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull });
}
