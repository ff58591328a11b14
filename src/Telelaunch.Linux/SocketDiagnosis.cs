using System.Buffers.Binary;
using System.Net;
using System.Runtime.InteropServices;

namespace Telelaunch.Linux;

// Request: struct nlmsghdr  LEN 4 | TYPE 2 | FLAGS 2 | SEQ 4 | PID 4
//          struct inet_diag_req_v2  FAMILY 1 | PROTOCOL 1 | EXT 1 | PAD 1 | STATES 4 | struct inet_diag_sockid 48
// Answers: nlmsghdr, then struct inet_diag_msg  FAMILY 1 | STATE 1 | TIMER 1 | RETRANS 1 | sockid 48 | EXPIRES 4 | RQUEUE 4 | WQUEUE 4 | UID 4 | INODE 4,
//          then attributes, each LEN 2 | TYPE 2 | value, padded to 4. The last answer is NLMSG_DONE.
// sockid:  SPORT 2 | DPORT 2 | SRC 16 | DST 16 | IF 4 | COOKIE 8; ports and addresses in network order, the rest in the machine's.

/// <summary>Asks the kernel for listening TCP sockets by NETLINK_SOCK_DIAG (sock_diag(7)).</summary>
internal static class SocketDiagnosis
{
    private const int HeaderLength = 16;
    private const int RequestLength = HeaderLength + 56;
    private const int AnswerLength = 72;
    private const int AttributeHeaderLength = 4;

    // At least as long as what the kernel puts into one answer (NLMSG_GOODSIZE, up to 32 KiB since Linux 4.4).
    private const int BufferLength = 64 * 1024;

    /// <summary>Null where the kernel doesn't answer.</summary>
    public static List<ListeningSocket>? TryRead()
    {
        using NetlinkChannel? socket = NetlinkChannel.TryOpen(NetlinkProtocol.SockDiag, out _);
        if (socket is null)
            return null;
        var found = new List<ListeningSocket>();
        byte[] buffer = new byte[BufferLength];
        // One dump at a time: a second request before the first dump's end is refused.
        return TryDump(socket, LibC.AF_INET, buffer, found) && TryDump(socket, LibC.AF_INET6, buffer, found) ? found : null;
    }

    private static bool TryDump(NetlinkChannel socket, int family, byte[] buffer, List<ListeningSocket> found)
    {
        Span<byte> request = stackalloc byte[RequestLength];
        WriteRequest(request, family);
        if (socket.Send(request) != 0)
            return false;
        while (true)
        {
            int count = socket.Receive(buffer, out _);
            if (count <= 0 || count > BufferLength)
                return false;
            if (Read(buffer.AsSpan(0, count), found) is { } isDone)
                return isDone;
        }
    }

    private static void WriteRequest(Span<byte> request, int family)
    {
        request.Clear();
        MemoryMarshal.Write(request, RequestLength);
        MemoryMarshal.Write(request[4..], LibC.SOCK_DIAG_BY_FAMILY);
        MemoryMarshal.Write(request[6..], (ushort)(LibC.NLM_F_REQUEST | LibC.NLM_F_DUMP));
        request[HeaderLength] = (byte)family;
        request[HeaderLength + 1] = LibC.IPPROTO_TCP;
        MemoryMarshal.Write(request[(HeaderLength + 4)..], 1u << (int)TcpState.Listen);
    }

    /// <summary>Takes the messages of one packet.</summary>
    /// <returns>Null: more will come. True: it was the last. False: the kernel refuses, or a message isn't what it should be.</returns>
    internal static bool? Read(ReadOnlySpan<byte> packet, List<ListeningSocket> found)
    {
        while (packet.Length >= HeaderLength)
        {
            int length = MemoryMarshal.Read<int>(packet);
            ushort type = MemoryMarshal.Read<ushort>(packet[4..]);
            if (length < HeaderLength || length > packet.Length || type == LibC.NLMSG_ERROR)
                return false;
            if (type == LibC.NLMSG_DONE)
                return true;
            if (length < HeaderLength + AnswerLength)
                return false;
            found.Add(ReadSocket(packet[HeaderLength..length]));
            packet = packet[Math.Min(Align(length), packet.Length)..];
        }

        return packet.IsEmpty ? null : false;
    }

    private static ListeningSocket ReadSocket(ReadOnlySpan<byte> answer)
    {
        ReadOnlySpan<byte> id = answer[4..];
        IPAddress address = answer[0] == LibC.AF_INET ? new IPAddress(id.Slice(4, 4)) : new IPAddress(id.Slice(4, 16));
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        else if (address.IsIPv6LinkLocal)
            address.ScopeId = MemoryMarshal.Read<uint>(id[36..]);
        return new ListeningSocket(
            new IPEndPoint(address, BinaryPrimitives.ReadUInt16BigEndian(id)),
            MemoryMarshal.Read<ulong>(id[40..]),
            MemoryMarshal.Read<uint>(answer[68..]),
            answer[0] == LibC.AF_INET6 && ReadV6Only(answer[AnswerLength..]));
    }

    private static bool ReadV6Only(ReadOnlySpan<byte> attributes)
    {
        while (attributes.Length >= AttributeHeaderLength)
        {
            int length = MemoryMarshal.Read<ushort>(attributes);
            if (length < AttributeHeaderLength || length > attributes.Length)
                break;
            if (MemoryMarshal.Read<ushort>(attributes[2..]) == LibC.INET_DIAG_SKV6ONLY && length > AttributeHeaderLength)
                return attributes[AttributeHeaderLength] != 0;
            attributes = attributes[Math.Min(Align(length), attributes.Length)..];
        }

        return true;
    }

    private static int Align(int length) => (length + 3) & ~3;
}
