using Telelaunch.Cli.Logging;
using Telelaunch.Cli.Options;
using Telelaunch.Cli.Output;
using Telelaunch.Cli.Session;
using Telelaunch.Cluster;
using Telelaunch.Net;
using Telelaunch.Routing.Helper;

namespace Telelaunch.Cli.Routing;

/// <summary>What <c>--vpn-tcp</c> adds to a session's start: first the helper and its sockets, then name server and flows, then the catching.</summary>
internal sealed class MachineStart(SessionOptions options, Screen screen, SessionLog log, TimeProvider time, RunningSession session, ClusterRanges found, Cluster.ClusterNames names)
{
    private MachineRanges? _ranges;
    private RoutingPlan? _plan;

    /// <summary>Makes link and sockets; nothing is caught yet.</summary>
    /// <exception cref="HostException">Rights, another session, the kernel.</exception>
    public async Task PrepareAsync(CancellationToken cancellationToken)
    {
        var kubeconfig = session.Connection!.Kubeconfig;
        _ranges = await MachineRanges.ChooseAsync(kubeconfig, found, options.Traffic, cancellationToken);
        _plan = _ranges.Plan(RoutingMethod.VpnTcp, gateway: null, session.Tunnel!.Pod.SearchDomains, names, options.Traffic.AlsoNames);
        session.Routing = await MachineRouting.PrepareAsync(screen, _plan, cancellationToken);
    }

    /// <summary>From now on the machine's connections and names are the session's.</summary>
    /// <exception cref="HostException">It can't be; everything is undone.</exception>
    public async Task CatchAsync(CancellationToken cancellationToken)
    {
        var routing = session.Routing!;
        var tunnel = session.Tunnel!;
        routing.Serve(tunnel, tunnel.Pod, new(names.Namespaces, names.HeadlessServices ?? [], options.Traffic.AlsoNames), _ranges!, log, time);
        routing.Flows = new(new()
        {
            Listeners = [.. new[] { routing.Sockets.Flows4, routing.Sockets.Flows6 }.OfType<System.Net.Sockets.Socket>()],
            Dialer = tunnel.DialAsync,
            NameOf = routing.Names!.NameOf,
            Records = log.Record,
            Time = time,
            Logger = log.Loggers.CreateLogger("Telelaunch.MachineFlows"),
        });
        tunnel.StateChanged += (_, change) => routing.Names!.SetTunnelState(StateOf(change.State));
        // What happened before the handler was there.
        routing.Names!.SetTunnelState(StateOf(tunnel.State.State));
        await routing.CatchAsync(cancellationToken);
        _ = ShowLossAsync(routing, session.Banner!);
        routing.Screen = MachineScreen.Of(session.Connection!.Kubeconfig, found, _ranges!, _plan!, routing.Prepared, "through the tunnel");
    }

    private static Telelaunch.Broker.TunnelState StateOf(Telelaunch.Tunnel.TunnelState state) => state switch
    {
        Telelaunch.Tunnel.TunnelState.Up => Telelaunch.Broker.TunnelState.Up,
        Telelaunch.Tunnel.TunnelState.Down => Telelaunch.Broker.TunnelState.Reconnecting,
        _ => Telelaunch.Broker.TunnelState.Down,
    };

    private static async Task ShowLossAsync(MachineRouting routing, TunnelBanner banner)
    {
        await routing.Lost;
        banner.ShowRoutingLost();
    }
}
