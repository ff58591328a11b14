using System.Buffers.Binary;
using System.Net;

namespace Telelaunch.Routing.Filter;

/// <summary>What a SYN says of the connection that it begins.</summary>
/// <param name="Sequence">Its initial sequence number: the same in a retransmission, another in a new attempt from the same port.</param>
internal readonly record struct TcpSyn(IPEndPoint Source, IPEndPoint Destination, uint Sequence)
{
    private const byte IPPROTO_HOPOPTS = 0;
    private const byte IPPROTO_TCP = 6;
    private const byte IPPROTO_ROUTING = 43;
    private const byte IPPROTO_DSTOPTS = 60;
    private const int IPv4Length = 20;
    private const int IPv6Length = 40;

    // Ports 4 | sequence number 4; RFC 9293 §3.1.
    private const int TcpLength = 8;

    /// <summary>Reads an IP packet that may be cut behind its TCP header.</summary>
    public static bool TryRead(ReadOnlySpan<byte> packet, out TcpSyn syn)
    {
        syn = default;
        if (packet.IsEmpty)
            return false;
        return (packet[0] >> 4) switch
        {
            4 => TryRead4(packet, out syn),
            6 => TryRead6(packet, out syn),
            _ => false,
        };
    }

    // RFC 791 §3.1
    private static bool TryRead4(ReadOnlySpan<byte> packet, out TcpSyn syn)
    {
        syn = default;
        int length = (packet[0] & 0xf) * 4;
        return length >= IPv4Length && packet.Length >= length + TcpLength && packet[9] == IPPROTO_TCP
            && TryReadTcp(packet.Slice(12, 4), packet.Slice(16, 4), packet[length..], out syn);
    }

    // RFC 8200 §3, §4. A SYN in fragments isn't one that a program's connect() makes.
    private static bool TryRead6(ReadOnlySpan<byte> packet, out TcpSyn syn)
    {
        syn = default;
        if (packet.Length < IPv6Length)
            return false;
        byte next = packet[6];
        ReadOnlySpan<byte> rest = packet[IPv6Length..];
        while (next is IPPROTO_HOPOPTS or IPPROTO_ROUTING or IPPROTO_DSTOPTS)
        {
            int length = rest.Length < 2 ? int.MaxValue : (rest[1] + 1) * 8;
            if (length > rest.Length)
                return false;
            next = rest[0];
            rest = rest[length..];
        }

        return next == IPPROTO_TCP && rest.Length >= TcpLength && TryReadTcp(packet.Slice(8, 16), packet.Slice(24, 16), rest, out syn);
    }

    private static bool TryReadTcp(ReadOnlySpan<byte> source, ReadOnlySpan<byte> destination, ReadOnlySpan<byte> tcp, out TcpSyn syn)
    {
        syn = new TcpSyn(
            new IPEndPoint(new IPAddress(source), BinaryPrimitives.ReadUInt16BigEndian(tcp)),
            new IPEndPoint(new IPAddress(destination), BinaryPrimitives.ReadUInt16BigEndian(tcp[2..])),
            BinaryPrimitives.ReadUInt32BigEndian(tcp[4..]));
        return true;
    }
}
