using Telelaunch.Cli.Output;
using Telelaunch.Cluster;
using Telelaunch.Net;

namespace Telelaunch.Cli.Session;

/// <summary>What a session holds in the cluster beside its agent pod: the swapped workload, the Lease that says it lives, and the restorer.</summary>
/// <remarks>
/// The guard is told of each thing before it is made. <see cref="RestoreAsync"/> comes first at the end, because others wait for it; the Lease, which owns the rest, goes last, and
/// stays where the workload couldn't be put back: the restorer needs it.
/// </remarks>
internal sealed class WorkloadHold : IAsyncDisposable
{
    /// <summary>Putting back must not hold up a launcher that is asked to end; the guard and the restorer go on where it fails.</summary>
    private static readonly TimeSpan RestoreTime = TimeSpan.FromSeconds(10);

    private readonly ClusterConnection _connection;
    private readonly Screen _screen;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _running = [];
    private (SwapPlan? Plan, string? Session) _perhapsClaimed;
    private bool _isRestored;
    private ClusterException? _leaseRefusal;

    private WorkloadHold(ClusterConnection connection, Screen screen, TimeProvider time)
    {
        _connection = connection;
        _screen = screen;
        _time = time;
    }

    /// <summary>Null where the session stands in for nothing that was there before.</summary>
    public Swap? Swap { get; private set; }

    /// <summary>Null where this user may not make one.</summary>
    public SessionLease? Lease { get; private set; }

    public bool HasRestorer { get; private set; }

    public static WorkloadHold Nothing(ClusterConnection connection, Screen screen, TimeProvider time) => new(connection, screen, time);

    /// <summary>Takes the workload's lock.</summary>
    /// <param name="reread">Reads the plan anew after the workload was changed under our hands.</param>
    /// <exception cref="ClusterException">See <see cref="Cluster.Swap.ClaimAsync"/>.</exception>
    public async Task ClaimAsync(SwapPlan plan, AgentPodOptions pod, Func<Task<SwapPlan>> reread, Action<string> note, CancellationToken cancellationToken)
    {
        const int attempts = 30;
        for (var attempt = 1; Swap is null; attempt++)
        {
            try
            {
                Swap = await Cluster.Swap.ClaimAsync(_connection, plan, pod.SessionId, pod.Owner, _time, cancellationToken);
            }
            catch (ClusterException error) when (error.Code is "api-timeout" or "api-connection-lost" or "api-error")
            {
                // No answer came: it may be claimed all the same.
                _perhapsClaimed = (plan, pod.SessionId);
                throw;
            }
            catch (ClusterException error) when (error.Code == "api-conflict" && attempt < attempts)
            {
                plan = await reread();
            }
            catch (ClusterException error) when (error.Code == "swapped-already" && attempt < attempts)
            {
                if (!await RestoreOwnDeadAsync(plan, pod, note, cancellationToken)) throw;
                plan = await reread();
            }
        }
    }

    /// <summary>Makes the Lease.</summary>
    /// <returns>False where this user may not.</returns>
    /// <exception cref="ClusterException"><c>forbidden</c> where he may not and a ReplicaSet is swapped; and those of every call.</exception>
    public async Task<bool> TryCreateLeaseAsync(AgentPodOptions pod, CancellationToken cancellationToken)
    {
        try
        {
            Lease = await SessionLease.CreateAsync(_connection, pod.Namespace, pod.SessionId, pod.Owner, _time, cancellationToken);
        }
        catch (ClusterException error) when (error.Code == "forbidden" && Swap?.Plan.Kind == WorkloadKind.ReplicaSet)
        {
            throw new ClusterException(error.Code, $"{error.Message} Without a Lease that owns it the agent's Pod would be adopted by {Swap.Plan}, and deleted when that is scaled down.", error.Remedy, error);
        }
        catch (ClusterException error) when (error.Code == "forbidden")
        {
            _leaseRefusal = error;
            return false;
        }
        _running.Add(Lease.RenewAsync(() => _screen.Say("the session's Lease was deleted by somebody: the cluster removes the agent with it"), _stop.Token));
        return true;
    }

    /// <summary>Starts the restorer; where it can't be, that is said, and the session goes on without.</summary>
    public async Task StartRestorerAsync(AgentPodOptions pod, Action<string> note, CancellationToken cancellationToken)
    {
        var what = Swap is null ? $"what the session made stays until: telelaunch restore -n {pod.Namespace}" : $"{Swap.Plan} stays at 0 replicas until: telelaunch restore {Swap.Plan} -n {pod.Namespace}";
        if (Lease is null)
        {
            note($"nothing in the cluster watches over the session: {_leaseRefusal?.Message} Should this machine die, {what}. {_leaseRefusal?.Remedy}");
            return;
        }
        try
        {
            await Restorer.StartAsync(_connection, Lease, pod, Swap?.Plan, _time, cancellationToken);
            HasRestorer = true;
        }
        catch (ClusterException error) when (error.Code is "forbidden" or "restorer-not-ready" or "quota-exceeded" or "limit-range" or "pod-security" or "admission-denied")
        {
            note($"there is no restorer in the cluster: {error.Message} Should this machine die, {what}. {error.Remedy}");
        }
    }

    /// <summary>Moves the traffic: from here on the workload's callers come to the agent alone.</summary>
    public async Task ScaleDownAsync(Action<string> note, CancellationToken cancellationToken)
    {
        if (Swap is null) return;
        if (!await Swap.ScaleDownAsync(cancellationToken)) note($"the Pods of {Swap.Plan} are slow to go: until then they share the callers with this process");
        _running.Add(new SwapWatch(_connection, Swap, _screen.Say, _time).RunAsync(_stop.Token));
    }

    /// <summary>Puts the workload back. What can't be done is said, with who does it instead.</summary>
    /// <returns>False where it couldn't be.</returns>
    public async Task<bool> RestoreAsync()
    {
        await _stop.CancelAsync();
        // What went wrong with watching must not keep the workload from being put back; disposal tells it.
        await Task.WhenAll(_running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var (plan, session) = Swap is null ? _perhapsClaimed : (Swap.Plan, Swap.Claim.Session);
        if (plan is null || _isRestored) return true;
        using var deadline = new CancellationTokenSource(RestoreTime, _time);
        try
        {
            var result = await SwapRestore.RunAsync(_connection, plan.Namespace, plan.Kind, plan.Name, session, _time, deadline.Token);
            _isRestored = true;
            if (Swap is not null && Say(result) is { } said) _screen.Say(said);
            return true;
        }
        catch (Exception error) when (error is ClusterException or OperationCanceledException)
        {
            _screen.Say($"{plan} couldn't be put back: {error.Message}");
            _screen.Say(HasRestorer
                ? "the restorer in the cluster does it within 90 seconds; a process in the background goes on trying for a minute"
                : $"a process in the background goes on trying for a minute; should that fail: telelaunch restore {plan} -n {plan.Namespace}");
            return false;
        }
    }

    /// <summary>Removes the Lease, and with it what it owns.</summary>
    /// <returns>False where it couldn't be.</returns>
    public async Task<bool> ReleaseAsync()
    {
        if (Lease is null) return true;
        using var deadline = new CancellationTokenSource(RestoreTime, _time);
        try
        {
            await Deletion.RunAsync(Lease.DeleteAsync, _time, deadline.Token);
            return true;
        }
        catch (Exception error) when (error is ClusterException or OperationCanceledException)
        {
            _screen.Say($"the session's Lease {Lease.Name} in the namespace {Lease.Namespace} couldn't be deleted: {error.Message}");
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_running);
        _stop.Dispose();
    }

    // A session of the same user whose process is known to be gone stands in nobody's way.
    private async Task<bool> RestoreOwnDeadAsync(SwapPlan plan, AgentPodOptions pod, Action<string> note, CancellationToken cancellationToken)
    {
        var found = await SwappedWorkload.FindAsync(_connection, plan.Namespace, new(plan.Kind, plan.Name, null), cancellationToken);
        if (found?.Claim is not { } claim || claim.Owner != pod.Owner.Text || LauncherIdentity.IsAlive(claim.Launcher) != false) return false;
        var result = await SwapRestore.RunAsync(_connection, plan.Namespace, plan.Kind, plan.Name, claim.Session, _time, cancellationToken);
        await RemoveLeftoversAsync(_connection, plan.Namespace, claim.Session, cancellationToken);
        note($"a session of yours that died ({claim.WhoAndSince}) had left {plan} swapped; it was put back first ({result.Count})");
        return true;
    }

    /// <summary>Removes what a dead session made: its pod, and its Lease with all that belongs to it. What this user may not remove is left.</summary>
    public static async Task RemoveLeftoversAsync(ClusterConnection connection, string podNamespace, string session, CancellationToken cancellationToken)
    {
        await UnlessForbiddenAsync(AgentPod.DeleteAsync(connection, podNamespace, AgentPod.NameOf(session), podUid: null, cancellationToken));
        await UnlessForbiddenAsync(SessionLease.DeleteAsync(connection, podNamespace, AgentPod.NameOf(session), cancellationToken));
    }

    // A pod ends by itself without a client; whoever may not make Leases has none to remove.
    private static async Task UnlessForbiddenAsync(Task removal)
    {
        try
        {
            await removal;
        }
        catch (ClusterException error) when (error.Code == "forbidden")
        {
            // Left.
        }
    }

    private string? Say(RestoreResult result) => result.Outcome switch
    {
        RestoreOutcome.Restored when result.TemplateChanged => $"{Swap!.Plan} is put back: {result.Count}, of the template that came meanwhile",
        RestoreOutcome.Restored => $"{Swap!.Plan} is put back: {result.Count}",
        RestoreOutcome.ScaledMeanwhile => $"{Swap!.Plan} was scaled by somebody and keeps its {result.Count}",
        RestoreOutcome.NotSwapped => $"{Swap!.Plan} was put back by somebody before",
        RestoreOutcome.SomebodyElses => $"{Swap!.Plan} is another session's by now and was left as it is",
        _ => $"{Swap!.Plan} was deleted by somebody: there is nothing to put back",
    };
}
