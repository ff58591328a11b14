namespace Telelaunch.Targets.Dotnet;

/// <summary>Which runtime may stand in for the one that was asked for (learn.microsoft.com, .NET: "Select which .NET version to use", rollForward).</summary>
public enum RollForward
{
    LatestPatch,

    /// <summary>The default: the next minor version that is there, if the one asked for isn't.</summary>
    Minor,
    Major,
    LatestMinor,
    LatestMajor,

    /// <summary>Only the very version.</summary>
    Disable,
}

/// <summary>A shared framework that an application asks for, or, in a self-contained one, brings along.</summary>
public sealed record FrameworkReference(string Name, RuntimeVersion Version)
{
    /// <summary>The version that the host would take of those that are installed; null where none will do.</summary>
    /// <remarks>A prerelease is taken only where a prerelease was asked for, or no release will do.</remarks>
    public RuntimeVersion? Choose(IEnumerable<RuntimeVersion> installed, RollForward rollForward)
    {
        var asked = Version;
        var able = installed.Where(version => version >= asked).Order().ToList();
        var releases = able.Where(version => version.IsRelease).ToList();
        return (asked.IsRelease ? Among(releases) : null) ?? Among(able);

        RuntimeVersion? Among(List<RuntimeVersion> versions)
        {
            var sameMinor = versions.Where(version => version.Major == asked.Major && version.Minor == asked.Minor);
            var sameMajor = versions.Where(version => version.Major == asked.Major);
            return rollForward switch
            {
                RollForward.Disable => versions.Contains(asked) ? asked : null,
                RollForward.LatestPatch => Last(sameMinor),
                RollForward.Minor => Last(LowestMinor(sameMajor)),
                RollForward.LatestMinor => Last(sameMajor),
                RollForward.Major => Last(LowestMinor(versions)),
                _ => Last(versions),
            };
        }

        static IEnumerable<RuntimeVersion> LowestMinor(IEnumerable<RuntimeVersion> versions) =>
            versions.GroupBy(version => (version.Major, version.Minor)).FirstOrDefault() ?? Enumerable.Empty<RuntimeVersion>();

        static RuntimeVersion? Last(IEnumerable<RuntimeVersion> versions) => versions.Cast<RuntimeVersion?>().LastOrDefault();
    }
}
