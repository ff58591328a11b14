using System.Xml;

namespace Telelaunch.Targets.Dotnet;

/// <summary>What a project file, or the <c>#:</c> lines of a C# file, says in so many words. Nothing is evaluated: that would run the project's own code.</summary>
/// <param name="Properties">Properties that are set to a value without conditions or references to others.</param>
/// <param name="Unknown">Why more may be true than was read, as half a sentence; null where nothing speaks for it.</param>
public sealed record ProjectText(string Path, IReadOnlyDictionary<string, string> Properties, string? Unknown)
{
    private const int Longest = 1 << 20;
    private static readonly string[] Imported = ["Directory.Build.props", "Directory.Build.targets"];

    /// <summary>The frameworks it is built for: one, several, or none where that isn't written in the project.</summary>
    public IReadOnlyList<string> TargetFrameworks =>
        (Value("TargetFramework") ?? Value("TargetFrameworks"))?.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [];

    /// <summary>What the build makes of it, without <c>.dll</c>.</summary>
    public string AssemblyName => Value("AssemblyName") ?? System.IO.Path.GetFileNameWithoutExtension(Path);

    /// <summary>Which property switches startup hooks off in what the SDK writes into runtimeconfig.json, for Debug builds too; null where none is set.</summary>
    public string? HookSwitch => IsFalse("StartupHookSupport") ? "StartupHookSupport=false"
        : Value("StartupHookSupport") is not null ? null
        : IsTrue("PublishAot") ? "PublishAot=true"
        : IsTrue("PublishTrimmed") ? "PublishTrimmed=true"
        : null;

    /// <summary>Reads it; null where it can't be read, is no such file, or longer than a project is.</summary>
    public static ProjectText? Read(string path, bool isSource)
    {
        if (SmallFile.Read(path, Longest) is not { } bytes) return null;
        return isSource ? ParseSource(path, bytes) : ParseProject(path, bytes);
    }

    private string? Value(string name) => Properties.TryGetValue(name, out var value) ? value : null;

    private bool IsTrue(string name) => "true".Equals(Value(name), StringComparison.OrdinalIgnoreCase);

    private bool IsFalse(string name) => "false".Equals(Value(name), StringComparison.OrdinalIgnoreCase);

    private static ProjectText? ParseProject(string path, byte[] bytes)
    {
        try
        {
            using var reader = XmlReader.Create(new MemoryStream(bytes), new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null });
            Dictionary<string, string> properties = new(StringComparer.OrdinalIgnoreCase);
            List<string> reasons = [];
            // Read element by element: a file of nothing but opening tags mustn't become a tree as deep.
            string? group = null, name = null;
            var isConditional = false;
            while (reader.Read())
            {
                if (reader.NodeType == XmlNodeType.Element)
                {
                    if (reader.Depth == 1) (group, isConditional) = (reader.LocalName, reader.GetAttribute("Condition") is not null);
                    if (reader is { Depth: 1, LocalName: "Import" }) reasons.Add("it imports other files");
                    name = reader.Depth == 2 && group == "PropertyGroup" ? reader.LocalName : null;
                    if (name is null) continue;
                    if (isConditional || reader.GetAttribute("Condition") is not null)
                    {
                        reasons.Add($"{name} is set under a condition");
                        name = null;
                    }
                }
                else if (name is not null && reader is { NodeType: XmlNodeType.Text, Depth: 3 })
                {
                    var value = reader.Value.Trim();
                    if (value.Contains("$(", StringComparison.Ordinal)) reasons.Add($"{name} refers to other properties");
                    else properties[name] = value;
                    name = null;
                }
            }
            if (FindImported(path) is { } imported) reasons.Add($"{imported} counts too");
            return new(path, properties, reasons.Count == 0 ? null : string.Join(", ", reasons.Distinct().Take(3)));
        }
        catch (XmlException)
        {
            return null;
        }
    }

    // File-based programs: #:property NAME=VALUE in front of the code; PublishAot is on unless they say otherwise.
    private static ProjectText ParseSource(string path, byte[] bytes)
    {
        Dictionary<string, string> properties = new(StringComparer.OrdinalIgnoreCase) { ["PublishAot"] = "true" };
        using var lines = new StringReader(System.Text.Encoding.UTF8.GetString(bytes));
        while (lines.ReadLine() is { } line)
        {
            if (!line.StartsWith("#:property ", StringComparison.Ordinal)) continue;
            var text = line["#:property ".Length..];
            var equals = text.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0) properties[text[..equals].Trim()] = text[(equals + 1)..].Trim();
        }
        return new(path, properties, FindImported(path) is { } imported ? $"{imported} counts too" : null);
    }

    private static string? FindImported(string path)
    {
        for (var folder = System.IO.Path.GetDirectoryName(path); folder is not null; folder = System.IO.Path.GetDirectoryName(folder))
        {
            if (Imported.Select(name => System.IO.Path.Combine(folder, name)).FirstOrDefault(File.Exists) is { } found) return found;
        }
        return null;
    }
}
