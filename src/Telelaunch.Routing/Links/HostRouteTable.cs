using System.Net;
using System.Runtime.InteropServices;
using Telelaunch.Linux;
using Telelaunch.Net;
using Telelaunch.Routing.Netlink;

namespace Telelaunch.Routing.Links;

/// <summary>The routes of this machine: read by everybody, changed with CAP_NET_ADMIN.</summary>
public sealed class HostRouteTable : IDisposable
{
    /// <summary>The protocol number (rtm_protocol) by which routes of ours are recognised: <c>proto 200</c> in <c>ip route</c>. Numbers above RTPROT_STATIC are for the taking; nobody of iproute2's rt_protos has this one.</summary>
    public const byte Protocol = 200;

    private const int RouteHeaderLength = 12;
    private const int LinkHeaderLength = 16;
    private const int NextHopHeaderLength = 8;

    private readonly NetlinkSocket _socket;

    private HostRouteTable(NetlinkSocket socket) => _socket = socket;

    /// <exception cref="HostException">The kernel gives no netlink socket.</exception>
    public static HostRouteTable Open() => new(NetlinkSocket.Open(NetlinkProtocol.Route));

    /// <summary>All routes of all tables, IPv4 and IPv6.</summary>
    /// <exception cref="HostException"><c>routes-not-readable</c></exception>
    public IReadOnlyList<HostRoute> Read()
    {
        Dictionary<int, string> names = ReadLinkNames();
        var request = new NetlinkWriter();
        request.Begin(RtNetlink.RTM_GETROUTE, NetlinkSocket.NLM_F_REQUEST | NetlinkSocket.NLM_F_DUMP);
        request.Put(stackalloc byte[RouteHeaderLength]);
        request.End();
        NetlinkFault? fault = _socket.Dump<HostRoute>(
            request,
            (found, type, body) =>
            {
                if (type == RtNetlink.RTM_NEWROUTE)
                    AddRoutes(body, names, found);
            },
            out List<HostRoute> routes);
        return fault is null ? routes : throw fault.ToException("routes-not-readable", "The routes of this machine can't be read");
    }

    /// <summary>Asks the kernel for the way to one address, policy rules included.</summary>
    /// <returns>Null: it has none.</returns>
    public RouteAnswer? RouteTo(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        AddressRange one = AddressRange.OfAddress(address);
        var request = new NetlinkWriter();
        request.Begin(RtNetlink.RTM_GETROUTE, NetlinkSocket.NLM_F_REQUEST);
        request.PutRoute(one, RouteTable.Unspecified, 0, 0, RouteType.Unspecified);
        request.End();
        var found = new List<HostRoute>();
        NetlinkFault? fault = _socket.Ask(request, (_, body) => AddRoutes(body, null, found));
        if (fault is not null || found is not [HostRoute route, ..] || route.Type is not (RouteType.Unicast or RouteType.Local or RouteType.Broadcast or RouteType.Anycast or RouteType.Multicast))
            return null;
        ReadLinkNames().TryGetValue(route.InterfaceIndex, out string? name);
        return new RouteAnswer(route.Type, name, route.InterfaceIndex, route.Gateway, route.PreferredSource);
    }

    /// <summary>The index of a link; 0 where there is none of that name.</summary>
    public int IndexOf(string name) => ReadLinkNames().FirstOrDefault(link => link.Value == name).Key;

    /// <summary>Sends a range by way of a gateway: a unicast route of the main table, <see cref="Protocol"/>.</summary>
    /// <exception cref="HostException"><c>route-exists</c>, <c>route-refused</c>: the gateway isn't reachable over that link, for one.</exception>
    public void AddGatewayRoute(AddressRange range, IPAddress gateway, int interfaceIndex)
    {
        ArgumentNullException.ThrowIfNull(gateway);
        if (_socket.Execute(GatewayRoute(RtNetlink.RTM_NEWROUTE, NetlinkSocket.NLM_F_CREATE | NetlinkSocket.NLM_F_EXCL, range, gateway, interfaceIndex)) is not [NetlinkFault fault, ..])
            return;
        throw fault.Errno == Errno.EEXIST
            ? new HostException("route-exists", $"There is a route to {range} already.", "Look at `ip route show table all`; leave the range out with --never-proxy, or remove that route.")
            : fault.ToException("route-refused", $"A route to {range} by way of {gateway} can't be made", "Name a node that this machine reaches directly, or use --vpn-tcp.");
    }

    /// <summary>Removes a route of <see cref="AddGatewayRoute"/>.</summary>
    /// <returns>False: it wasn't there, or the link has taken it along.</returns>
    /// <exception cref="HostException"><c>route-refused</c></exception>
    public bool RemoveGatewayRoute(AddressRange range, IPAddress gateway, int interfaceIndex)
    {
        ArgumentNullException.ThrowIfNull(gateway);
        if (_socket.Execute(GatewayRoute(RtNetlink.RTM_DELROUTE, 0, range, gateway, interfaceIndex)) is not [NetlinkFault fault, ..])
            return true;
        return fault.Errno is Errno.ESRCH or Errno.ENODEV or Errno.ENETUNREACH or Errno.EHOSTUNREACH ? false : throw fault.ToException("route-refused", $"The route to {range} can't be removed");
    }

    public void Dispose() => _socket.Dispose();

    private static NetlinkWriter GatewayRoute(ushort type, int flags, AddressRange range, IPAddress gateway, int interfaceIndex)
    {
        var message = new NetlinkWriter();
        message.Begin(type, (ushort)(NetlinkSocket.NLM_F_REQUEST | NetlinkSocket.NLM_F_ACK | flags));
        message.PutRoute(range, RouteTable.Main, Protocol, RtNetlink.RT_SCOPE_UNIVERSE, RouteType.Unicast);
        message.Attribute(RtNetlink.RTA_GATEWAY, gateway.GetAddressBytes());
        message.Attribute(RtNetlink.RTA_OIF, (uint)interfaceIndex);
        message.End();
        return message;
    }

    // struct ifinfomsg: FAMILY 1 | PAD 1 | TYPE 2 | INDEX 4 | FLAGS 4 | CHANGE 4
    private Dictionary<int, string> ReadLinkNames()
    {
        var request = new NetlinkWriter();
        request.Begin(RtNetlink.RTM_GETLINK, NetlinkSocket.NLM_F_REQUEST | NetlinkSocket.NLM_F_DUMP);
        request.Put(stackalloc byte[LinkHeaderLength]);
        request.End();
        NetlinkFault? fault = _socket.Dump<KeyValuePair<int, string>>(
            request,
            (found, type, body) =>
            {
                if (type != RtNetlink.RTM_NEWLINK || body.Length < LinkHeaderLength)
                    return;
                var attributes = new NetlinkAttributes(body[LinkHeaderLength..]);
                while (attributes.MoveNext())
                {
                    if (attributes.Type == RtNetlink.IFLA_IFNAME)
                        found.Add(new(MemoryMarshal.Read<int>(body[4..]), attributes.Text));
                }
            },
            out List<KeyValuePair<int, string>> links);
        return fault is null ? new(links) : throw fault.ToException("routes-not-readable", "The links of this machine can't be read");
    }

    private static void AddRoutes(ReadOnlySpan<byte> body, Dictionary<int, string>? names, List<HostRoute> found)
    {
        if (body.Length < RouteHeaderLength || body[0] is not (RtNetlink.AF_INET or RtNetlink.AF_INET6) || body[1] > (body[0] == RtNetlink.AF_INET ? 32 : 128))
            return;
        // A route that the kernel has made of another one, for one destination; the answer to RouteTo is one as well.
        if (names is not null && (MemoryMarshal.Read<uint>(body[8..]) & RtNetlink.RTM_F_CLONED) != 0)
            return;
        var range = new AddressRange(body[0] == RtNetlink.AF_INET ? IPAddress.Any : IPAddress.IPv6Any, body[1]);
        var route = new HostRoute(range, (RouteTable)body[4], (RouteType)body[7], null, 0, null, null, body[5]);
        ReadOnlySpan<byte> nextHops = default;
        var attributes = new NetlinkAttributes(body[RouteHeaderLength..]);
        while (attributes.MoveNext())
        {
            route = attributes.Type switch
            {
                RtNetlink.RTA_DST when attributes.Value.Length is 4 or 16 => route with { Range = new AddressRange(new IPAddress(attributes.Value), body[1]) },
                RtNetlink.RTA_TABLE => route with { Table = (RouteTable)attributes.Number },
                RtNetlink.RTA_PREFSRC when attributes.Value.Length is 4 or 16 => route with { PreferredSource = new IPAddress(attributes.Value) },
                _ => WithNextHop(route, attributes, names),
            };
            if (attributes.Type == RtNetlink.RTA_MULTIPATH)
                nextHops = attributes.Value;
        }

        if (nextHops.IsEmpty)
            found.Add(route);
        else
            AddNextHops(route, nextHops, names, found);
    }

    // struct rtnexthop: LEN 2 | FLAGS 1 | HOPS 1 | IFINDEX 4, then attributes.
    private static void AddNextHops(HostRoute route, ReadOnlySpan<byte> nextHops, Dictionary<int, string>? names, List<HostRoute> found)
    {
        while (nextHops.Length >= NextHopHeaderLength)
        {
            int length = MemoryMarshal.Read<ushort>(nextHops);
            if (length < NextHopHeaderLength || length > nextHops.Length)
                return;
            HostRoute one = WithInterface(route, MemoryMarshal.Read<int>(nextHops[4..]), names);
            var attributes = new NetlinkAttributes(nextHops[NextHopHeaderLength..length]);
            while (attributes.MoveNext())
                one = WithNextHop(one, attributes, names);
            found.Add(one);
            nextHops = nextHops[Math.Min((length + 3) & ~3, nextHops.Length)..];
        }
    }

    private static HostRoute WithNextHop(HostRoute route, NetlinkAttributes attribute, Dictionary<int, string>? names) => attribute.Type switch
    {
        RtNetlink.RTA_OIF => WithInterface(route, (int)attribute.Number, names),
        RtNetlink.RTA_GATEWAY when attribute.Value.Length is 4 or 16 => route with { Gateway = new IPAddress(attribute.Value) },
        // struct rtvia: FAMILY 2 | ADDRESS; an IPv4 route by way of an IPv6 gateway.
        RtNetlink.RTA_VIA when attribute.Value.Length is 6 or 18 => route with { Gateway = new IPAddress(attribute.Value[2..]) },
        _ => route,
    };

    private static HostRoute WithInterface(HostRoute route, int index, Dictionary<int, string>? names) =>
        route with { InterfaceIndex = index, Interface = names?.GetValueOrDefault(index) };
}
