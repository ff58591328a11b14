using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using Telelaunch.Linux;
using Telelaunch.Net;
using Telelaunch.Routing.Netlink;

namespace Telelaunch.Routing.Links;

/// <summary>A TUN link that nobody reads: it holds addresses and local routes ("AnyIP"), which make the kernel deliver what is sent to them to this machine itself, over lo.</summary>
/// <remarks>The kernel removes link, addresses and routes when the descriptor closes: when this is disposed, or its process dies in whatever way.</remarks>
public sealed class HostLink : IDisposable
{
    private const int LinkHeaderLength = 16;

    // Networks from which an address of ours may come. The first two are for benchmarks of devices (RFC 2544 §C.2.2), 100.64/10 is shared space (RFC 6598), the last a range of examples (RFC 5737).
    private static readonly AddressRange[] Candidates =
    [
        AddressRange.Parse("198.19.84.0/24"), AddressRange.Parse("198.18.84.0/24"), AddressRange.Parse("100.127.84.0/24"), AddressRange.Parse("203.0.113.0/24"),
    ];

    private readonly SafeFileHandle _device;
    private readonly NetlinkSocket _socket;

    private HostLink(string name, int index, SafeFileHandle device, NetlinkSocket socket)
    {
        Name = name;
        Index = index;
        _device = device;
        _socket = socket;
    }

    public string Name { get; }

    /// <summary>The interface's index in its namespace.</summary>
    public int Index { get; }

    /// <summary>Makes the link; it is down and has no address. Its name is a lock: there is one of it on a machine.</summary>
    /// <param name="name">Up to 15 bytes.</param>
    /// <param name="alias">Who holds it and since when, up to 255 bytes (ifalias): what others are told whom it hinders.</param>
    /// <exception cref="HostException"><c>vpn-session-exists</c>, <c>tun-missing</c>, <c>net-admin-missing</c>, <c>link-refused</c></exception>
    public static HostLink Create(string name, string alias)
    {
        NetlinkSocket socket = NetlinkSocket.Open(NetlinkProtocol.Route);
        SafeFileHandle? device = null;
        try
        {
            device = TunDevice.TryCreate(name, out TunStep step, out int errno) ?? throw ToException(socket, name, step, errno);
            (int index, _) = Find(socket, name) ?? throw new HostException("link-refused", $"The link {name} was removed as soon as it was made.", "Start it again.");
            Require(socket, SetAlias(index, alias), name, "be named");
            return new HostLink(name, index, device, socket);
        }
        catch
        {
            device?.Dispose();
            socket.Dispose();
            throw;
        }
    }

    /// <summary>The ifalias of a link; empty where it has none, null where there is no such link.</summary>
    public static string? FindAlias(string name)
    {
        using NetlinkSocket socket = NetlinkSocket.Open(NetlinkProtocol.Route);
        return Find(socket, name)?.Alias;
    }

    /// <summary>Brings the link up. It gets no link-local address (addrgenmode none), so it asks no router and finds no neighbours.</summary>
    /// <returns>Whether IPv6 can be used on it: it isn't switched off, neither here nor on lo, over which all of it goes.</returns>
    /// <exception cref="HostException"><c>link-refused</c></exception>
    public bool SetUp()
    {
        bool hasIpv6 = _socket.Execute(LinkMessage(Index, 0, message =>
        {
            message.BeginNest(RtNetlink.IFLA_AF_SPEC);
            message.BeginNest(RtNetlink.AF_INET6);
            message.Attribute(RtNetlink.IFLA_INET6_ADDR_GEN_MODE, [RtNetlink.IN6_ADDR_GEN_MODE_NONE]);
            message.EndNest();
            message.EndNest();
        })).Count == 0;
        Require(_socket, LinkMessage(Index, RtNetlink.IFF_UP, _ => { }), Name, "be brought up");
        return hasIpv6 && IsIpv6On(Name) && IsIpv6On("lo");
    }

    /// <summary>Gives the link an address, as /32 or /128, usable at once.</summary>
    /// <exception cref="HostException"><c>link-refused</c>: taken, or IPv6 is switched off.</exception>
    public void AddAddress(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        byte[] bytes = address.GetAddressBytes();
        var message = new NetlinkWriter();
        message.Begin(RtNetlink.RTM_NEWADDR, NetlinkSocket.NLM_F_REQUEST | NetlinkSocket.NLM_F_ACK | NetlinkSocket.NLM_F_CREATE | NetlinkSocket.NLM_F_EXCL);
        // struct ifaddrmsg: FAMILY 1 | PREFIXLEN 1 | FLAGS 1 | SCOPE 1 | INDEX 4
        message.Put(RtNetlink.FamilyOf(address));
        message.Put((byte)(bytes.Length * 8));
        message.Put(address.AddressFamily == AddressFamily.InterNetworkV6 ? RtNetlink.IFA_F_NODAD : (byte)0);
        message.Put(RtNetlink.RT_SCOPE_UNIVERSE);
        message.Put((uint)Index);
        message.Attribute(RtNetlink.IFA_LOCAL, bytes);
        message.Attribute(RtNetlink.IFA_ADDRESS, bytes);
        message.End();
        Require(_socket, message, Name, $"have the address {address}");
    }

    /// <summary>From now on packets of this machine to the range go to this machine itself, over lo: <c>ip route add local RANGE dev LINK src ADDRESS table local</c>.</summary>
    /// <param name="preferredSource">An address of this link's: where such connections come from.</param>
    /// <exception cref="HostException"><c>link-refused</c></exception>
    public void AddLocalRoute(AddressRange range, IPAddress preferredSource)
    {
        ArgumentNullException.ThrowIfNull(preferredSource);
        NetlinkWriter message = LocalRoute(RtNetlink.RTM_NEWROUTE, NetlinkSocket.NLM_F_CREATE | NetlinkSocket.NLM_F_EXCL, range, preferredSource);
        Require(_socket, message, Name, $"have a route to {range}");
    }

    /// <returns>False: there was no such route.</returns>
    /// <exception cref="HostException"><c>link-refused</c></exception>
    public bool RemoveLocalRoute(AddressRange range)
    {
        if (_socket.Execute(LocalRoute(RtNetlink.RTM_DELROUTE, 0, range, null)) is not [NetlinkFault fault, ..])
            return true;
        return fault.Errno == Errno.ESRCH ? false : throw fault.ToException("link-refused", $"The route to {range} can't be removed");
    }

    /// <summary>An address that no route covers: of a range for which there is hardly any use for IPv4, a random unique local one (RFC 4193) for IPv6.</summary>
    /// <param name="taken">Routes of this machine and ranges of the cluster. Default routes, also in halves, don't count.</param>
    /// <exception cref="HostException"><c>no-free-address</c></exception>
    public static IPAddress ChooseAddress(AddressFamily family, IEnumerable<AddressRange> taken)
    {
        ArgumentNullException.ThrowIfNull(taken);
        List<AddressRange> ranges = [.. taken.Where(range => range.PrefixLength > 1)];
        bool IsFree(IPAddress address) => !ranges.Exists(range => range.Contains(address));
        if (family == AddressFamily.InterNetworkV6)
        {
            for (int attempt = 0; attempt < 64; attempt++)
            {
                // FD 1 | random global ID 5 | subnet 2 | interface 8
                byte[] bytes = new byte[16];
                RandomNumberGenerator.Fill(bytes.AsSpan(1, 5));
                bytes[0] = 0xfd;
                bytes[15] = 1;
                var address = new IPAddress(bytes);
                if (IsFree(address))
                    return address;
            }
        }
        else
        {
            foreach (AddressRange candidate in Candidates)
            {
                byte[] bytes = candidate.Network.GetAddressBytes();
                for (byte host = 1; host < 255; host++)
                {
                    bytes[3] = host;
                    var address = new IPAddress(bytes);
                    if (IsFree(address))
                        return address;
                }
            }
        }

        throw new HostException("no-free-address", "Every address that could be the link's own is covered by a route.", "Look at `ip route`; remove a route to 198.18.0.0/15, or use the default method.");
    }

    /// <summary>Closes the descriptor: link, addresses and routes are gone when this returns.</summary>
    public void Dispose()
    {
        _device.Dispose();
        _socket.Dispose();
    }

    private NetlinkWriter LocalRoute(ushort type, int flags, AddressRange range, IPAddress? preferredSource)
    {
        var message = new NetlinkWriter();
        message.Begin(type, (ushort)(NetlinkSocket.NLM_F_REQUEST | NetlinkSocket.NLM_F_ACK | flags));
        message.PutRoute(range, RouteTable.Local, HostRouteTable.Protocol, RtNetlink.RT_SCOPE_HOST, RouteType.Local);
        message.Attribute(RtNetlink.RTA_OIF, (uint)Index);
        if (preferredSource is not null)
            message.Attribute(RtNetlink.RTA_PREFSRC, preferredSource.GetAddressBytes());
        message.End();
        return message;
    }

    private static NetlinkWriter SetAlias(int index, string alias) => LinkMessage(index, 0, message => message.Attribute(RtNetlink.IFLA_IFALIAS, alias));

    // struct ifinfomsg: FAMILY 1 | PAD 1 | TYPE 2 | INDEX 4 | FLAGS 4 | CHANGE 4
    private static NetlinkWriter LinkMessage(int index, uint flags, Action<NetlinkWriter> attributes)
    {
        var message = new NetlinkWriter();
        message.Begin(RtNetlink.RTM_NEWLINK, NetlinkSocket.NLM_F_REQUEST | NetlinkSocket.NLM_F_ACK);
        message.Put(0u);
        message.Put((uint)index);
        message.Put(flags);
        message.Put(flags);
        attributes(message);
        message.End();
        return message;
    }

    private static (int Index, string Alias)? Find(NetlinkSocket socket, string name)
    {
        var request = new NetlinkWriter();
        request.Begin(RtNetlink.RTM_GETLINK, NetlinkSocket.NLM_F_REQUEST);
        request.Put(stackalloc byte[LinkHeaderLength]);
        request.Attribute(RtNetlink.IFLA_IFNAME, name);
        request.End();
        (int, string)? found = null;
        NetlinkFault? fault = socket.Ask(request, (_, body) =>
        {
            if (body.Length < LinkHeaderLength)
                return;
            string alias = "";
            var attributes = new NetlinkAttributes(body[LinkHeaderLength..]);
            while (attributes.MoveNext())
            {
                if (attributes.Type == RtNetlink.IFLA_IFALIAS)
                    alias = attributes.Text;
            }

            found = (MemoryMarshal.Read<int>(body[4..]), alias);
        });
        return fault is null or { Errno: Errno.ENODEV } ? found : throw fault.ToException("link-refused", $"The link {name} can't be looked up");
    }

    private static bool IsIpv6On(string link)
    {
        try
        {
            return File.ReadAllText($"/proc/sys/net/ipv6/conf/{link}/disable_ipv6").Trim() == "0";
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static void Require(NetlinkSocket socket, NetlinkWriter message, string name, string what)
    {
        if (socket.Execute(message) is [NetlinkFault fault, ..])
            throw fault.ToException("link-refused", $"The link {name} can't {what}");
    }

    private static HostException ToException(NetlinkSocket socket, string name, TunStep step, int errno)
    {
        if (step == TunStep.Open)
        {
            return new HostException(
                "tun-missing",
                $"/dev/net/tun can't be opened: {Errno.NameOf(errno)}.",
                "Load the kernel module (modprobe tun); in a container pass the device on (docker run --device /dev/net/tun --cap-add NET_ADMIN).");
        }

        // EINVAL: a link that isn't a TUN has the name.
        if (errno is Errno.EBUSY or Errno.EINVAL && Find(socket, name) is { } other)
        {
            return new HostException(
                "vpn-session-exists",
                other.Alias.Length > 0 ? $"This machine's network is in a session already: {other.Alias} (link {name})." : $"There is a link {name} already, and it doesn't say whose it is.",
                other.Alias.Length > 0 ? "End that session first, or use the default method beside it." : $"Remove it (ip link delete {name}) if nothing uses it.");
        }

        return new NetlinkFault(0, errno, null).ToException("tun-missing", $"The link {name} can't be made", "Load the kernel module (modprobe tun).");
    }
}
