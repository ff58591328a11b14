using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Telelaunch.Broker;
using Telelaunch.Cli.Launch;
using Telelaunch.Cli.Options;
using Telelaunch.Cli.Output;
using Telelaunch.Cli.Routing;
using Telelaunch.Cli.Session;
using Telelaunch.Cluster;
using Telelaunch.Net;

namespace Telelaunch.Cli.Commands;

/// <summary><c>--dry-run</c>: what run would make and use. Reads only; the one create that it sends is a dry run itself.</summary>
internal static class DryRun
{
    /// <summary>Stands for what isn't known before the session: its name and its directory.</summary>
    private const string SessionId = "dryrun";

    private const string NoManifests = """{"apiVersion":"v1","kind":"List","items":[]}""";

    public static async Task<int> RunAsync(Screen screen, SessionOptions options, OutputFormat format, CancellationToken cancellationToken)
    {
        using var connection = ClusterAccess.Connect(options.Cluster);
        var kubeconfig = connection.Kubeconfig;
        var pod = ClusterAccess.PodOptions(options.Agent, kubeconfig.Namespace, SessionId);
        var swap = options.Workload.Swap is { } reference ? await SwapPlan.ReadAsync(connection, pod.Namespace, reference, isForSwap: true, cancellationToken) : null;
        pod = pod with { StandIn = swap?.StandIn(), NewDeployment = options.Workload.NewDeployment is { } name ? new(name, options.Expose.AskedPodPorts) : null };
        var makesAgent = options.Traffic.Method != CatchMethod.Route;
        var rights = ClusterRights.ReviewAsync(connection, pod.Namespace, makesAgent ? ClusterAccess.RightsOf(options.Workload, SessionPurpose.Run) : [], cancellationToken);
        var ranges = ClusterRanges.FindAsync(connection, kubeconfig.Namespace, cancellationToken);
        await Task.WhenAll(rights, ranges);

        var found = (await ranges).Services.Concat((await ranges).Pods).ToList();
        var plan = new DryRunPlan(
            kubeconfig.ContextName,
            kubeconfig.Server.ToString(),
            kubeconfig.Namespace,
            [.. (await rights).Select(review => new PlannedRight(review.Right.ToString(), review.Right.IsRequired, review.IsAllowed, review.Right.Purpose))],
            [
                .. found.Select(range => new PlannedRange(range.Range.ToString(), "cluster", range.Source)),
                .. options.Traffic.AlsoRanges.Select(range => new PlannedRange(range.ToString(), "cluster", "--also-proxy")),
                .. options.Traffic.NeverRanges.Select(range => new PlannedRange(range.ToString(), "never", "--never-proxy")),
            ],
            [.. AddressRanges.Create(found.Select(range => range.Range), options.Traffic.NeverRanges).FindOverlaps(HostRoutes.Read()).Select(OverlapNote.Of)],
            Environment(options),
            PlannedVariables.Of(options.Environment, swap is null || !options.Environment.IsPassed ? null : (await WorkloadEnvironment.ReadAsync(connection, swap, cancellationToken)).Variables),
            JsonDocument.Parse(makesAgent ? AgentPod.Describe(pod) : NoManifests).RootElement)
        {
            Notes = [.. (swap?.Findings ?? []).Select(finding => finding.ToString())],
            Routing = options.Traffic.IsForMachine ? await PlannedRouting.OfAsync(connection, await ranges, options.Traffic, cancellationToken) : null,
            Patches = [.. (swap?.DescribePatches(AgentPod.NameOf(SessionId)) ?? []).Select(patch => new PlannedPatch(patch.Name, JsonDocument.Parse(patch.Patch).RootElement))],
        };
        Report.Write(screen, format, plan, DryRunJson.Default.DryRunPlan, Text);
        return ExitCodes.Success;
    }

    private static Dictionary<string, string> Environment(SessionOptions options)
    {
        if (options.Traffic.IsForMachine) return [];
        var others = CommandEnvironment.OfThisProcess().PreloadsOfOthers();
        var changes = new Dictionary<string, string>
        {
            ["LD_PRELOAD"] = others is null ? ShimFile.Install() : $"{ShimFile.Install()}:{others}",
            ["TELELAUNCH_SESSION"] = "(the session's directory)",
            ["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0",
        };
        if (options.Traffic.SkipProcesses.Count > 0) changes["TELELAUNCH_SKIP"] = string.Join(',', options.Traffic.SkipProcesses);
        return changes;
    }

    private static string Text(DryRunPlan plan)
    {
        var text = new StringBuilder();
        text.Append($"cluster:     {plan.Server} (context {plan.Context}, namespace {plan.Namespace})\n\nrights:\n");
        foreach (var right in plan.Rights)
            text.Append($"  {(right.IsAllowed ? "yes" : right.IsRequired ? "NO " : "no ")}  {right.Right,-45} {(right.IsRequired ? "needed" : "useful")} to {right.Purpose}\n");
        text.Append("\nranges:\n");
        foreach (var range in plan.Ranges) text.Append($"  {range.Range,-20} {range.Kind,-8} {range.Source}\n");
        foreach (var overlap in plan.Overlaps) text.Append($"  overlap: {overlap}\n");
        text.Append("\nenvironment:\n");
        foreach (var (name, value) in plan.Environment) text.Append($"  + {name}={value}\n");
        text.Append(plan.Container.Text());
        foreach (var note in plan.Notes) text.Append($"\nnote: {note}\n");
        if (plan.Patches.Count > 0) text.Append("\npatches:\n");
        foreach (var patch in plan.Patches) text.Append($"  {patch.Object}  {patch.Patch.GetRawText()}\n");
        if (plan.Routing is { } routing)
            text.Append($"\nlinks and routes:\n{Indented(routing.Links)}\nname servers ({routing.Resolver}):\n{Indented(routing.NameServers)}{(routing.Script is { } script ? $"\npacket filter:\n{script}" : "")}");
        text.Append("\nmanifests:\n");
        foreach (var item in plan.Manifests.GetProperty("items").EnumerateArray()) text.Append("---\n").Append(YamlText.Of(item));
        return text.ToString();
    }

    private static string Indented(IEnumerable<string> lines) => string.Concat(lines.Select(line => $"  {line}\n"));
}

/// <param name="Overlaps">In words.</param>
/// <param name="Environment">Variables that the command gets on top of this process's.</param>
/// <param name="Container">What of the container's environment the command gets.</param>
/// <param name="Manifests">A List for kubectl, the Secret without its data.</param>
internal sealed record DryRunPlan(
    string Context,
    string Server,
    string Namespace,
    IReadOnlyList<PlannedRight> Rights,
    IReadOnlyList<PlannedRange> Ranges,
    IReadOnlyList<string> Overlaps,
    IReadOnlyDictionary<string, string> Environment,
    PlannedVariables Container,
    JsonElement Manifests)
{
    /// <summary>What is to be known about the workload.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>What would change of this machine; null where the command alone is in the cluster's network.</summary>
    public PlannedRouting? Routing { get; init; }

    /// <summary>Merge patches in their order; the last is the way back.</summary>
    public IReadOnlyList<PlannedPatch> Patches { get; init; } = [];
}

/// <param name="Object"><c>deployment/web</c>.</param>
internal sealed record PlannedPatch(string Object, JsonElement Patch);

internal sealed record PlannedRight(string Right, bool IsRequired, bool IsAllowed, string Purpose);

/// <param name="Kind">cluster or never.</param>
internal sealed record PlannedRange(string Range, string Kind, string Source);

/// <summary>Serialization without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(DryRunPlan))]
internal sealed partial class DryRunJson : JsonSerializerContext;
