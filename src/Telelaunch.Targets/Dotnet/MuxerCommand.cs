namespace Telelaunch.Targets.Dotnet;

/// <summary>What the words after <c>dotnet</c> ask for, as hostfxr tells it (dotnet/runtime <c>src/native/corehost/fxr/command_line.cpp</c>).</summary>
/// <param name="Assembly">The application to start; null for a command of the SDK.</param>
/// <param name="RuntimeConfig"><c>--runtimeconfig</c>; null: the file beside the assembly.</param>
/// <param name="FrameworkVersion"><c>--fx-version</c>.</param>
/// <param name="RollForward"><c>--roll-forward</c>, over the application's own.</param>
/// <param name="SdkWords">The SDK's command and its words; empty where an application is started.</param>
internal sealed record MuxerCommand(string? Assembly, string? RuntimeConfig, string? FrameworkVersion, RollForward? RollForward, IReadOnlyList<string> SdkWords)
{
    // Each with one value.
    private static readonly string[] HostOptions =
        ["--additionalprobingpath", "--additional-deps", "--depsfile", "--runtimeconfig", "--fx-version", "--roll-forward", "--roll-forward-on-no-candidate-fx"];

    /// <param name="words">What follows <c>dotnet</c>.</param>
    public static MuxerCommand Parse(IReadOnlyList<string> words, string currentDirectory)
    {
        var isExec = words is ["exec", ..];
        var at = isExec ? 1 : 0;
        Dictionary<string, string> options = [];
        for (; at + 1 < words.Count && HostOptions.Contains(words[at], StringComparer.OrdinalIgnoreCase); at += 2) options[words[at].ToLowerInvariant()] = words[at + 1];

        var assembly = at < words.Count && IsApplication(words[at]) ? Path.Combine(currentDirectory, words[at]) : null;
        return new(
            assembly,
            options.GetValueOrDefault("--runtimeconfig") is { } config ? Path.Combine(currentDirectory, config) : null,
            options.GetValueOrDefault("--fx-version"),
            Dotnet.RuntimeConfig.ParseRollForward(options.GetValueOrDefault("--roll-forward")),
            assembly is null ? [.. words.Skip(at)] : []);
    }

    private static bool IsApplication(string word) => word.EndsWith(".dll", StringComparison.OrdinalIgnoreCase) || word.EndsWith(".exe", StringComparison.OrdinalIgnoreCase);
}
