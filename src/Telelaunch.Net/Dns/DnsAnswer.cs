using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Telelaunch.Net.Dns;

/// <summary>Writes DNS answers to a question (RFC 1035 §4.1), and cuts them to what the asker takes.</summary>
/// <remarks>
/// ARSoft.Tools.Net reads messages but keeps its encoder to itself, so the few records that are needed are written here; the tests read them with it.
/// An answer is written whole; <see cref="Fit"/> is for whoever sends it in a datagram.
/// </remarks>
public static class DnsAnswer
{
    public const int NoError = 0;
    public const int ServerFailure = 2;
    public const int NoSuchName = 3;

    /// <summary>BADVERS: a version of EDNS that isn't known (RFC 6891 §6.1.3).</summary>
    public const int BadVersion = 16;

    /// <summary>The longest message: its length is two bytes over TCP (RFC 1035 §4.2.2).</summary>
    public const int MaximumLength = 65_535;

    // QR, and RA: recursion is what the pod's server does for us.
    private const ushort ResponseFlags = 0x8080;

    // RD and CD come back as they were asked (RFC 1035 §4.1.1, 4035 §3.2.2).
    private const ushort RepeatedFlags = 0x0110;
    private const int Truncated = 0x02;

    /// <summary>An answer without records.</summary>
    public static byte[] Empty(ReadOnlySpan<byte> query, DnsQuestion question, int responseCode) => Finish(query, Start(query, question, responseCode), responseCode, 0);

    /// <summary>A and AAAA records in the pod's order, behind a CNAME where the pod knows the name by another.</summary>
    public static byte[] Addresses(ReadOnlySpan<byte> query, DnsQuestion question, AddressLookup lookup)
    {
        ArgumentNullException.ThrowIfNull(lookup);
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
        bool aliased = lookup.CanonicalName is string canonical && DnsQuestion.Normalize(canonical) != question.Name && lookup.Addresses.Count > 0;
        bool fits = true;
        if (aliased && DnsQuestion.TryEncodeName(lookup.CanonicalName!, out byte[] target))
        {
            fits = TryAddRecord(message, owner, RecordType.CNAME, seconds, target);
            owner = target;
            count += (ushort)(fits ? 1 : 0);
        }

        AddressFamily wanted = question.Type == RecordType.A ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6;
        foreach (IPAddress address in lookup.Addresses.Where(address => address.AddressFamily == wanted))
        {
            fits = fits && TryAddRecord(message, owner, question.Type, seconds, address.GetAddressBytes());
            if (!fits)
                break;
            count++;
        }

        if (!fits)
            message[2] |= Truncated;
        return Finish(query, message, code, count);
    }

    /// <summary>An answer to a longer name, as the answer to the short one that was asked: its records stand behind a CNAME, their names written out.</summary>
    /// <param name="answer">Of the question under its longer name, which says what the CNAME leads to.</param>
    /// <returns>SERVFAIL when the answer can't be read.</returns>
    public static byte[] Renamed(ReadOnlySpan<byte> query, DnsQuestion question, ReadOnlySpan<byte> answer)
    {
        int code = CodeOf(answer);
        if (!MessageRecords.TryFind(answer, out IReadOnlyList<MessageRecord> records) || !UncompressedRecord.TryReadName(answer, DnsQuestion.HeaderLength, out byte[] longName))
            return Empty(query, question, ServerFailure);
        List<byte> message = Start(query, question, code);
        MessageRecord[] answers = [.. records.Where(record => record.Section == MessageSection.Answer)];
        ushort count = 0;
        if (answers.Length > 0)
        {
            uint seconds = uint.MaxValue;
            foreach (MessageRecord record in answers)
                seconds = Math.Min(seconds, record.ReadTimeToLive(answer));
            TryAddRecord(message, [0xC0, DnsQuestion.HeaderLength], RecordType.CNAME, seconds, longName);
            count++;
        }

        ushort authorities = 0;
        foreach (MessageRecord record in records.Where(record => record.Section != MessageSection.Additional))
        {
            if (!UncompressedRecord.TryRead(answer, record, out byte[] whole))
                return Empty(query, question, ServerFailure);
            if (message.Count + whole.Length + Edns.RecordLength > MaximumLength)
            {
                message[2] |= Truncated;
                break;
            }

            message.AddRange(whole);
            if (record.Section == MessageSection.Answer)
                count++;
            else
                authorities++;
        }

        byte[] finished = Finish(query, message, code, count);
        BinaryPrimitives.WriteUInt16BigEndian(finished.AsSpan(8), authorities);
        return finished;
    }

    /// <summary>The answer, or what of it fits into a datagram that the asker takes.</summary>
    /// <remarks>
    /// Additional records may be missing in silence, but EDNS stays; where an answer or authority record doesn't fit, TC tells the asker to come by TCP (RFC 2181 §9).
    /// What can't be read isn't cut.
    /// </remarks>
    public static ReadOnlyMemory<byte> Fit(ReadOnlyMemory<byte> answer, ReadOnlySpan<byte> query)
    {
        if (answer.Length <= Edns.PlainPayloadSize)
            return answer;
        int limit = Edns.LimitOf(query);
        if (answer.Length <= limit || !MessageRecords.TryFind(answer.Span, out IReadOnlyList<MessageRecord> records) || records.Count == 0)
            return answer;

        ReadOnlySpan<byte> whole = answer.Span;
        var cut = new List<byte>(limit);
        cut.AddRange(whole[..records[0].Start]);
        MessageRecord options = records.FirstOrDefault(record => record.Type == RecordType.OPT);
        limit -= options.End - options.Start;
        Span<ushort> counts = stackalloc ushort[3];
        foreach (MessageRecord record in records.Where(record => record.Type != RecordType.OPT))
        {
            if (cut.Count + record.End - record.Start > limit)
            {
                if (record.Section != MessageSection.Additional)
                    cut[2] |= Truncated;
                break;
            }

            cut.AddRange(whole[record.Start..record.End]);
            counts[(int)record.Section]++;
        }

        if (options.Type == RecordType.OPT)
        {
            cut.AddRange(whole[options.Start..options.End]);
            counts[(int)MessageSection.Additional]++;
        }

        byte[] message = [.. cut];
        for (int section = 0; section < counts.Length; section++)
            BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(6 + (2 * section)), counts[section]);
        return message;
    }

    /// <summary>RCODE, without what EDNS adds to it; -1 for what is no message.</summary>
    public static int CodeOf(ReadOnlySpan<byte> answer) => answer.Length >= DnsQuestion.HeaderLength ? answer[3] & 0x0F : -1;

    /// <summary>RCODE 3.</summary>
    public static bool IsNoSuchName(ReadOnlySpan<byte> answer) => CodeOf(answer) == NoSuchName;

    /// <summary>RCODE 0 and ANCOUNT above 0.</summary>
    public static bool HasRecords(ReadOnlySpan<byte> answer) => CodeOf(answer) == NoError && BinaryPrimitives.ReadUInt16BigEndian(answer[6..]) > 0;

    private static List<byte> Start(ReadOnlySpan<byte> query, DnsQuestion question, int responseCode)
    {
        byte[] header = query[..question.End].ToArray();
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(2), (ushort)(ResponseFlags | (question.Flags & RepeatedFlags) | (responseCode & 0x0F)));
        header.AsSpan(6, 6).Clear();
        return [.. header];
    }

    /// <summary>Who asks with EDNS is answered with it (RFC 6891 §6.1.1).</summary>
    private static byte[] Finish(ReadOnlySpan<byte> query, List<byte> message, int responseCode, ushort answers)
    {
        Edns? edns = Edns.Read(query);
        if (edns is Edns asked)
            message.AddRange(asked.Answer(responseCode));
        byte[] finished = [.. message];
        BinaryPrimitives.WriteUInt16BigEndian(finished.AsSpan(6), answers);
        BinaryPrimitives.WriteUInt16BigEndian(finished.AsSpan(10), edns is null ? (ushort)0 : (ushort)1);
        return finished;
    }

    /// <summary>False, and nothing is added, where the message would be longer than any can be.</summary>
    private static bool TryAddRecord(List<byte> message, byte[] owner, RecordType type, uint seconds, byte[] data)
    {
        Span<byte> fields = stackalloc byte[10];
        if (message.Count + owner.Length + fields.Length + data.Length + Edns.RecordLength > MaximumLength)
            return false;
        BinaryPrimitives.WriteUInt16BigEndian(fields, (ushort)type);
        BinaryPrimitives.WriteUInt16BigEndian(fields[2..], DnsQuestion.ClassInternet);
        BinaryPrimitives.WriteUInt32BigEndian(fields[4..], seconds);
        BinaryPrimitives.WriteUInt16BigEndian(fields[8..], (ushort)data.Length);
        message.AddRange(owner);
        message.AddRange(fields);
        message.AddRange(data);
        return true;
    }
}
