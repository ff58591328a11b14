using Telelaunch.Broker;
using Telelaunch.Broker.Ports;
using Telelaunch.Cli.Guard;
using Telelaunch.Cli.Output;
using Telelaunch.Cli.Routing;
using Telelaunch.Cli.Variables;
using Telelaunch.Cluster;
using Telelaunch.Net;
using Telelaunch.Tunnel;
using Telelaunch.Tunnel.Files;
using Telelaunch.Volumes;

namespace Telelaunch.Cli.Session;

/// <summary>What a session consists of, in the order in which it was made; removed in the reverse order.</summary>
/// <remarks>A session that failed on its way up has the first parts only.</remarks>
internal sealed class RunningSession(Screen screen, TimeProvider time) : IAsyncDisposable
{
    /// <summary>Deleting must not hold up a launcher that is asked to end; the guard goes on where it fails.</summary>
    private static readonly TimeSpan DeleteTimeout = TimeSpan.FromSeconds(10);

    /// <summary>What the command wrote last is delivered so long after its end; connections that its children keep open hold up the end no longer.</summary>
    private static readonly TimeSpan DeliveryTime = TimeSpan.FromSeconds(2);

    public ClusterConnection? Connection { get; set; }

    public SessionKeys Keys { get; set; } = new();

    public GuardProcess? Guard { get; set; }

    public WorkloadHold? Hold { get; set; }

    /// <summary>The workload that the pod stands in for; null where it is the session's own.</summary>
    public SwapPlan? Plan { get; set; }

    public AgentPod? Pod { get; set; }

    public Tunnel.Tunnel? Tunnel { get; set; }

    /// <summary>The container's environment, unfiltered.</summary>
    public ContainerEnvironment Environment { get; set; } = ContainerEnvironment.Empty;

    /// <summary>Made before the broker, which needs it, because volumes lie in it.</summary>
    public SessionDirectory? Directory { get; set; }

    /// <summary>What volumes are fetched on demand into.</summary>
    public SessionDirectory? FetchedDirectory { get; set; }

    public PodFiles? Files { get; set; }

    public SessionVolumes? Volumes { get; set; }

    /// <summary>Null where the command alone is in the cluster's network.</summary>
    public MachineRouting? Routing { get; set; }

    public Broker.Broker? Broker { get; set; }

    public TunnelBanner? Banner { get; set; }

    /// <summary>Null where no port is exposed.</summary>
    public ExposedPorts? Ports { get; set; }

    /// <summary>Lets flows end by themselves, as the kernel does for a process that has written and ended.</summary>
    public async Task DeliverAsync()
    {
        using var bound = new CancellationTokenSource(DeliveryTime, time);
        try
        {
            await Task.WhenAll(Broker!.WaitForFlowsAsync(bound.Token), Routing?.Flows?.WaitForFlowsAsync(bound.Token) ?? Task.CompletedTask, Ports?.WaitForCallersAsync(bound.Token) ?? Task.CompletedTask);
        }
        catch (OperationCanceledException)
        {
            // They are reset with the session.
        }
    }

    /// <summary>Removes everything; says what could not be removed. A part that fails to close doesn't keep the next from being removed.</summary>
    public async ValueTask DisposeAsync()
    {
        // Every program of this machine needs its name servers: nothing may hold them up.
        if (Routing is not null) await Routing.ReleaseNamesAsync();
        // What others wait for comes next.
        var isClean = Hold is null || await Hold.RestoreAsync();
        try
        {
            if (Ports is not null) await Ports.DisposeAsync();
        }
        finally
        {
            await CloseAsync(isClean);
        }
    }

    private async Task CloseAsync(bool isClean)
    {
        try
        {
            if (Tunnel is not null && Banner is not null) Tunnel.StateChanged -= Banner.Show;
            if (Broker is not null) await Broker.DisposeAsync();
        }
        finally
        {
            try
            {
                // Before the tunnel, which its flows end in.
                if (Routing is not null) await Routing.DisposeAsync();
                // After the broker: nobody asks for files any more. Before the tunnel: what was written is still on its way to the pod.
                if (Volumes is not null) await Volumes.DisposeAsync();
                if (Files is not null) await Files.DisposeAsync();
                FetchedDirectory?.Dispose();
                Directory?.Dispose();
                if (Tunnel is not null) await Tunnel.DisposeAsync();
            }
            finally
            {
                // Where the workload isn't put back, the restorer has to do it: the Lease stays, and what belongs to it.
                if (isClean) isClean = await DeletePodAsync() & (Hold is null || await Hold.ReleaseAsync());
                if (Hold is not null) await Hold.DisposeAsync();
                if (Guard is not null) await Guard.EndAsync(isClean);
                Connection?.Dispose();
                Keys.Dispose();
            }
        }
    }

    private async Task<bool> DeletePodAsync()
    {
        if (Pod is null) return true;
        using var deadline = new CancellationTokenSource(DeleteTimeout, time);
        try
        {
            await Deletion.RunAsync(Pod.DeleteAsync, time, deadline.Token);
            return true;
        }
        catch (Exception error) when (error is ClusterException or OperationCanceledException)
        {
            screen.Say($"the agent pod {Pod.Name} in the namespace {Pod.Namespace} couldn't be deleted: {error.Message}");
            screen.Say("a process in the background goes on trying for a minute; without a client the agent ends by itself within two");
            return false;
        }
    }
}
