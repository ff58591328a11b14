namespace Telelaunch.Cli.Variables;

/// <summary>What of a container's environment the command gets.</summary>
/// <param name="Includes"><c>--env-include</c>: where there are any, only what one of them matches, and that also where it is left out by default.</param>
/// <param name="Excludes"><c>--env-exclude</c>: not what one of them matches.</param>
/// <param name="Overrides"><c>--env-override</c>: set whatever the container has, in the order given.</param>
internal sealed record EnvironmentFilter(IReadOnlyList<NameGlob> Includes, IReadOnlyList<NameGlob> Excludes, IReadOnlyList<ContainerVariable> Overrides)
{
    /// <remarks>
    /// <code>
    /// container ── never ──► left out by default, or --env-include ──► --env-exclude ──► --env-override ──► passed
    /// </code>
    /// </remarks>
    public EnvironmentSelection Apply(ContainerEnvironment container)
    {
        var passed = container.Where(IsPassed);
        foreach (var variable in Overrides) passed = passed.Set(variable);
        return new(passed, [.. container.Variables.Where(variable => !IsPassed(variable) && !Overrides.Any(set => set.Name.AsSpan().SequenceEqual(variable.Name)))]);
    }

    private bool IsPassed(ContainerVariable variable)
    {
        if (Matches(OwnNames.OfTelelaunch, variable) || Matches(Excludes, variable)) return false;
        return Includes.Count > 0 ? Matches(Includes, variable) : !Matches(OwnNames.OfTheContainer, variable);
    }

    private static bool Matches(IReadOnlyList<NameGlob> globs, ContainerVariable variable) => globs.Any(glob => glob.Matches(variable));
}

/// <summary>A container's environment after the filter.</summary>
/// <param name="Passed">What the command gets.</param>
/// <param name="LeftOut">What the container has and the command doesn't get.</param>
internal sealed record EnvironmentSelection(ContainerEnvironment Passed, IReadOnlyList<ContainerVariable> LeftOut);
