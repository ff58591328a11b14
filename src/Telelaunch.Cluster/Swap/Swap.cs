using System.Text.Json.Nodes;
using Telelaunch.Net;

namespace Telelaunch.Cluster;

/// <summary>A workload that a session stands in for, from the claim to the way back.</summary>
/// <remarks>
/// <code>
/// ClaimAsync      annotation, with the workload's resourceVersion as the lock
///   (Lease, restorer, agent Pod: the session's; nothing of the workload's is touched)
/// ScaleDownAsync  replicas 0, and wait until its Pods take no more calls
///   (the command runs)
/// RestoreAsync    replicas as claimed, annotation removed, in one write
/// </code>
/// Whoever dies in between leaves one of the states that <see cref="SwapRestore"/> knows.
/// </remarks>
public sealed class Swap
{
    private const int Attempts = 30;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>How long the workload's Pods may take to leave the Services.</summary>
    private static readonly TimeSpan ScaleDownTime = TimeSpan.FromSeconds(15);

    private readonly ClusterConnection _connection;
    private readonly TimeProvider _time;

    private Swap(ClusterConnection connection, SwapPlan plan, SwapClaim claim, TimeProvider time)
    {
        _connection = connection;
        _time = time;
        Plan = plan;
        Claim = claim;
    }

    public SwapPlan Plan { get; }

    public SwapClaim Claim { get; }

    /// <summary>Takes the lock.</summary>
    /// <param name="plan">Read a moment ago; where the workload was changed since, this is begun anew by the caller.</param>
    /// <exception cref="ClusterException">
    /// <c>swapped-already</c> with who and since when; <c>api-conflict</c> where it was changed since it was read; and those of every call.
    /// </exception>
    public static async Task<Swap> ClaimAsync(
        ClusterConnection connection, SwapPlan plan, string session, AgentOwner owner, TimeProvider time, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(owner);
        ArgumentNullException.ThrowIfNull(time);
        var workload = plan.Workload;
        if (workload.ClaimText is not null) throw Claimed(workload);
        var claim = new SwapClaim
        {
            Session = session,
            Owner = owner.Text,
            Since = time.GetUtcNow(),
            Replicas = workload.Replicas,
            Container = plan.Container,
            TemplateHash = workload.TemplateHash,
            Launcher = LauncherIdentity.OfThisProcess(),
            ExpirySeconds = (int)SessionLease.Expiry.TotalSeconds,
        };
        cancellationToken.ThrowIfCancellationRequested();
        await workload.PatchAsync(connection, new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [SwapClaim.Annotation] = claim.ToText() } } }, CancellationToken.None);
        return new(connection, plan, claim, time);
    }

    /// <summary>Scales the workload to 0 and waits until it has no Pod that Services still send callers to.</summary>
    /// <returns>False where its Pods are still there after <see cref="ScaleDownTime"/>.</returns>
    /// <exception cref="ClusterException"><c>swap-lost</c> where somebody has ended the swap meanwhile; and those of every call.</exception>
    public async Task<bool> ScaleDownAsync(CancellationToken cancellationToken)
    {
        var workload = await ScaleToZeroAsync(cancellationToken);
        var began = _time.GetTimestamp();
        while (!IsDown(workload))
        {
            if (_time.GetElapsedTime(began) > ScaleDownTime) return false;
            await Task.Delay(Pause, _time, cancellationToken);
            workload = await Workload.ReadAsync(_connection, Plan.Namespace, Plan.Kind, Plan.Name, cancellationToken);
        }
        return true;
    }

    /// <summary>Puts the workload back. May be called at any time after the claim, and more than once.</summary>
    public Task<RestoreResult> RestoreAsync(CancellationToken cancellationToken) =>
        SwapRestore.RunAsync(_connection, Plan.Namespace, Plan.Kind, Plan.Name, Claim.Session, _time, cancellationToken);

    private async Task<Workload> ScaleToZeroAsync(CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            var workload = await Workload.ReadAsync(_connection, Plan.Namespace, Plan.Kind, Plan.Name, cancellationToken);
            if (workload.Claim?.Session != Claim.Session)
            {
                throw new ClusterException(
                    "swap-lost",
                    $"The swap of {Plan} was ended by somebody while it began{(workload.Claim is { } other ? $": {other.WhoAndSince} stands in now" : "")}.",
                    "Start again once the workload is free: telelaunch list.");
            }
            if (workload.Replicas == 0) return workload;
            try
            {
                cancellationToken.ThrowIfCancellationRequested();
                return await workload.PatchAsync(_connection, new JsonObject { ["spec"] = new JsonObject { ["replicas"] = 0 } }, CancellationToken.None);
            }
            catch (ClusterException error) when (error.Code == "api-conflict" && attempt < Attempts)
            {
                await Task.Delay(Pause, _time, cancellationToken);
            }
        }
    }

    /// <summary>Pods that are ending aren't counted in <c>status.replicas</c>, and are in no EndpointSlice as ready.</summary>
    private static bool IsDown(Workload workload) => workload.IsObserved && Workload.Number(workload.Json["status"], "replicas") == 0;

    private static ClusterException Claimed(Workload workload)
    {
        var who = workload.Claim is { } claim ? claim.WhoAndSince : "somebody whose annotation can't be read";
        return new(
            "swapped-already",
            $"{workload} in the namespace {workload.Namespace} is swapped already: {who} stands in for it.",
            $"Ask them to end their session. If it is dead: telelaunch restore {workload} -n {workload.Namespace}. To reach {workload.Name} without standing in for it, leave the option out.");
    }
}
