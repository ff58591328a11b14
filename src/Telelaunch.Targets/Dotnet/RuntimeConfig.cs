using System.Text.Json;

namespace Telelaunch.Targets.Dotnet;

/// <summary>What an application's <c>*.runtimeconfig.json</c> says (dotnet/sdk <c>documentation/specs/runtime-configuration-file.md</c>).</summary>
/// <param name="TargetFramework">tfm, for example <c>net10.0</c>; null where it isn't said.</param>
/// <param name="Frameworks">Shared frameworks that are asked for; empty in a self-contained application.</param>
/// <param name="IncludedFrameworks">Frameworks that a self-contained application brings along.</param>
/// <param name="RollForward">Null where it isn't said.</param>
/// <param name="Properties">configProperties, as text: <c>true</c>, <c>false</c>, numbers, strings.</param>
public sealed record RuntimeConfig(
    string? TargetFramework,
    IReadOnlyList<FrameworkReference> Frameworks,
    IReadOnlyList<FrameworkReference> IncludedFrameworks,
    RollForward? RollForward,
    IReadOnlyDictionary<string, string> Properties)
{
    /// <summary>The longest that is read, in bytes; the shim repairs none that is longer either.</summary>
    public const int Longest = 1 << 20;

    private const string StartupHookSwitch = "System.StartupHookProvider.IsSupported";
    private const string EventSourceSwitch = "System.Diagnostics.Tracing.EventSource.IsSupported";
    private const int MostEntries = 4096;

    // As the host reads it: rapidjson with comments.
    private static readonly JsonDocumentOptions Reading = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, MaxDepth = 16 };

    /// <summary>False where startup hooks are switched off.</summary>
    public bool HasStartupHooks => !IsOff(StartupHookSwitch);

    /// <summary>False where event sources are switched off: then a hook runs, and hears nothing of HTTP, DNS and TLS.</summary>
    public bool HasEventSources => !IsOff(EventSourceSwitch);

    public bool IsSelfContained => IncludedFrameworks.Count > 0;

    /// <summary>Understands the text; null where it is no JSON, or not such a file.</summary>
    public static RuntimeConfig? Parse(ReadOnlyMemory<byte> json)
    {
        if (json.Span.StartsWith("\uFEFF"u8)) json = json[3..];
        try
        {
            using var document = JsonDocument.Parse(json, Reading);
            if (Member(document.RootElement, "runtimeOptions", JsonValueKind.Object) is not { } options) return null;
            List<FrameworkReference> frameworks = [];
            if (Member(options, "framework", JsonValueKind.Object) is { } one) AddFramework(frameworks, one);
            foreach (var framework in Entries(options, "frameworks")) AddFramework(frameworks, framework);
            List<FrameworkReference> included = [];
            foreach (var framework in Entries(options, "includedFrameworks")) AddFramework(included, framework);
            return new(Text(options, "tfm"), frameworks, included, ParseRollForward(Text(options, "rollForward")), ReadProperties(options));
        }
        // A lone surrogate in an escape is valid JSON and no valid text.
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>Null where it is no such word; the host doesn't mind its case.</summary>
    internal static RollForward? ParseRollForward(string? text) =>
        text is not null && !int.TryParse(text, out _) && Enum.TryParse<RollForward>(text, ignoreCase: true, out var value) ? value : null;

    private static Dictionary<string, string> ReadProperties(JsonElement options)
    {
        Dictionary<string, string> properties = [];
        if (Member(options, "configProperties", JsonValueKind.Object) is { } members)
        {
            foreach (var member in members.EnumerateObject().Take(MostEntries))
                properties[member.Name] = member.Value.ValueKind == JsonValueKind.String ? member.Value.GetString()! : member.Value.GetRawText();
        }
        return properties;
    }

    private static void AddFramework(List<FrameworkReference> frameworks, JsonElement framework)
    {
        if (framework.ValueKind == JsonValueKind.Object && Text(framework, "name") is { } name && RuntimeVersion.TryParse(Text(framework, "version"), out var version)) frameworks.Add(new(name, version));
    }

    private static JsonElement? Member(JsonElement parent, string name, JsonValueKind kind) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out var member) && member.ValueKind == kind ? member : null;

    private static IEnumerable<JsonElement> Entries(JsonElement parent, string name) =>
        Member(parent, name, JsonValueKind.Array) is { } array ? array.EnumerateArray().Take(MostEntries) : [];

    private static string? Text(JsonElement parent, string name) => Member(parent, name, JsonValueKind.String)?.GetString();

    private bool IsOff(string name) => Properties.TryGetValue(name, out var value) && value.Equals("false", StringComparison.OrdinalIgnoreCase);
}
