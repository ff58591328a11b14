using System.Net;
using static Telelaunch.Routing.Filter.NfExpressions;

namespace Telelaunch.Routing.Filter;

/// <summary>What of the kernel a rule can't do without.</summary>
internal enum KernelPart
{
    None,
    Queue,
    Tproxy,
    Reject,

    /// <summary>Connection tracking may be missing: then there is none to keep out of.</summary>
    Notrack,
}

/// <summary>One rule, as nft(8) spells it and as the kernel takes it.</summary>
internal sealed record CatchRule(string Chain, string Text, KernelPart Part, Action<NfExpressions> Write);

/// <summary>The rules of the table; the script and the netlink messages are both made of these.</summary>
/// <remarks>
/// Theory of operation. The local routes of <see cref="Links.HostLink"/> make packets to the cluster's ranges turn round at lo: they leave by <c>output</c> and arrive at <c>prerouting</c>.
/// A SYN waits in the queue until the far side is known; its verdict is NF_REPEAT with a mark, with which it passes <c>prerouting</c> again and is let in or answered.
/// What belongs to an open connection is led to our listener by tproxy, without a change to the packet: the accepted socket's own address is the destination.
/// Neither needs connection tracking, and <c>output</c> keeps these packets out of it: rules that translate "whatever is addressed to this machine" (Docker's published ports) would catch them otherwise.
/// </remarks>
internal static class CatchRules
{
    internal const string Table = "telelaunch";
    internal const string Ranges4 = "ranges4";
    internal const string Ranges6 = "ranges6";
    internal const uint Ranges4Id = 1;
    internal const uint Ranges6Id = 2;

    internal const string Prerouting = "prerouting";
    internal const string Output = "output";
    internal const string Caught = "caught";

    // linux/netfilter_ipv4.h: NF_IP_PRI_RAW and NF_IP_PRI_MANGLE; connection tracking stands between them, at -200.
    internal const int PriorityRaw = -300;
    internal const int PriorityMangle = -150;

    // Of every network namespace.
    private const uint LoopbackIndex = 1;

    private const byte IPPROTO_TCP = 6;
    private const byte IPPROTO_UDP = 17;
    private const byte Syn = 0x02;
    private const byte FinSynRstAck = 0x17;

    /// <param name="byTarget">Whether the queue is reached by x_tables' target; a script can't say that, so its text is the same.</param>
    public static IEnumerable<CatchRule> Of(CatchTableLayout layout, bool byTarget) => [.. OutputRules(), .. PreroutingRules(), .. CaughtRules(layout, byTarget)];

    private static IEnumerable<CatchRule> OutputRules()
    {
        yield return new(Output, "oif != \"lo\" accept", KernelPart.None, e => e.Meta(NFT_META_OIF).Compare(NFT_CMP_NEQ, BitConverter.GetBytes(LoopbackIndex)).Verdict(NF_ACCEPT));
        yield return new(Output, $"ip daddr @{Ranges4} notrack", KernelPart.Notrack, e => Destination4(e).Notrack());
        yield return new(Output, $"ip saddr @{Ranges4} notrack", KernelPart.Notrack, e => Address4(e, 12).Notrack());
        yield return new(Output, $"ip6 daddr @{Ranges6} notrack", KernelPart.Notrack, e => Destination6(e).Notrack());
        yield return new(Output, $"ip6 saddr @{Ranges6} notrack", KernelPart.Notrack, e => Address6(e, 8).Notrack());
    }

    private static IEnumerable<CatchRule> PreroutingRules()
    {
        yield return new(Prerouting, $"ip daddr @{Ranges4} goto {Caught}", KernelPart.None, e => Destination4(e).Verdict(NFT_GOTO, Caught));
        yield return new(Prerouting, $"ip6 daddr @{Ranges6} goto {Caught}", KernelPart.None, e => Destination6(e).Verdict(NFT_GOTO, Caught));
    }

    private static IEnumerable<CatchRule> CaughtRules(CatchTableLayout layout, bool byTarget)
    {
        // A neighbour that takes this machine for a router must not get in by way of the local routes.
        yield return new(Caught, "iif != \"lo\" drop", KernelPart.None, e => e.Meta(NFT_META_IIF).Compare(NFT_CMP_NEQ, BitConverter.GetBytes(LoopbackIndex)).Verdict(NF_DROP));
        yield return new(
            Caught,
            $"meta mark {Hex(CatchMark.Refused)} meta l4proto tcp reject with tcp reset",
            KernelPart.Reject,
            e => e.Is(NFT_META_MARK, CatchMark.Refused).Is(NFT_META_L4PROTO, IPPROTO_TCP).Reject(NFT_REJECT_TCP_RST, 0));
        yield return new(
            Caught,
            $"meta mark {Hex(CatchMark.HostUnreachable)} reject with icmpx host-unreachable",
            KernelPart.Reject,
            e => e.Is(NFT_META_MARK, CatchMark.HostUnreachable).Reject(NFT_REJECT_ICMPX_UNREACH, NFT_REJECT_ICMPX_HOST_UNREACH));
        yield return new(
            Caught,
            $"meta mark {Hex(CatchMark.NetUnreachable)} reject with icmpx no-route",
            KernelPart.Reject,
            e => e.Is(NFT_META_MARK, CatchMark.NetUnreachable).Reject(NFT_REJECT_ICMPX_UNREACH, NFT_REJECT_ICMPX_NO_ROUTE));
        yield return new(
            Caught,
            $"meta mark != {Hex(CatchMark.Open)} tcp flags & (fin | syn | rst | ack) == syn queue num {layout.Queue}",
            KernelPart.Queue,
            e =>
            {
                e.Meta(NFT_META_MARK).Compare(NFT_CMP_NEQ, BitConverter.GetBytes(CatchMark.Open))
                    .Is(NFT_META_L4PROTO, IPPROTO_TCP).Payload(NFT_PAYLOAD_TRANSPORT_HEADER, 13, 1).And([FinSynRstAck]).Compare(NFT_CMP_EQ, [Syn]);
                _ = byTarget ? e.XtNfqueue(layout.Queue) : e.Queue(layout.Queue);
            });
        yield return Tproxy("ipv4", "ip", NfTables.NFPROTO_IPV4, IPAddress.Loopback, layout.Port4);
        if (layout.Port6 is { } port6)
            yield return Tproxy("ipv6", "ip6", NfTables.NFPROTO_IPV6, IPAddress.IPv6Loopback, port6);
        yield return new(
            Caught,
            "meta l4proto udp reject with icmpx port-unreachable",
            KernelPart.Reject,
            e => e.Is(NFT_META_L4PROTO, IPPROTO_UDP).Reject(NFT_REJECT_ICMPX_UNREACH, NFT_REJECT_ICMPX_PORT_UNREACH));
        yield return new(
            Caught,
            "reject with icmpx admin-prohibited",
            KernelPart.Reject,
            e => e.Reject(NFT_REJECT_ICMPX_UNREACH, NFT_REJECT_ICMPX_ADMIN_PROHIBITED));
    }

    private static CatchRule Tproxy(string protocol, string keyword, byte family, IPAddress address, ushort port) => new(
        Caught,
        $"meta nfproto {protocol} meta l4proto tcp tproxy {keyword} to {new IPEndPoint(address, port)} accept",
        KernelPart.Tproxy,
        e => e.Is(NFT_META_NFPROTO, family).Is(NFT_META_L4PROTO, IPPROTO_TCP).Tproxy(family, address.GetAddressBytes(), port).Verdict(NF_ACCEPT));

    private static NfExpressions Destination4(NfExpressions e) => Address4(e, 16);

    private static NfExpressions Destination6(NfExpressions e) => Address6(e, 24);

    // Offsets in the headers of RFC 791 and RFC 8200.
    private static NfExpressions Address4(NfExpressions e, uint offset) =>
        e.Is(NFT_META_NFPROTO, NfTables.NFPROTO_IPV4).Payload(NFT_PAYLOAD_NETWORK_HEADER, offset, 4).Lookup(Ranges4, Ranges4Id);

    private static NfExpressions Address6(NfExpressions e, uint offset) =>
        e.Is(NFT_META_NFPROTO, NfTables.NFPROTO_IPV6).Payload(NFT_PAYLOAD_NETWORK_HEADER, offset, 16).Lookup(Ranges6, Ranges6Id);

    private static string Hex(uint mark) => $"0x{mark:x8}";
}
