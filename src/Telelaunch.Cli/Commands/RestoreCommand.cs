using System.Text.Json.Serialization;
using Telelaunch.Cli.Options;
using Telelaunch.Cli.Output;
using Telelaunch.Cli.Session;
using Telelaunch.Cluster;
using Telelaunch.Net;

namespace Telelaunch.Cli.Commands;

/// <summary><c>telelaunch restore [NAME | --all]</c>: puts back what dead sessions left swapped; <c>leave NAME</c>: ends a swap whose session lives.</summary>
internal static class RestoreCommand
{
    /// <param name="name">Null for all of the namespace.</param>
    /// <param name="isForced">Also where the session still lives.</param>
    /// <returns>0 when nothing is left swapped that should not be, 1 otherwise.</returns>
    public static async Task<int> RunAsync(Surroundings surroundings, SessionOptions options, string? name, bool isForced, OutputFormat format, CancellationToken cancellationToken)
    {
        using var connection = ClusterAccess.Connect(options.Cluster);
        var podNamespace = connection.Kubeconfig.Namespace;
        var found = name is null
            ? [.. (await SwappedWorkload.ListAsync(connection, podNamespace, cancellationToken)).Where(workload => workload.IsSwapped || workload.MadeBy is not null)]
            : await FindAsync(connection, podNamespace, name, cancellationToken);
        List<RestoredWorkload> results = [];
        foreach (var workload in found) results.Add(await RestoreAsync(connection, workload, isForced, surroundings.Time, cancellationToken));
        // Pods and new workloads of dead sessions, which stood in for nothing.
        if (name is null) await SweepAsync(connection, podNamespace, [.. found.Select(workload => workload.Claim?.Session ?? workload.MadeBy?.Session).OfType<string>()], cancellationToken);
        Report.Write(surroundings.Screen, format, new RestoreReport(podNamespace, results), RestoreJson.Default.RestoreReport, Text);
        return results.Any(result => result.Outcome is "alive" or "failed") ? ExitCodes.Failed : ExitCodes.Success;
    }

    private static async Task<List<SwappedWorkload>> FindAsync(ClusterConnection connection, string podNamespace, string name, CancellationToken cancellationToken)
    {
        var reference = WorkloadReference.TryParse(name) ?? throw OptionValues.Invalid("NAME", name, "names no workload", "Write web, deployment/web or statefulset/db.");
        return await SwappedWorkload.FindAsync(connection, podNamespace, reference, cancellationToken) is { } workload
            ? [workload]
            : throw new ClusterException("workload-not-found", $"There is no {reference} in the namespace {podNamespace}.", $"Correct the name, or name the namespace with -n; telelaunch list -n {podNamespace} shows what there is.");
    }

    private static async Task<RestoredWorkload> RestoreAsync(ClusterConnection connection, SwappedWorkload workload, bool isForced, TimeProvider time, CancellationToken cancellationToken)
    {
        RestoredWorkload Result(string outcome, int replicas, string detail) => new(workload.ToString(), outcome, replicas, workload.Claim?.Owner, detail);

        async Task<RestoredWorkload> RemoveAsync(string session)
        {
            if (!isForced && await workload.FindLifeAsync(connection, cancellationToken) == SessionLife.Alive)
                return Result("alive", workload.Replicas, $"a session made it that may still live: end it there, or telelaunch leave {workload} -n {workload.Namespace}");
            await NewDeployment.DeleteAsync(connection, workload.Namespace, workload.Name, session, cancellationToken);
            await WorkloadHold.RemoveLeftoversAsync(connection, workload.Namespace, session, cancellationToken);
            return Result("removed", 0, "a session had made it; it is removed, with its Service");
        }

        try
        {
            if (workload.MadeBy is { } made) return await RemoveAsync(made.Session);
            if (!workload.IsSwapped) return Result("not-swapped", workload.Replicas, $"nobody stands in for it; it has {RestoreResult.CountOf(workload.Replicas)}");
            if (!isForced && await workload.FindLifeAsync(connection, cancellationToken) == SessionLife.Alive)
                return Result("alive", workload.Replicas, $"the session of {workload.Claim!.WhoAndSince} still lives: end it there, or telelaunch leave {workload} -n {workload.Namespace}");
            var result = await SwapRestore.RunAsync(connection, workload.Namespace, workload.Kind, workload.Name, workload.Claim?.Session, time, cancellationToken);
            if (workload.Claim is { } claim) await WorkloadHold.RemoveLeftoversAsync(connection, workload.Namespace, claim.Session, cancellationToken);
            return result.Outcome switch
            {
                RestoreOutcome.Restored => Result("restored", result.Replicas, $"put back: {result.Count}"),
                RestoreOutcome.ScaledMeanwhile => Result("restored", result.Replicas, $"was scaled meanwhile and keeps its {result.Count}"),
                RestoreOutcome.Deleted => Result("deleted", 0, "was deleted meanwhile"),
                RestoreOutcome.SomebodyElses => Result("alive", result.Replicas, "another session stands in for it by now"),
                _ => Result("not-swapped", result.Replicas, $"was put back by somebody else; it has {result.Count}"),
            };
        }
        catch (ClusterException error)
        {
            // The others are still to be put back.
            return Result("failed", workload.Replicas, $"{error.Message} {error.Remedy}");
        }
    }

    private static async Task SweepAsync(ClusterConnection connection, string podNamespace, IReadOnlyCollection<string> seen, CancellationToken cancellationToken)
    {
        try
        {
            await AgentPod.SweepAsync(connection, podNamespace, AgentOwner.OfThisUser(), cancellationToken);
            await SessionLease.SweepAsync(connection, podNamespace, AgentOwner.OfThisUser(), seen, cancellationToken);
        }
        catch (ClusterException error) when (error.Code == "forbidden")
        {
            // Whoever may not list them has been told so by every session.
        }
    }

    private static string Text(RestoreReport report) => report.Workloads.Count == 0
        ? $"no session has left anything in the namespace {report.Namespace}\n"
        : string.Concat(report.Workloads.Select(workload => $"{workload.Workload}  {workload.Detail}\n"));
}

/// <param name="Outcome">restored, removed, not-swapped, deleted, alive or failed.</param>
/// <param name="Owner">Who stood in; null where nobody did.</param>
/// <param name="Detail">In words.</param>
internal sealed record RestoredWorkload(string Workload, string Outcome, int Replicas, string? Owner, string Detail);

internal sealed record RestoreReport(string Namespace, IReadOnlyList<RestoredWorkload> Workloads);

/// <summary>Serialization without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(RestoreReport))]
internal sealed partial class RestoreJson : JsonSerializerContext;
