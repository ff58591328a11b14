using System.CommandLine;
using System.Text.RegularExpressions;
using Telelaunch.Cli.Output;
using Telelaunch.Cluster;

namespace Telelaunch.Cli.Options;

/// <summary>The options that say which workload the process stands for.</summary>
internal sealed partial class WorkloadOptionSet
{
    private readonly Option<string?> _swapDeployment = new("--swap-deployment", "-s")
    {
        HelpName = "NAME[:CONTAINER]",
        Description = "Stand in for a Deployment: its Pods go, the agent takes their place, all is put back at the end",
    };

    private readonly Option<string?> _swap = new("--swap", "--target", "-t")
    {
        HelpName = "TYPE/NAME[/container/C]",
        Description = "The same for a Deployment, StatefulSet or ReplicaSet",
    };

    private readonly Option<string?> _newDeployment = new("--new-deployment") { HelpName = "NAME", Description = "Make a new Deployment and Service of that name that lead to the command" };

    private readonly Option<string?> _deployment = new("--deployment", "-d") { HelpName = "NAME", Description = "Use an agent that is there already (telelaunch agent manifest)" };

    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[_swapDeployment, _swap, _newDeployment, _deployment]) command.Options.Add(option);
    }

    /// <exception cref="CommandLineException">A value can't be understood, or two of them are given.</exception>
    public WorkloadOptions Read(ParseResult line)
    {
        var options = new WorkloadOptions(
            (line.GetValue(_swapDeployment), line.GetValue(_swap)) switch
            {
                (null, null) => null,
                ({ } name, null) => Reference("--swap-deployment", name),
                (null, { } reference) => Reference("--swap", reference),
                _ => throw Two("--swap-deployment", "--swap"),
            },
            Name("--new-deployment", line.GetValue(_newDeployment)),
            Name("--deployment", line.GetValue(_deployment)));
        if (options is { Swap: not null, NewDeployment: not null }) throw Two("--swap-deployment", "--new-deployment");
        if (options is { Swap: not null, Deployment: not null }) throw Two("--swap-deployment", "--deployment");
        return options is { NewDeployment: not null, Deployment: not null } ? throw Two("--new-deployment", "--deployment") : options;
    }

    private static WorkloadReference Reference(string option, string text) => WorkloadReference.TryParse(text) ?? throw OptionValues.Invalid(
        option, text, "names no workload", option == "--swap" ? "Write TYPE/NAME or TYPE/NAME/container/CONTAINER, as deployment/web or statefulset/db/container/main." : "Write NAME or NAME:CONTAINER, as web or web:main.");

    private static string? Name(string option, string? text) => text is null || NamePattern().IsMatch(text)
        ? text
        : throw OptionValues.Invalid(option, text, "can't be a name: lower-case letters, digits and '-', at most 63, beginning with a letter", "Write it as my-web.");

    private static CommandLineException Two(string first, string second) =>
        new("options-exclude-each-other", $"{first} and {second} are both given.", "The process stands for one workload: leave one of them out.");

    // RFC 1035, because a Service gets that name.
    [GeneratedRegex(@"^[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?\z", RegexOptions.CultureInvariant)]
    private static partial Regex NamePattern();
}
