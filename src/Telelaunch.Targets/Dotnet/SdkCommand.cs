namespace Telelaunch.Targets.Dotnet;

/// <summary>A command of the SDK, and which application it leads to, as far as its words tell.</summary>
/// <param name="Verb"><c>run</c>, <c>watch</c>, <c>test</c>, <c>build</c>…; empty for <c>dotnet</c> alone.</param>
/// <param name="Project">The project or, where <paramref name="IsFile"/>, the C# file; null where none is named and the folder has none, or more than one.</param>
/// <param name="Framework"><c>--framework</c>.</param>
/// <param name="Configuration"><c>--configuration</c>, Debug where it isn't given.</param>
public sealed record SdkCommand(string Verb, string? Project, bool IsFile, string? Framework, string Configuration)
{
    private static readonly string[] ProjectVerbs = ["run", "watch", "test", "build", "publish", "pack", "restore", "msbuild", "clean"];
    private static readonly string[] ProjectFiles = ["*.csproj", "*.fsproj", "*.vbproj"];

    /// <summary>True where the command ends in starting programs of its own: then they, and not the SDK, are in the cluster.</summary>
    public bool StartsPrograms => Verb is "run" or "watch" or "test" or "vstest" or "fsi" || IsFile;

    internal static SdkCommand Parse(IReadOnlyList<string> words, string currentDirectory)
    {
        var verb = words.Count == 0 ? "" : words[0];
        // .NET 10: dotnet file.cs is dotnet run file.cs.
        if (IsSource(verb, currentDirectory)) return new("run", Path.Combine(currentDirectory, verb), true, null, "Debug");
        if (!ProjectVerbs.Contains(verb)) return new(verb, null, false, null, "Debug");

        string? project = null, file = null, framework = null, positional = null;
        var configuration = "Debug";
        for (var at = 1; at < words.Count && words[at] != "--"; at++)
        {
            var (name, value) = words[at].StartsWith('-') && words[at].IndexOf('=', StringComparison.Ordinal) is > 0 and var equals ? (words[at][..equals], words[at][(equals + 1)..]) : (words[at], null);
            switch (name)
            {
                case "--project":
                    project = value ?? Next(ref at);
                    break;
                case "--file" when verb is "run" or "watch":
                    file = value ?? Next(ref at);
                    break;
                case "--framework" or "-f":
                    framework = value ?? Next(ref at);
                    break;
                case "--configuration" or "-c":
                    configuration = value ?? Next(ref at) ?? configuration;
                    break;
                default:
                    if (!name.StartsWith('-')) positional ??= name;
                    break;
            }
        }
        // Only what is there counts: a word may be an argument of the application, or the value of an option not known here.
        if (verb is "run" or "watch" && project is null && file is null && positional is not null && IsSource(positional, currentDirectory)) file = positional;
        if (file is not null) return new(verb, Path.Combine(currentDirectory, file), true, framework, configuration);
        if (verb is not ("run" or "watch") && project is null && positional is not null && (IsProject(positional) || Directory.Exists(Path.Combine(currentDirectory, positional)))) project = positional;
        return new(verb, FindProject(Path.Combine(currentDirectory, project ?? "")), false, framework, configuration);

        string? Next(ref int at) => at + 1 < words.Count ? words[++at] : null;
    }

    private static bool IsSource(string word, string folder) =>
        word.EndsWith(".cs", StringComparison.OrdinalIgnoreCase) && File.Exists(Path.Combine(folder, word));

    private static bool IsProject(string word) => word.EndsWith("proj", StringComparison.OrdinalIgnoreCase);

    private static string? FindProject(string path)
    {
        try
        {
            if (!Directory.Exists(path)) return File.Exists(path) && IsProject(path) ? path : null;
            var found = ProjectFiles.SelectMany(pattern => Directory.EnumerateFiles(path, pattern)).Take(2).ToList();
            return found.Count == 1 ? found[0] : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
