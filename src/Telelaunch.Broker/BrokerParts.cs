using System.Net;
using System.Net.Sockets;
using Telelaunch.Broker.Managed;
using Telelaunch.Broker.Ports;
using Telelaunch.Net;
using Telelaunch.Net.Dns;

namespace Telelaunch.Broker;

/// <summary>Opens a broker's parts in their order and closes them in the reverse one.</summary>
internal sealed class BrokerParts : IAsyncDisposable
{
    private const int PortAttempts = 16;

    private readonly VerdictTable _table;
    private readonly ControlSocket _control;
    private readonly bool _followsListeners;
    private readonly NameServerListener _nameServers;

    private BrokerParts(
        SessionDirectory directory,
        VerdictTable table,
        RelayPorts ports,
        bool followsListeners,
        (PodNames Names, FlowOpener Flows, NameServerListener NameServers, ControlSocket Control) services,
        IReadOnlyList<RangeOverlap> overlaps)
    {
        Directory = directory;
        _table = table;
        Ports = ports;
        _followsListeners = followsListeners;
        (Names, Flows, _nameServers, _control) = services;
        Overlaps = overlaps;
    }

    internal SessionDirectory Directory { get; }

    internal RelayPorts Ports { get; }

    internal PodNames Names { get; }

    internal FlowOpener Flows { get; }

    internal AppListeners AppListeners { get; private init; } = new();

    private LearntAddresses? Learnt { get; init; }

    internal IReadOnlyList<RangeOverlap> Overlaps { get; }

    internal long ControlConnections => _control.ConnectionCount;

    internal static async Task<BrokerParts> OpenAsync(
        BrokerOptions options,
        FlowContext context,
        LoopProbe probe,
        CancellationToken sessionEnd,
        CancellationToken cancellationToken)
    {
        (AddressRanges ranges, IReadOnlyList<RangeOverlap> overlaps) = CaughtRanges.Choose(options.ClusterRanges, options.AlsoProxy, options.NeverProxy, options.HostRoutes ?? HostRoutes.Read());
        IReadOnlyList<NameServer> servers = ListNameServers(options);
        SessionDirectory directory = options.Directory ?? SessionDirectory.Create(options.SessionRoot);
        VerdictTable? table = null;
        try
        {
            table = new VerdictTable(directory.TablePath);
            table.WriteRanges(ranges);
            table.WritePodPorts(options.PodPorts);
            table.WriteNameServers([.. servers.Select(server => new ListedNameServer(server.Address, server.Loopback))]);
            table.WriteHostName(options.HostName);
            table.WriteMounts(options.Volumes);
            var learnt = new LearntAddresses(table, ranges);
            context.Learnt = learnt;
            (RelayPorts ports, List<Socket> sockets) = await OpenPortsAsync(options, servers, cancellationToken);
            var names = new PodNames(options.Resolver, new NamePolicy(options.Pod, options.Names), learnt, context, sessionEnd);
            var flows = new FlowOpener(ports, new FlowTable(), context);
            var nameServers = new NameServerListener(new NameDesk(names, probe, learnt, context), context);
            nameServers.Start(servers, sockets);
            var listeners = new AppListeners();
            var desk = new ControlDesk(flows, names, listeners, options.Files, new ManagedDesk(context, new DetourJudge(context, names)));
            var control = new ControlSocket(directory.ControlPath, desk.AnswerAsync, options.Time, options.Logger);
            var parts = new BrokerParts(directory, table, ports, options.FollowsListeners, (names, flows, nameServers, control), overlaps) { AppListeners = listeners, Learnt = learnt };
            parts.PublishPod(context, active: true);
            return parts;
        }
        catch
        {
            table?.Dispose();
            directory.Dispose();
            throw;
        }
    }

    /// <summary>Writes what depends on the pod and on whether the broker serves.</summary>
    internal void PublishPod(FlowContext context, bool active)
    {
        VerdictFlags flags = Ports.Flags | (active ? VerdictFlags.Active : 0) | (Names.Policy.AskDotted ? VerdictFlags.AskDotted : 0) | (_followsListeners ? VerdictFlags.Listeners : 0);
        _table.WriteNames(Names.Policy.Encode());
        _table.WriteHeader(new VerdictHeader(
            flags,
            Ports.Port4,
            Ports.Port6,
            context.PodAddress(AddressFamily.InterNetwork),
            context.PodAddress(AddressFamily.InterNetworkV6)));
    }

    public async ValueTask DisposeAsync()
    {
        // Flows first, while FLOW can still be asked why a connect failed.
        await Flows.DisposeAsync();
        await _control.DisposeAsync();
        await _nameServers.DisposeAsync();
        await Names.WhenLandedAsync();
        Learnt?.Dispose();
        await Ports.DisposeAsync();
        _table.Dispose();
        Directory.Dispose();
    }

    private static List<NameServer> ListNameServers(BrokerOptions options)
    {
        IReadOnlyList<IPAddress> hosts = options.HostNameServers ?? ResolvConf.Read("/etc/resolv.conf").NameServers;
        return [.. options.Pod.NameServers.Select(address => (Address: address, IsPods: true))
            .Concat(hosts.Where(HasNoScope).Select(address => (Address: address, IsPods: false)))
            .DistinctBy(server => server.Address)
            .Take(VerdictTableLayout.MaximumNameServers)
            .Select((server, index) => new NameServer(server.Address, new IPAddress([127, 84, 0, (byte)(index + 1)]), server.IsPods))];
    }

    // A link-local server needs its interface, which the table has no room for.
    private static bool HasNoScope(IPAddress address) => address.AddressFamily == AddressFamily.InterNetwork || address.ScopeId == 0;

    /// <summary>The name servers' UDP port has the number of the IPv4 relay port, which the kernel chose: it may be taken there.</summary>
    private static async Task<(RelayPorts Ports, List<Socket> NameServers)> OpenPortsAsync(
        BrokerOptions options,
        IReadOnlyList<NameServer> servers,
        CancellationToken cancellationToken)
    {
        for (int attempt = 0; attempt < PortAttempts; attempt++)
        {
            RelayPorts ports = await RelayPorts.OpenAsync(options.HoldSyn, options.Time, options.Logger, cancellationToken);
            if (NameServerListener.TryBind(servers, ports.Port4, out List<Socket> sockets))
                return (ports, sockets);
            await ports.DisposeAsync();
        }

        throw new HostException(
            "no-free-port",
            "No port number is free both for TCP on 127.0.0.1 and for UDP on 127.84.0.0/16.",
            "End programs that listen on very many UDP ports, or allow 127.0.0.0/8 on the loopback interface.");
    }
}
