using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Telelaunch.Net;

namespace Telelaunch.Broker;

/// <summary>Writes DNS answers to a question (RFC 1035 §4.1).</summary>
/// <remarks>ARSoft.Tools.Net reads messages but keeps its encoder to itself, so the few records that are needed are written here; the tests read them with it.</remarks>
internal static class DnsAnswer
{
    internal const int NoError = 0;
    internal const int ServerFailure = 2;
    internal const int NoSuchName = 3;

    // QR, and RA: recursion is what the pod's server does for us.
    private const ushort ResponseFlags = 0x8080;
    private const ushort RecursionDesired = 0x0100;
    private const ushort Truncated = 0x0200;

    // Without EDNS a datagram holds 512 bytes (RFC 1035 §2.3.4).
    private const int PlainDatagramLength = 512;

    /// <summary>An answer without records.</summary>
    internal static byte[] Empty(ReadOnlySpan<byte> query, DnsQuestion question, int responseCode) => Start(query, question, responseCode).ToArray();

    /// <summary>A and AAAA records in the pod's order, behind a CNAME where the pod knows the name by another.</summary>
    internal static byte[] Addresses(ReadOnlySpan<byte> query, DnsQuestion question, AddressLookup lookup)
    {
        int code = lookup.Status switch
        {
            LookupStatus.Found or LookupStatus.NoData => NoError,
            LookupStatus.NoName => NoSuchName,
            _ => ServerFailure,
        };
        List<byte> message = Start(query, question, code);
        uint seconds = (uint)Math.Clamp(lookup.TimeToLive.TotalSeconds, 0, int.MaxValue);
        // The question's name stands at offset 12: a pointer to it owns the records.
        byte[] owner = [0xC0, DnsQuestion.HeaderLength];
        ushort count = 0;
        bool aliased = lookup.CanonicalName is string canonical && NamePolicy.Normalize(canonical) != question.Name && lookup.Addresses.Count > 0;
        bool fits = true;
        if (aliased && DnsQuestion.TryEncodeName(lookup.CanonicalName!, out byte[] target))
        {
            fits = TryAddRecord(message, owner, DnsQuestion.TypeCname, seconds, target);
            owner = target;
            count += (ushort)(fits ? 1 : 0);
        }

        AddressFamily wanted = question.Type == DnsQuestion.TypeA ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6;
        foreach (IPAddress address in lookup.Addresses.Where(address => address.AddressFamily == wanted))
        {
            fits = fits && TryAddRecord(message, owner, question.Type, seconds, address.GetAddressBytes());
            if (!fits)
                break;
            count++;
        }

        if (!fits)
            message[2] |= Truncated >> 8;
        byte[] answer = [.. message];
        BinaryPrimitives.WriteUInt16BigEndian(answer.AsSpan(6), count);
        return answer;
    }

    /// <summary>RCODE 3.</summary>
    internal static bool IsNoSuchName(ReadOnlySpan<byte> answer) => answer.Length >= DnsQuestion.HeaderLength && (answer[3] & 0x0F) == NoSuchName;

    /// <summary>RCODE 0 and ANCOUNT above 0.</summary>
    internal static bool HasRecords(ReadOnlySpan<byte> answer) =>
        answer.Length >= DnsQuestion.HeaderLength && (answer[3] & 0x0F) == NoError && BinaryPrimitives.ReadUInt16BigEndian(answer[6..]) > 0;

    private static List<byte> Start(ReadOnlySpan<byte> query, DnsQuestion question, int responseCode)
    {
        byte[] header = query[..question.End].ToArray();
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(2), (ushort)(ResponseFlags | (question.Flags & RecursionDesired) | responseCode));
        // ANCOUNT, NSCOUNT, ARCOUNT: what the asker had behind its question (EDNS) isn't repeated.
        header.AsSpan(6, 6).Clear();
        return [.. header];
    }

    /// <summary>False, and nothing is added, where the message would be longer than a datagram.</summary>
    private static bool TryAddRecord(List<byte> message, byte[] owner, ushort type, uint seconds, byte[] data)
    {
        Span<byte> fields = stackalloc byte[10];
        if (message.Count + owner.Length + fields.Length + data.Length > PlainDatagramLength)
            return false;
        BinaryPrimitives.WriteUInt16BigEndian(fields, type);
        BinaryPrimitives.WriteUInt16BigEndian(fields[2..], DnsQuestion.ClassInternet);
        BinaryPrimitives.WriteUInt32BigEndian(fields[4..], seconds);
        BinaryPrimitives.WriteUInt16BigEndian(fields[8..], (ushort)data.Length);
        message.AddRange(owner);
        message.AddRange(fields);
        message.AddRange(data);
        return true;
    }
}
