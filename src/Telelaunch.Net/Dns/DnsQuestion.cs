using System.Buffers.Binary;
using System.Net;
using System.Text;

namespace Telelaunch.Net.Dns;

// HEADER 12 (ID 2 | FLAGS 2 | QDCOUNT 2 | ANCOUNT 2 | NSCOUNT 2 | ARCOUNT 2), then QNAME | QTYPE 2 | QCLASS 2. RFC 1035 §4.1, big-endian.

/// <summary>The one question of a DNS query.</summary>
/// <param name="Id">The asker's number; the answer carries it back.</param>
/// <param name="Flags">The header's second word.</param>
/// <param name="Name">Labels joined by dots, lower case, without a trailing dot; empty for the root.</param>
/// <param name="End">Offset of the first byte behind the question.</param>
public readonly record struct DnsQuestion(ushort Id, ushort Flags, string Name, RecordType Type, ushort Class, int End)
{
    public const int HeaderLength = 12;
    public const ushort ClassInternet = 1;

    /// <summary>In octets, with all lengths and the root's (RFC 1035 §2.3.4).</summary>
    public const int MaximumNameLength = 255;
    public const int MaximumLabelLength = 63;

    private const ushort ResponseFlag = 0x8000;
    private const ushort OpcodeMask = 0x7800;

    /// <summary>Lower case, without the trailing dot.</summary>
    public static string Normalize(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name.TrimEnd('.').ToLowerInvariant();
    }

    /// <summary>False for anything but a standard query (QR 0, OPCODE 0) with one whole, uncompressed question.</summary>
    public static bool TryRead(ReadOnlySpan<byte> message, out DnsQuestion question)
    {
        question = default;
        if (message.Length < HeaderLength + 5 || BinaryPrimitives.ReadUInt16BigEndian(message[4..]) != 1)
            return false;
        ushort flags = BinaryPrimitives.ReadUInt16BigEndian(message[2..]);
        if ((flags & (ResponseFlag | OpcodeMask)) != 0)
            return false;
        var name = new StringBuilder();
        int at = HeaderLength;
        while (true)
        {
            // A pointer (two high bits) can't stand in the first name of a message: there is nothing before it to point to.
            int length = message[at++];
            if (length == 0)
                break;
            // The root's byte belongs to the name too.
            if (length > MaximumLabelLength || at + length >= message.Length || at + length + 1 - HeaderLength > MaximumNameLength)
                return false;
            if (name.Length > 0)
                name.Append('.');
            foreach (byte character in message.Slice(at, length))
            {
                // A dot or a control character inside a label would make another name of it.
                if (character is <= (byte)' ' or (byte)'.' or >= 0x7F)
                    return false;
                name.Append((char)character);
            }

            at += length;
        }

        if (at + 4 > message.Length)
            return false;
        question = new DnsQuestion(
            BinaryPrimitives.ReadUInt16BigEndian(message),
            flags,
            name.ToString().ToLowerInvariant(),
            (RecordType)BinaryPrimitives.ReadUInt16BigEndian(message[at..]),
            BinaryPrimitives.ReadUInt16BigEndian(message[(at + 2)..]),
            at + 4);
        return true;
    }

    /// <summary>The same query for another name. False when the name can't be written.</summary>
    /// <remarks>What stands behind the question (EDNS, RFC 6891) belongs to the root and points nowhere, so it can be moved.</remarks>
    public static bool TryRename(ReadOnlySpan<byte> query, DnsQuestion question, string name, out byte[] renamed)
    {
        renamed = [];
        if (!TryEncodeName(name, out byte[] encoded))
            return false;
        renamed = [.. query[..HeaderLength], .. encoded, .. query[(question.End - 4)..]];
        return true;
    }

    /// <summary>A name as length-led labels (RFC 1035 §3.1). False when a label or the whole is too long, or not ASCII.</summary>
    public static bool TryEncodeName(string name, out byte[] encoded)
    {
        encoded = [];
        var bytes = new List<byte>();
        foreach (string label in name.TrimEnd('.').Split('.'))
        {
            if (label.Length is 0 or > MaximumLabelLength || !Ascii.IsValid(label))
                return false;
            bytes.Add((byte)label.Length);
            bytes.AddRange(Encoding.ASCII.GetBytes(label));
        }

        bytes.Add(0);
        if (bytes.Count > MaximumNameLength)
            return false;
        encoded = [.. bytes];
        return true;
    }

    /// <summary>The address of a name below in-addr.arpa or ip6.arpa (RFC 1035 §3.5, RFC 3596 §2.5); null for another.</summary>
    public IPAddress? ReverseAddress()
    {
        const string V4 = ".in-addr.arpa";
        const string V6 = ".ip6.arpa";
        if (Name.EndsWith(V4, StringComparison.Ordinal))
        {
            string[] parts = Name[..^V4.Length].Split('.');
            Array.Reverse(parts);
            return parts.Length == 4 && IPAddress.TryParse(string.Join('.', parts), out IPAddress? v4) ? v4 : null;
        }

        if (!Name.EndsWith(V6, StringComparison.Ordinal))
            return null;
        string[] nibbles = Name[..^V6.Length].Split('.');
        if (nibbles.Length != 32 || nibbles.Any(nibble => nibble.Length != 1 || !char.IsAsciiHexDigit(nibble[0])))
            return null;
        Array.Reverse(nibbles);
        return new IPAddress(Convert.FromHexString(string.Concat(nibbles)));
    }
}
