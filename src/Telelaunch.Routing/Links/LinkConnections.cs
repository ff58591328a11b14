using System.Net;
using System.Net.Sockets;
using Telelaunch.Linux;
using Telelaunch.Net;
using Telelaunch.Routing.Netlink;

namespace Telelaunch.Routing.Links;

// Request: struct inet_diag_req_v2  FAMILY 1 | PROTOCOL 1 | EXT 1 | PAD 1 | STATES 4 | struct inet_diag_sockid 48
// Answers: struct inet_diag_msg     FAMILY 1 | STATE 1 | TIMER 1 | RETRANS 1 | sockid 48 | …
// sockid:  SPORT 2 | DPORT 2 | SRC 16 | DST 16 | IF 4 | COOKIE 8

/// <summary>TCP connections of this machine's programs from or to addresses of a link that is gone.</summary>
/// <remarks>
/// Neither data nor a reset can reach them any more, so a program that only reads would wait for ever. SOCK_DESTROY (linux/sock_diag.h) ends them with ECONNABORTED.
/// A kernel without CONFIG_INET_DIAG_DESTROY says no, and they end by their own timers.
/// </remarks>
internal static class LinkConnections
{
    private const ushort SOCK_DIAG_BY_FAMILY = 20;
    private const ushort SOCK_DESTROY = 21;
    private const byte IPPROTO_TCP = 6;
    private const int SocketIdLength = 48;
    private const int SocketIdOffset = 4;
    private const int SourceOffset = 4;
    private const int DestinationOffset = 20;

    // All but TIME_WAIT (6), CLOSE (7), LISTEN (10) and NEW_SYN_RECV (12), net/tcp_states.h, a bit for each. What has been received before a FIN is still read to its end.
    private const uint Connected = 0b1011_0011_1110;

    /// <summary>Ends all of them. What the kernel refuses stays.</summary>
    public static void End(IReadOnlyList<IPAddress> addresses)
    {
        try
        {
            using NetlinkSocket socket = NetlinkSocket.Open(NetlinkProtocol.SockDiag);
            foreach (AddressFamily family in addresses.Select(address => address.AddressFamily).Distinct())
                End(socket, RtNetlink.FamilyOf(addresses.First(address => address.AddressFamily == family)), [.. addresses.Where(address => address.AddressFamily == family)]);
        }
        catch (HostException)
        {
            // A kernel without sock_diag.
        }
    }

    private static void End(NetlinkSocket socket, byte family, IPAddress[] addresses)
    {
        if (socket.Dump<(byte Family, byte[] Id)>(Request(SOCK_DIAG_BY_FAMILY, NetlinkSocket.NLM_F_DUMP, family, Connected, new byte[SocketIdLength]), Read, out var connections) is not null)
            return;
        // A socket of both families that speaks IPv4 is among those of IPv6.
        if (family == RtNetlink.AF_INET && socket.Dump(Request(SOCK_DIAG_BY_FAMILY, NetlinkSocket.NLM_F_DUMP, RtNetlink.AF_INET6, Connected, new byte[SocketIdLength]), Read, out List<(byte, byte[])> mapped) is null)
            connections.AddRange(mapped);
        foreach (var (socketFamily, id) in connections)
        {
            if (addresses.Contains(AddressAt(socketFamily, id, SourceOffset)) || addresses.Contains(AddressAt(socketFamily, id, DestinationOffset)))
                _ = socket.Execute(Request(SOCK_DESTROY, NetlinkSocket.NLM_F_ACK, socketFamily, Connected, id));
        }
    }

    private static void Read(List<(byte Family, byte[] Id)> found, ushort type, ReadOnlySpan<byte> body)
    {
        if (body.Length >= SocketIdOffset + SocketIdLength)
            found.Add((body[0], body.Slice(SocketIdOffset, SocketIdLength).ToArray()));
    }

    private static IPAddress AddressAt(byte family, byte[] id, int offset)
    {
        var address = new IPAddress(id.AsSpan(offset, family == RtNetlink.AF_INET ? 4 : 16));
        return address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
    }

    private static NetlinkWriter Request(ushort type, ushort flags, byte family, uint states, byte[] id)
    {
        var message = new NetlinkWriter();
        message.Begin(type, (ushort)(NetlinkSocket.NLM_F_REQUEST | flags));
        message.Put(family);
        message.Put(IPPROTO_TCP);
        message.Put((ushort)0);
        message.Put(states);
        message.Put(id);
        message.End();
        return message;
    }
}
