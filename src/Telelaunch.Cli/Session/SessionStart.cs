using System.Security.Cryptography;
using Telelaunch.Broker;
using Telelaunch.Broker.Ports;
using Telelaunch.Cli.Guard;
using Telelaunch.Cli.Launch;
using Telelaunch.Cli.Logging;
using Telelaunch.Cli.Options;
using Telelaunch.Cli.Output;
using Telelaunch.Cli.Routing;
using Telelaunch.Cli.Variables;
using Telelaunch.Cluster;
using Telelaunch.Net;
using Telelaunch.Tunnel;
using Telelaunch.Tunnel.Files;

namespace Telelaunch.Cli.Session;

/// <summary>What a session is brought up for.</summary>
internal enum SessionPurpose
{
    /// <summary>A command lives in it.</summary>
    Run,

    /// <summary>Only what the agent's pod is given is looked at: nothing that is there already is changed, and no caller comes.</summary>
    Look,
}

/// <summary>How far a session is brought up.</summary>
internal enum SessionExtent
{
    /// <summary>So far that the container's environment is known: nothing is caught.</summary>
    Environment,
    Whole,
}

/// <summary>Brings a session up: rights, guard, agent pod, tunnel, broker, in this order; ranges and names are found while the pod starts.</summary>
internal sealed class SessionStart(SessionOptions options, Screen screen, IProgressDisplay display, SessionLog log, TimeProvider time, SessionPurpose purpose = SessionPurpose.Run)
{
    private readonly SessionPhases _phases = new(display, time);

    /// <summary>The process that is to be brought in; null where a command is to be started.</summary>
    public int? Attached { get; init; }

    /// <inheritdoc cref="RunAsync(SessionExtent, CancellationToken)"/>
    public Task<RunningSession> RunAsync(CancellationToken cancellationToken) => RunAsync(SessionExtent.Whole, cancellationToken);

    /// <param name="extent">How far it goes.</param>
    /// <returns>The session, owned by the caller. When it throws, everything made so far is removed again.</returns>
    /// <exception cref="TelelaunchException">The first cause.</exception>
    public async Task<RunningSession> RunAsync(SessionExtent extent, CancellationToken cancellationToken)
    {
        var session = new RunningSession(screen, time);
        try
        {
            session.Connection = ClusterAccess.Connect(options.Cluster);
            await BringUpAsync(session, session.Connection, extent, cancellationToken);
            return session;
        }
        catch (Exception error)
        {
            display.Finish();
            await session.DisposeAsync();
            if (error is ClusterException { Code: "namespace-not-found" } missing && options.Cluster.Namespace is not null)
                throw new ClusterException(missing.Code, missing.Message, $"{missing.Remedy} -n is the namespace; Telepresence 1 used it for --new-deployment, write that out.", missing);
            throw;
        }
    }

    private async Task BringUpAsync(RunningSession session, ClusterConnection connection, SessionExtent extent, CancellationToken cancellationToken)
    {
        var pod = ClusterAccess.PodOptions(options.Agent, connection.Kubeconfig.Namespace, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(5)));
        await _phases.ShowAsync("rights", () => ClusterAccess.RequireRightsAsync(connection, pod.Namespace, options.Workload, purpose, cancellationToken));
        var plan = options.Workload.Swap is null ? null : await ReadPlanAsync(connection, pod, cancellationToken);

        var (ranges, names) = options.Workload.Deployment is { } standing
            ? await UseStandingAgentAsync(session, connection, pod, standing, cancellationToken)
            : await StartAgentAsync(session, connection, pod, plan, cancellationToken);
        await OpenTunnelAsync(session, connection, cancellationToken);
        if (options.Environment.IsPassed) await _phases.ShowAsync("environment", () => ReadEnvironmentAsync(session, connection, cancellationToken));
        if (extent == SessionExtent.Environment) return;
        await MountVolumesAsync(session, connection, cancellationToken);
        var machine = purpose == SessionPurpose.Run && options.Traffic.Method == CatchMethod.VpnTcp
            ? new MachineStart(options, screen, log, time, session, ranges, names)
            : null;
        if (machine is not null) await _phases.ShowAsync("routing prepared", () => machine.PrepareAsync(cancellationToken));
        await _phases.ShowAsync("names", () => StartBrokerAsync(session, ranges, names, machine is not null, cancellationToken));
        if (purpose == SessionPurpose.Run) await ExposePortsAsync(session, Exposed(session), cancellationToken);
        if (session.Hold?.Swap is not null) await _phases.ShowAsync($"{session.Plan} scaled to 0", () => MoveTrafficAsync(session, session.Hold, cancellationToken));
        if (machine is not null) await _phases.ShowAsync("machine routed", () => machine.CatchAsync(cancellationToken));
    }

    // An agent of the session's own: guard, claim and Lease where there is a workload, pod.
    private async Task<(ClusterRanges Ranges, Cluster.ClusterNames Names)> StartAgentAsync(
        RunningSession session, ClusterConnection connection, AgentPodOptions pod, SwapPlan? plan, CancellationToken cancellationToken)
    {
        var kubeconfig = connection.Kubeconfig;
        var newDeployment = purpose == SessionPurpose.Run ? options.Workload.NewDeployment : null;
        // The guard knows the pod's name before the pod is made, so there is no moment at which a killed launcher leaves it.
        session.Guard = await GuardProcess.StartAsync(new()
        {
            Kubeconfig = options.Cluster.Kubeconfig,
            Context = kubeconfig.ContextName,
            Namespace = kubeconfig.Namespace,
            As = options.Cluster.As,
            Pod = AgentPod.NameOf(pod.SessionId),
            PodNamespace = pod.Namespace,
            Session = pod.SessionId,
            Workload = purpose == SessionPurpose.Run ? plan?.ToString() : null,
            NewDeployment = newDeployment,
            HasLease = purpose == SessionPurpose.Run && (plan is not null || newDeployment is not null),
        }, cancellationToken);

        if (plan is not null)
        {
            if (purpose == SessionPurpose.Run) plan = await ClaimAsync(session, connection, plan, pod, cancellationToken);
            pod = pod with { StandIn = plan.StandIn(takesTraffic: purpose == SessionPurpose.Run), Lease = session.Hold?.Lease };
            session.Plan = plan;
        }
        if (newDeployment is { } name)
        {
            session.Hold = WorkloadHold.Nothing(connection, screen, time);
            await session.Hold.TryCreateLeaseAsync(pod, cancellationToken);
            pod = pod with { NewDeployment = new(name, options.Expose.AskedPodPorts), Lease = session.Hold.Lease };
        }
        return await StartPodAsync(session, connection, pod, cancellationToken);
    }

    // First the agent takes callers, then the workload's Pods go: the other way round there would be a moment with nobody.
    private async Task MoveTrafficAsync(RunningSession session, WorkloadHold hold, CancellationToken cancellationToken)
    {
        await session.Pod!.TakeTrafficAsync(cancellationToken);
        await hold.ScaleDownAsync(display.Note, cancellationToken);
    }

    // The agent, its Secret and its pod are somebody's: nothing is made, and nothing removed at the end.
    private async Task<(ClusterRanges Ranges, Cluster.ClusterNames Names)> UseStandingAgentAsync(RunningSession session, ClusterConnection connection, AgentPodOptions pod, string name, CancellationToken cancellationToken)
    {
        session.Guard = await GuardProcess.StartAsync(new() { PodNamespace = pod.Namespace }, cancellationToken);
        await _phases.ShowAsync($"agent {name} found", async () =>
        {
            (session.Pod, var files) = await StandingAgent.FindAsync(connection, pod.Namespace, name, cancellationToken);
            session.Keys.Dispose();
            session.Keys = SessionKeys.TryRead(files) ?? throw new ClusterException("agent-keys-unreadable",
                $"The Secret of the agent {name} doesn't hold the keys for its clients.", $"Make it anew: telelaunch agent image manifest {name} | kubectl apply -f -");
        });
        var ranges = ClusterRanges.FindAsync(connection, connection.Kubeconfig.Namespace, cancellationToken);
        var names = Cluster.ClusterNames.ReadAsync(connection, connection.Kubeconfig.Namespace, cancellationToken);
        await Task.WhenAll(ranges, names);
        return (await ranges, await names);
    }

    private async Task<SwapPlan> ReadPlanAsync(ClusterConnection connection, AgentPodOptions pod, CancellationToken cancellationToken)
    {
        if (pod.Namespace != connection.Kubeconfig.Namespace)
            throw new ClusterException("agent-namespace-differs", $"The agent pod can't stand in for a workload of another namespace ({pod.Namespace} and {connection.Kubeconfig.Namespace}).", "Leave --agent-namespace out.");
        return await SwapPlan.ReadAsync(connection, pod.Namespace, options.Workload.Swap!, isForSwap: purpose == SessionPurpose.Run, cancellationToken);
    }

    private async Task<SwapPlan> ClaimAsync(RunningSession session, ClusterConnection connection, SwapPlan plan, AgentPodOptions pod, CancellationToken cancellationToken)
    {
        foreach (var finding in plan.Findings) display.Note(finding.ToString());
        session.Hold = WorkloadHold.Nothing(connection, screen, time);
        await _phases.ShowAsync($"{plan} claimed", () => session.Hold.ClaimAsync(plan, pod, () => ReadPlanAsync(connection, pod, cancellationToken), display.Note, cancellationToken));
        await session.Hold.TryCreateLeaseAsync(pod, cancellationToken);
        return session.Hold.Swap!.Plan;
    }

    private async Task<(ClusterRanges Ranges, Cluster.ClusterNames Names)> StartPodAsync(
        RunningSession session, ClusterConnection connection, AgentPodOptions pod, CancellationToken cancellationToken)
    {
        using var failure = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var start = StartAsync();
        var ranges = FailTogetherAsync(() => ClusterRanges.FindAsync(connection, connection.Kubeconfig.Namespace, failure.Token));
        var names = FailTogetherAsync(() => Cluster.ClusterNames.ReadAsync(connection, connection.Kubeconfig.Namespace, failure.Token));
        var sweep = SweepAsync(connection, pod, failure.Token);
        var restorer = session.Hold is null ? Task.FromResult(true) : FailTogetherAsync(async () =>
        {
            await session.Hold.StartRestorerAsync(pod, display.Note, failure.Token);
            return true;
        });
        try
        {
            session.Pod = await start;
            await restorer;
            return (await ranges, await names);
        }
        finally
        {
            await Task.WhenAll(Settled(start), Settled(ranges), Settled(names), Settled(restorer), sweep);
            // A pod that became ready while something else failed is the session's to delete.
            if (start.IsCompletedSuccessfully) session.Pod = await start;
        }

        Task<AgentPod> StartAsync()
        {
            _phases.BeginPod();
            var files = session.Keys.ToSecretFiles();
            var secret = new AgentSecret(files[SessionKeys.SecretFileName], files[SessionKeys.HostKeyFileName], files[SessionKeys.AuthorizedKeysFileName]);
            return FailTogetherAsync(() => AgentPod.StartAsync(connection, pod, secret, _phases.Report, failure.Token));
        }

        async Task<T> FailTogetherAsync<T>(Func<Task<T>> part)
        {
            try
            {
                return await part();
            }
            catch
            {
                await failure.CancelAsync();
                throw;
            }
        }
    }

    private async Task OpenTunnelAsync(RunningSession session, ClusterConnection connection, CancellationToken cancellationToken)
    {
        var pod = session.Pod!;
        var isSsh = options.Traffic.Tunnel == TunnelKind.Ssh;
        session.Tunnel = await Telelaunch.Tunnel.Tunnel.OpenAsync(
            (port, token) => connection.OpenPortForwardAsync(pod.Namespace, pod.Name, port, token),
            session.Keys,
            TunnelOptions(),
            new PhaseReport(phase => _phases.Report(phase, isSsh)),
            cancellationToken);
    }

    // The agent's container has what the workload's manifest says; what its image says only a container of the workload's own has, and that still runs.
    private async Task ReadEnvironmentAsync(RunningSession session, ClusterConnection connection, CancellationToken cancellationToken)
    {
        var workload = session.Plan is { } plan ? await WorkloadEnvironment.ReadAsync(connection, plan, cancellationToken) : null;
        if (workload?.Reason is { } reason) display.Note(reason);
        session.Environment = ContainerEnvironment.Of(await session.Tunnel!.ReadEnvironmentAsync(cancellationToken))
            .With(workload?.Variables ?? ContainerEnvironment.Empty, session.Plan?.OwnVariables ?? []);
    }

    private TunnelOptions TunnelOptions() => new()
    {
        Carriers = options.Traffic.Carriers,
        Carrier = options.Traffic.Tunnel == TunnelKind.Ssh ? CarrierKind.Ssh : CarrierKind.Direct,
        AgentPort = AgentPod.AgentPort,
        SshPort = AgentPod.SshPort,
    };

    private async Task MountVolumesAsync(RunningSession session, ClusterConnection connection, CancellationToken cancellationToken)
    {
        var pod = session.Pod!;
        session.Directory = SessionDirectory.Create(null);
        await session.Guard!.TellAsync(told => told with { Directory = session.Directory.FullPath }, cancellationToken);
        var start = new VolumeStart(options.Volumes, display, log.Loggers, time);
        var plan = start.Plan(pod.Mounts, session.Directory.FullPath);
        session.Files = new PodFiles((port, token) => connection.OpenPortForwardAsync(pod.Namespace, pod.Name, port, token), session.Keys, TunnelOptions());
        if (plan.Shown.Count + plan.LeftOut.Count > 0)
            await _phases.ShowAsync("volumes", async () => session.Volumes = await start.StartAsync(session.Files, plan, session.Directory.FullPath, () => MakeFetchedFolder(session), cancellationToken));
        await session.Guard!.TellAsync(told => told with { FetchedDirectory = session.FetchedDirectory?.FullPath }, cancellationToken);
    }

    /// <summary>In the cache, because the session's directory often lies in memory; there, too, where the cache can't be used.</summary>
    private static string MakeFetchedFolder(RunningSession session)
    {
        try
        {
            session.FetchedDirectory = SessionDirectory.Create(Path.Combine(UserFolders.Cache, "telelaunch", "volumes"));
            return session.FetchedDirectory.FullPath;
        }
        catch (HostException)
        {
            return Directory.CreateDirectory(Path.Combine(session.Directory!.FullPath, "fetched")).FullName;
        }
    }

    private async Task StartBrokerAsync(RunningSession session, ClusterRanges ranges, Cluster.ClusterNames names, bool isForMachine, CancellationToken cancellationToken)
    {
        var tunnel = session.Tunnel!;
        session.Broker = await Telelaunch.Broker.Broker.StartAsync(new()
        {
            Dialer = tunnel.DialAsync,
            Resolver = tunnel,
            Pod = tunnel.Pod,
            // What is routed for the whole machine needs no catching in the process.
            ClusterRanges = isForMachine ? [] : [.. ranges.Services.Concat(ranges.Pods).Select(found => found.Range).Distinct()],
            PodPorts = options.Expose.ToPod,
            FollowsListeners = Exposed(session).IsAny,
            AlsoProxy = options.Traffic.AlsoRanges,
            NeverProxy = options.Traffic.NeverRanges,
            Names = new(names.Namespaces, names.HeadlessServices ?? [], options.Traffic.AlsoNames),
            SkipProcesses = options.Traffic.SkipProcesses,
            Directory = session.Directory,
            HostName = session.Plan is null || options.KeepHostName ? null : tunnel.Pod.HostName,
            Volumes = session.Volumes?.Mounted,
            Files = session.Volumes is { } volumes ? volumes.AnswerAsync : static (_, _) => ValueTask.FromResult(PodFileAnswer.Failed(Errno.ENOENT)),
            Records = log.Record,
            Time = time,
            Logger = log.Loggers.CreateLogger("Telelaunch.Broker"),
        }, cancellationToken);
        foreach (var overlap in session.Broker.Overlaps) display.Note(OverlapNote.Of(overlap));
        session.Banner = new TunnelBanner(screen, session.Broker);
        tunnel.StateChanged += session.Banner.Show;
        // What happened before the handler was there.
        if (tunnel.State.State != Telelaunch.Tunnel.TunnelState.Up) session.Banner.Show(tunnel, tunnel.State);
    }

    private ExposeOptions Exposed(RunningSession session) => options.Expose.WithDeclared(session.Plan?.DeclaredPorts ?? []);

    private async Task ExposePortsAsync(RunningSession session, ExposeOptions expose, CancellationToken cancellationToken)
    {
        var services = await ServicePorts.FindAsync(session.Connection!, session.Pod!, cancellationToken);
        var table = new PortTable(screen, session.Tunnel!.Pod.Addresses, services, Attached);
        if (expose.IsAny)
        {
            log.PortChanged = table.Change;
            log.KestrelListens = table.Confirm;
            await _phases.ShowAsync("ports", async () => session.Ports = await ExposedPorts.StartAsync(new()
            {
                Ports = expose.Ports,
                FollowsCommand = expose.FollowsCommand,
                Listen = session.Tunnel.ListenAsync,
                AppListeners = session.Broker!.AppListeners,
                Records = log.Record,
                Time = time,
                Logger = log.Loggers.CreateLogger("Telelaunch.Ports"),
            }, cancellationToken));
        }
        table.Show(session.Ports?.Ports ?? [], expose, display);
    }

    // What dead sessions of this user left goes with the next one; that it can't be listed or deleted is no failure of this one.
    private static async Task SweepAsync(ClusterConnection connection, AgentPodOptions pod, CancellationToken cancellationToken)
    {
        try
        {
            await AgentPod.SweepAsync(connection, pod.Namespace, pod.Owner, cancellationToken);
        }
        catch (Exception error) when (error is ClusterException or OperationCanceledException)
        {
        }
    }

    private static Task Settled(Task task) => task.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

    /// <summary>Unlike <see cref="Progress{T}"/> it keeps the order, because it reports on the thread that tells.</summary>
    private sealed class PhaseReport(Action<TunnelPhase> report) : IProgress<TunnelPhase>
    {
        public void Report(TunnelPhase value) => report(value);
    }
}
