using System.Text.Json.Nodes;
using Telelaunch.Net;

namespace Telelaunch.Cluster;

/// <summary>Puts a workload back, from whatever state of a swap it is in. May be done twice, and by two at once.</summary>
/// <remarks>
/// <code>
///  annotation   replicas                 what is done
///  absent       any                      nothing
///  present      as claimed               annotation removed            (not scaled down yet)
///  present      0                        replicas and annotation       (scaled down)
///  present      another number           annotation removed            (somebody scaled it: that is their wish)
/// </code>
/// Each is one conditional write, so no state lies in between.
/// </remarks>
public static class SwapRestore
{
    private const int Attempts = 30;

    /// <summary>Controllers write a status, and with it a resourceVersion, several times a second while they work.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <param name="session">Only this session's swap; null for whoever's.</param>
    /// <exception cref="ClusterException"><c>swap-claim-unreadable</c>, <c>forbidden</c>, and those of every call.</exception>
    public static async Task<RestoreResult> RunAsync(
        ClusterConnection connection, string podNamespace, WorkloadKind kind, string name, string? session, TimeProvider time, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(time);
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await TryAsync(connection, podNamespace, kind, name, session, cancellationToken);
            }
            catch (ClusterException error) when (error.Code is "api-conflict" or "api-not-found" && attempt < Attempts)
            {
                // Changed, or deleted, between read and write.
                await Task.Delay(Pause, time, cancellationToken);
            }
        }
    }

    private static async Task<RestoreResult> TryAsync(ClusterConnection connection, string podNamespace, WorkloadKind kind, string name, string? session, CancellationToken cancellationToken)
    {
        Workload workload;
        try
        {
            workload = await Workload.ReadAsync(connection, podNamespace, kind, name, cancellationToken);
        }
        catch (ClusterException error) when (error.Code is "workload-not-found" or "namespace-not-found")
        {
            return new(RestoreOutcome.Deleted, 0, false);
        }
        if (workload.ClaimText is null) return new(RestoreOutcome.NotSwapped, workload.Replicas, false);
        if (workload.Claim is not { } claim) throw Unreadable(workload);
        if (session is not null && claim.Session != session) return new(RestoreOutcome.SomebodyElses, workload.Replicas, false);

        var patch = new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [SwapClaim.Annotation] = null } } };
        var isScaledDown = workload.Replicas == 0;
        if (isScaledDown) patch["spec"] = new JsonObject { ["replicas"] = claim.Replicas };
        var restored = await workload.PatchAsync(connection, patch, cancellationToken);
        return new(
            isScaledDown || workload.Replicas == claim.Replicas ? RestoreOutcome.Restored : RestoreOutcome.ScaledMeanwhile,
            restored.Replicas,
            workload.TemplateHash != claim.TemplateHash);
    }

    private static ClusterException Unreadable(Workload workload) => new(
        "swap-claim-unreadable",
        $"The annotation {SwapClaim.Annotation} of {workload} isn't one that this version writes.",
        $"See what it says (kubectl get {workload} -n {workload.Namespace} -o yaml); then put it back by hand: kubectl scale {workload} -n {workload.Namespace} --replicas=N; kubectl annotate {workload} -n {workload.Namespace} {SwapClaim.Annotation}-");
}
