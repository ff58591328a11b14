using System.Net;
using System.Net.Sockets;
using Telelaunch.Net;
using Telelaunch.Routing.Filter;
using Telelaunch.Routing.Journal;
using Telelaunch.Routing.Links;
using Telelaunch.Routing.Resolver;

namespace Telelaunch.Routing.Helper;

/// <summary>Everything that a session changes of this machine, made in two steps and undone in the reverse order.</summary>
/// <remarks>
/// Prepared: link, addresses, sockets, journal; nobody notices. Caught: packet filter, routes, and last the name servers, because names lead to what must be routed by
/// then. Link, addresses, local routes and filter end with this process, however it ends; the rest stands in the journal.
/// </remarks>
internal sealed class HostRouting : IDisposable
{
    private const string LinkName = RoutingClient.LinkName;
    private const int NameServerPort = 53;
    private const int SOL_SOCKET = 1;
    private const int SO_REUSEADDR = 2;
    private const int StreamAttempts = 10;
    private static readonly TimeSpan StreamPatience = TimeSpan.FromMilliseconds(50);

    private readonly RoutingPlan _plan;
    private readonly IReadOnlyList<AddressRange> _ranges;
    private readonly HostResolver _resolver;
    private readonly HostJournal _journal;
    private readonly Links.HostLink _link;
    private readonly TransparentListener? _listener;
    private readonly IPAddress _address4;
    private readonly IPAddress? _address6;
    private readonly List<(int Number, AddressRange Range, IPAddress Gateway, int Interface)> _gatewayRoutes = [];
    private CatchTable? _table;
    private OverlapWatch? _overlaps;

    private HostRouting(RoutingPlan plan, HostResolver resolver, HostJournal journal, Links.HostLink link, IPAddress address4, IPAddress? address6)
    {
        _plan = plan;
        _ranges = plan.ParseRanges();
        _resolver = resolver;
        _journal = journal;
        _link = link;
        _address4 = address4;
        _address6 = address6;
        _listener = plan.Method == RoutingMethod.VpnTcp ? TransparentListener.Open(withIpv6: address6 is not null) : null;
        (Questions, QuestionStreams) = OpenNameServer();
    }

    /// <summary>Port 53 of the split name server, UDP.</summary>
    public Socket Questions { get; }

    /// <summary>The same, TCP; null where another program has that port on every address.</summary>
    public Socket? QuestionStreams { get; }

    public Socket? Flows4 => _listener?.IPv4;

    public Socket? Flows6 => _listener?.IPv6;

    public HostResolver Resolver => _resolver;

    public int LinkIndex => _link.Index;

    /// <summary>The link's own: connections to the cluster come from one of them.</summary>
    public IReadOnlyList<IPAddress> Addresses => _address6 is null ? [_address4] : [_address4, _address6];

    /// <summary>Set once caught; null where packets go by a node.</summary>
    public SynQueue? Held { get; private set; }

    public PreparedRouting Describe() =>
        new(LinkName, _address4.ToString(), _address6 is not null, _resolver.Name, [.. _resolver.Upstreams.Select(server => server.ToString())]);

    /// <exception cref="HostException">It can't be; nothing is left of it.</exception>
    public static HostRouting Prepare(RoutingPlan plan, HostPaths paths, TimeProvider time)
    {
        // The lock first: whose journal says that it lives is ending then.
        var link = Links.HostLink.Create(LinkName, $"telelaunch: {plan.Owner}");
        HostJournal? journal = null;
        HostResolver? resolver = null;
        try
        {
            // What a dead session left would be taken for this machine's own.
            HostRestore.Run(paths, HostRestore.Patience);
            using HostRouteTable routes = HostRouteTable.Open();
            List<AddressRange> taken = [.. routes.Read().Select(route => route.Range), .. plan.ParseRanges()];
            bool hasIPv6 = link.SetUp();
            IPAddress address4 = Links.HostLink.ChooseAddress(AddressFamily.InterNetwork, taken);
            IPAddress? address6 = hasIPv6 ? Links.HostLink.ChooseAddress(AddressFamily.InterNetworkV6, taken) : null;
            link.AddAddress(address4);
            if (address6 is not null)
                link.AddAddress(address6);
            resolver = HostResolverSearch.Find(paths, time);
            journal = HostJournal.Open(paths, time);
            return new HostRouting(plan, resolver, journal, link, address4, address6);
        }
        catch
        {
            journal?.Dispose();
            resolver?.Dispose();
            link.Dispose();
            throw;
        }
    }

    /// <summary>From now on connections are caught, or sent to the node, and names are split.</summary>
    /// <param name="held">Told of each connection whose SYN waits for a verdict; on a thread of the queue.</param>
    /// <param name="note">Told of what a person should know meanwhile; on any thread.</param>
    /// <exception cref="HostException">It can't be; the caller disposes.</exception>
    public void Catch(Action<HeldSyn> held, Action<string> note)
    {
        if (_plan.Method == RoutingMethod.Route)
        {
            AddGatewayRoutes();
        }
        else
        {
            Held = SynQueue.Open(held);
            _table = CatchTable.Create(new CatchTableLayout(_listener!.Port4, _listener.Port6, Held.Number, _ranges));
            foreach (AddressRange range in _ranges.Where(IsCaught))
                _link.AddLocalRoute(range, SourceFor(range));
        }

        _overlaps = new OverlapWatch(_ranges, LinkName, note);
        _resolver.Apply(new SplitNames(_plan.SearchDomains, _plan.RoutingDomains), new(_link.Name, _link.Index), _journal);
    }

    /// <summary>Routes one more address. A range is refused: only names lead here.</summary>
    public void Add(AddressRange range)
    {
        if (_table is null || !IsSingle(range) || !IsCaught(range))
            return;
        _table.Add(range);
        _link.AddLocalRoute(range, SourceFor(range));
    }

    public void Remove(AddressRange range)
    {
        if (_table is null || !IsSingle(range) || !_table.Remove(range))
            return;
        _link.RemoveLocalRoute(range);
    }

    /// <summary>Gives the machine its name servers back; everything else stays.</summary>
    public void ReleaseNames() => _resolver.Undo();

    public void Dispose()
    {
        _resolver.Dispose();
        _overlaps?.Dispose();
        RemoveGatewayRoutes();
        // Routes first: a program that connects now takes the machine's own way, and isn't refused by what is left of ours.
        _link.Dispose();
        LinkConnections.End(Addresses);
        _table?.Dispose();
        Held?.Dispose();
        _listener?.Dispose();
        Questions.Dispose();
        QuestionStreams?.Dispose();
        _journal.Dispose();
    }

    private static bool IsSingle(AddressRange range) => range.PrefixLength == (range.Network.AddressFamily == AddressFamily.InterNetwork ? 32 : 128);

    private static (Socket Questions, Socket? Streams) OpenNameServer()
    {
        var end = new IPEndPoint(SplitDns.Address, NameServerPort);
        var questions = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            // Beside a server that has port 53 of every address, as long as it allows that too; the closer address wins, and of two like it the younger. .NET's own
            // ReuseAddress sets SO_REUSEPORT as well, by which the guard of a session that was killed would get a share of what is this one's (socket(7)).
            questions.SetRawSocketOption(SOL_SOCKET, SO_REUSEADDR, BitConverter.GetBytes(1));
            questions.Bind(end);
        }
        catch (SocketException error)
        {
            questions.Dispose();
            throw new HostException(
                "dns-port-taken",
                $"Port {NameServerPort} of {SplitDns.Address} can't be had: {error.Message}",
                "See who has it (ss -ulpn sport = 53); a name server that listens on every address can be told to bind to its own only.",
                error);
        }

        return (questions, OpenStreams(end));
    }

    /// <returns>Null: another program has that port on every address.</returns>
    private static Socket? OpenStreams(IPEndPoint end)
    {
        // The guard of a session that was killed gives the port back as soon as it sees our link.
        for (int attempt = 1; ; attempt++)
        {
            var streams = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                streams.Bind(end);
                streams.Listen();
                return streams;
            }
            catch (SocketException)
            {
                streams.Dispose();
                if (attempt == StreamAttempts)
                    return null;
                Thread.Sleep(StreamPatience);
            }
        }
    }

    private bool IsCaught(AddressRange range) => range.Network.AddressFamily == AddressFamily.InterNetwork || _address6 is not null;

    private IPAddress SourceFor(AddressRange range) => range.Network.AddressFamily == AddressFamily.InterNetwork ? _address4 : _address6!;

    private void AddGatewayRoutes()
    {
        IPAddress gateway = IPAddress.Parse(_plan.Gateway!);
        using HostRouteTable routes = HostRouteTable.Open();
        if (routes.RouteTo(gateway) is not { Type: RouteType.Unicast, Gateway: null } way)
        {
            throw new HostException(
                "node-not-reachable",
                $"The node {gateway} isn't on a network of this machine, so it can't be a gateway.",
                "Name a node that is (--node), or use --vpn-tcp, which needs none.");
        }

        foreach (AddressRange range in _ranges.Where(range => range.Network.AddressFamily == gateway.AddressFamily))
        {
            int number = _journal.Add(new JournalEntry { Route = HostRestore.RouteText(range, gateway, way.Interface!) });
            _gatewayRoutes.Add((number, range, gateway, way.InterfaceIndex));
            routes.AddGatewayRoute(range, gateway, way.InterfaceIndex);
        }
    }

    private void RemoveGatewayRoutes()
    {
        if (_gatewayRoutes.Count == 0)
            return;
        using HostRouteTable routes = HostRouteTable.Open();
        foreach (var (number, range, gateway, index) in _gatewayRoutes)
        {
            try
            {
                routes.RemoveGatewayRoute(range, gateway, index);
                _journal.Remove(number);
            }
            catch (HostException)
            {
                // It stays in the journal, for the guard.
            }
        }
    }
}
