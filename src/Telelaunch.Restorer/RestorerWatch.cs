using Telelaunch.Cluster;
using Telelaunch.Net;

namespace Telelaunch.Restorer;

/// <summary>What a restorer is there for.</summary>
/// <param name="Lease">The session's Lease, in the Pod's own namespace.</param>
/// <param name="Workload">What has to be put back; null where only the session's own objects have to go.</param>
/// <param name="Session">The session whose swap it is; another's isn't touched.</param>
internal sealed record RestorerTask(string Lease, WorkloadReference? Workload, string? Session);

/// <summary>Looks at a session's Lease until it isn't renewed any more, then puts the workload back and deletes the Lease.</summary>
/// <remarks>
/// The Lease's times are its client's clock. What counts here is for how long this clock has seen no change of it, so no two clocks are compared; a restorer that was started anew begins to count anew.
/// While the API server can't be reached nothing is counted either: the client may be as cut off as this is, and renew again the moment that it is back.
/// </remarks>
internal sealed class RestorerWatch(ClusterConnection connection, string podNamespace, RestorerTask task, TimeProvider time, Action<string> log)
{
    public const string ReadyFile = "/tmp/lease-seen";

    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(2);

    /// <summary>Where the probe finds that the Lease was seen.</summary>
    public string ReadyPath { get; init; } = ReadyFile;

    /// <summary>Ends when everything is put back and the Lease is deleted.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await WaitForDeathAsync(cancellationToken);
        if (task.Workload is { } workload) await RestoreAsync(workload, cancellationToken);
        await RepeatAsync("delete the Lease", () => SessionLease.DeleteAsync(connection, podNamespace, task.Lease, cancellationToken), cancellationToken);
        log("the Lease is deleted; the cluster removes what belonged to it, this restorer too");
    }

    private async Task WaitForDeathAsync(CancellationToken cancellationToken)
    {
        LeaseSighting? seen = null;
        var unchanged = TimeSpan.Zero;
        var last = time.GetTimestamp();
        while (true)
        {
            var sighting = await TryReadAsync(cancellationToken);
            var now = time.GetTimestamp();
            if (sighting is { IsGone: true })
            {
                // Deleted while the workload may still be swapped: its client removes it last, so the client can't have done that.
                log("the Lease is gone");
                return;
            }
            if (sighting is not null)
            {
                if (seen is null) log($"watching the Lease {task.Lease}");
                unchanged = sighting.Version == seen?.Version ? unchanged + time.GetElapsedTime(last, now) : TimeSpan.Zero;
                if (seen is null) await File.WriteAllTextAsync(ReadyPath, "", cancellationToken);
                seen = sighting;
                if (unchanged >= SessionLease.Expiry)
                {
                    log($"the Lease wasn't renewed for {unchanged.TotalSeconds:0} s: its session is dead");
                    return;
                }
            }
            last = now;
            await Task.Delay(Interval, time, cancellationToken);
        }
    }

    private async Task<LeaseSighting?> TryReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await LeaseSighting.ReadAsync(connection, podNamespace, task.Lease, cancellationToken);
        }
        catch (ClusterException error)
        {
            log($"the Lease can't be read: {error.Message}");
            return null;
        }
    }

    private Task RestoreAsync(WorkloadReference workload, CancellationToken cancellationToken) => RepeatAsync($"restore {workload}", async () =>
    {
        var result = await SwapRestore.RunAsync(connection, podNamespace, workload.Kind, workload.Name, task.Session, time, cancellationToken);
        log(result.Outcome switch
        {
            RestoreOutcome.Restored => $"{workload} is put back: {result.Count}",
            RestoreOutcome.ScaledMeanwhile => $"{workload} was scaled meanwhile and keeps its {result.Count}",
            RestoreOutcome.NotSwapped => $"{workload} was put back before",
            RestoreOutcome.SomebodyElses => $"{workload} is another session's by now",
            _ => $"{workload} was deleted meanwhile",
        });
    }, cancellationToken);

    /// <summary>There is nobody else to do it: a failure is told and tried again.</summary>
    private async Task RepeatAsync(string what, Func<Task> attempt, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await attempt();
                return;
            }
            catch (ClusterException error)
            {
                log($"failed to {what}: {error.Message}");
            }
            await Task.Delay(RetryInterval, time, cancellationToken);
        }
    }
}
