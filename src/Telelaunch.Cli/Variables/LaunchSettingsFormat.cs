using System.Text.Json;
using System.Text.RegularExpressions;

namespace Telelaunch.Cli.Variables;

/// <summary>A Properties/launchSettings.json with one profile, for Visual Studio, Rider and <c>dotnet run --launch-profile telelaunch</c>.</summary>
internal sealed partial class LaunchSettingsFormat : EnvironmentFormat
{
    protected override string? FaultOf(ContainerVariable variable)
    {
        if (!variable.TryRead(out _, out var value)) return "it isn't UTF-8";
        // dotnet run replaces %NAME%, Visual Studio $(Property); neither knows a way to write them as they are.
        return Expanded().IsMatch(value) ? "a launch profile would expand %…% or $(…) in it" : null;
    }

    protected override byte[] Write(IReadOnlyList<ContainerVariable> variables)
    {
        using var text = new MemoryStream();
        using (var writer = new Utf8JsonWriter(text, JsonFormat.Style))
        {
            writer.WriteStartObject();
            writer.WriteString("$schema", "https://json.schemastore.org/launchsettings.json");
            writer.WriteStartObject("profiles");
            writer.WriteStartObject("telelaunch");
            writer.WriteString("commandName", "Project");
            writer.WriteStartObject("environmentVariables");
            JsonFormat.WriteAll(writer, variables);
            writer.WriteEndObject();
            writer.WriteEndObject();
            writer.WriteEndObject();
            writer.WriteEndObject();
        }
        text.WriteByte((byte)'\n');
        return text.ToArray();
    }

    [GeneratedRegex(@"%[A-Za-z_][A-Za-z0-9_]*%|\$\([A-Za-z_]", RegexOptions.CultureInvariant)]
    private static partial Regex Expanded();
}
