using System.Text.Json.Serialization;
using Telelaunch.Cli.Options;
using Telelaunch.Cli.Output;
using Telelaunch.Cli.Session;
using Telelaunch.Cluster;

namespace Telelaunch.Cli.Commands;

/// <summary><c>telelaunch list</c>: the workloads of the namespace, and who stands in for which.</summary>
internal static class ListCommand
{
    public static async Task<int> RunAsync(Surroundings surroundings, SessionOptions options, OutputFormat format, CancellationToken cancellationToken)
    {
        using var connection = ClusterAccess.Connect(options.Cluster);
        List<ListedWorkload> listed = [];
        foreach (var workload in await SwappedWorkload.ListAsync(connection, connection.Kubeconfig.Namespace, cancellationToken))
        {
            var life = workload.IsSwapped || workload.MadeBy is not null ? await workload.FindLifeAsync(connection, cancellationToken) : (SessionLife?)null;
            listed.Add(new(workload.ToString(), workload.Replicas, workload.Claim?.Replicas, workload.Claim?.Owner, workload.Claim?.Since, life switch { _ when workload.MadeBy is not null => "made", SessionLife.Alive => "alive", SessionLife.Dead => "dead", _ => null }));
        }
        Report.Write(surroundings.Screen, format, new WorkloadList(connection.Kubeconfig.Namespace, listed), ListJson.Default.WorkloadList, Text);
        return ExitCodes.Success;
    }

    private static string Text(WorkloadList list) => list.Workloads.Count == 0
        ? $"there are no workloads in the namespace {list.Namespace}\n"
        : string.Concat(list.Workloads.Select(workload => $"{workload.Workload,-40} {workload.Replicas,3} replicas{Swapped(workload)}\n"));

    private static string Swapped(ListedWorkload workload) => workload.Session switch
    {
        null => "",
        "made" => "  made by a session",
        "alive" => $"  swapped by {workload.Owner} since {workload.Since:yyyy-MM-dd HH:mm} UTC (had {workload.OriginalReplicas})",
        _ => $"  swapped by a dead session{(workload.Owner is null ? "" : $" of {workload.Owner}")}: telelaunch restore {workload.Workload}",
    };
}

/// <param name="OriginalReplicas">Before it was swapped; null where it isn't.</param>
/// <param name="Session">alive or dead: who stands in; made: by a session, which removes it; null where nobody stands in.</param>
internal sealed record ListedWorkload(string Workload, int Replicas, int? OriginalReplicas, string? Owner, DateTimeOffset? Since, string? Session);

internal sealed record WorkloadList(string Namespace, IReadOnlyList<ListedWorkload> Workloads);

/// <summary>Serialization without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(WorkloadList))]
internal sealed partial class ListJson : JsonSerializerContext;
