using System.Text;
using Telelaunch.Cli.Options;
using Telelaunch.Cli.Variables;

namespace Telelaunch.Cli.Commands;

/// <summary>What <c>--dry-run</c> tells of the container's environment: names and patterns, never a value.</summary>
/// <param name="IsPassed">False for <c>--no-env</c>.</param>
/// <param name="Only">Patterns of <c>--env-include</c>; empty: all but what is left out by default.</param>
/// <param name="Without">Patterns that are left out, by default or by <c>--env-exclude</c>.</param>
/// <param name="Set">Names of <c>--env-override</c>.</param>
/// <param name="Passed">Names, where the container could be asked; else null.</param>
/// <param name="LeftOut">Names, where the container could be asked; else null.</param>
internal sealed record PlannedVariables(
    bool IsPassed,
    IReadOnlyList<string> Only,
    IReadOnlyList<string> Without,
    IReadOnlyList<string> Set,
    IReadOnlyList<string>? Passed,
    IReadOnlyList<string>? LeftOut)
{
    /// <param name="container">The environment of the workload's running container; null where none was asked.</param>
    public static PlannedVariables Of(EnvironmentOptions options, ContainerEnvironment? container)
    {
        var filter = options.Filter;
        var excluded = (filter.Includes.Count > 0 ? [] : OwnNames.OfTheContainer).Concat(OwnNames.OfTelelaunch).Concat(filter.Excludes);
        var selection = options.IsPassed && container is not null ? filter.Apply(container) : null;
        return new(
            options.IsPassed,
            [.. filter.Includes.Select(glob => glob.Text)],
            [.. excluded.Select(glob => glob.Text).Distinct()],
            [.. filter.Overrides.Select(variable => variable.ShownName)],
            selection is null ? null : [.. selection.Passed.Variables.Select(variable => variable.ShownName)],
            selection is null ? null : [.. selection.LeftOut.Select(variable => variable.ShownName)]);
    }

    /// <summary>For a person; whole lines, below those of the environment.</summary>
    public string Text()
    {
        var text = new StringBuilder();
        if (!IsPassed) text.Append("  nothing of the container's environment\n");
        else if (Passed is null) text.Append($"  {(Only.Count > 0 ? string.Join(", ", Only) : "all")} of the container's environment, without {string.Join(", ", Without)}\n");
        foreach (var name in Passed ?? Set) text.Append($"  + {name} ({(Set.Contains(name) ? "--env-override" : "the container's")})\n");
        foreach (var name in LeftOut ?? []) text.Append($"  - {name} (left out)\n");
        return text.ToString();
    }
}
