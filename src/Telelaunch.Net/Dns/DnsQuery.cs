using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Telelaunch.Net.Dns;

/// <summary>Makes questions (RFC 1035 §4.1) and the names of addresses.</summary>
/// <remarks>ARSoft.Tools.Net keeps its encoder to itself, and brings a cryptography library along; these few messages are made here.</remarks>
public static class DnsQuery
{
    private const int HeaderSize = 12;
    private const int MaxLabel = 63;
    private const int MaxName = 255;
    private const ushort RecursionDesired = 0x0100;
    private const ushort ClassIn = 1;

    /// <summary>A question with one entry; null when the name is none (an empty or too long label, more than 255 bytes).</summary>
    // ID 2 | FLAGS 2 | QDCOUNT 2 | ANCOUNT 2 | NSCOUNT 2 | ARCOUNT 2 | (LENGTH 1 | LABEL)… 0 | QTYPE 2 | QCLASS 2
    public static byte[]? Create(ushort id, string name, RecordType type)
    {
        byte[] message = new byte[HeaderSize + MaxName + 4];
        BinaryPrimitives.WriteUInt16BigEndian(message, id);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(2), RecursionDesired);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(4), 1);
        int at = HeaderSize;
        foreach (string label in name.TrimEnd('.').Split('.'))
        {
            int length = Encoding.UTF8.GetByteCount(label);
            // The root's byte must fit as well.
            if (length is 0 or > MaxLabel || at + 1 + length + 1 > HeaderSize + MaxName)
                return null;
            message[at++] = (byte)length;
            at += Encoding.UTF8.GetBytes(label, message.AsSpan(at));
        }

        at++;
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(at), (ushort)type);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(at + 2), ClassIn);
        return message[..(at + 4)];
    }

    /// <summary>The name whose PTR tells an address's names (RFC 1035 §3.5, RFC 3596 §2.5).</summary>
    public static string ReverseName(IPAddress address)
    {
        byte[] bytes = address.GetAddressBytes();
        Array.Reverse(bytes);
        return address.AddressFamily == AddressFamily.InterNetwork
            ? string.Join('.', bytes) + ".in-addr.arpa"
            : string.Join('.', bytes.Select(b => string.Create(CultureInfo.InvariantCulture, $"{b & 15:x}.{b >> 4:x}"))) + ".ip6.arpa";
    }
}
