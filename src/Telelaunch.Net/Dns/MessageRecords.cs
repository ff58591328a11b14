using System.Buffers.Binary;

namespace Telelaunch.Net.Dns;

/// <summary>Which part of a message a record stands in (RFC 1035 §4.1).</summary>
public enum MessageSection
{
    Answer,
    Authority,
    Additional,
}

/// <summary>Where a record lies in its message. Offsets count from the message's first byte.</summary>
/// <param name="Start">Of its owner's name.</param>
/// <param name="FixedPart">Of TYPE 2 | CLASS 2 | TTL 4 | RDLENGTH 2, behind which the data stand.</param>
/// <param name="End">Of the first byte behind its data.</param>
public readonly record struct MessageRecord(MessageSection Section, int Start, int FixedPart, int End, RecordType Type)
{
    private const int FixedLength = 10;

    /// <summary>Offset of RDATA.</summary>
    public int Data => FixedPart + FixedLength;

    /// <summary>Offset of the TTL's four bytes.</summary>
    public int TimeToLive => FixedPart + 4;

    /// <summary>The TTL in seconds; one with the highest bit set is 0 (RFC 2181 §8).</summary>
    public uint ReadTimeToLive(ReadOnlySpan<byte> message)
    {
        uint seconds = BinaryPrimitives.ReadUInt32BigEndian(message[TimeToLive..]);
        return seconds > int.MaxValue ? 0 : seconds;
    }
}

/// <summary>Finds the records of a message without reading what they say.</summary>
public static class MessageRecords
{
    private const int PointerBits = 0xC0;

    /// <summary>All records behind the questions, in their order. False when the message is damaged.</summary>
    public static bool TryFind(ReadOnlySpan<byte> message, out IReadOnlyList<MessageRecord> records)
    {
        var found = new List<MessageRecord>();
        records = found;
        if (message.Length < DnsQuestion.HeaderLength)
            return false;
        int at = DnsQuestion.HeaderLength;
        for (int questions = BinaryPrimitives.ReadUInt16BigEndian(message[4..]); questions > 0; questions--)
        {
            if (!TrySkipName(message, ref at) || (at += 4) > message.Length)
                return false;
        }

        for (MessageSection section = MessageSection.Answer; section <= MessageSection.Additional; section++)
        {
            for (int count = BinaryPrimitives.ReadUInt16BigEndian(message[(6 + (2 * (int)section))..]); count > 0; count--)
            {
                int start = at;
                if (!TrySkipName(message, ref at) || at + 10 > message.Length)
                    return false;
                int end = at + 10 + BinaryPrimitives.ReadUInt16BigEndian(message[(at + 8)..]);
                if (end > message.Length)
                    return false;
                found.Add(new MessageRecord(section, start, at, end, (RecordType)BinaryPrimitives.ReadUInt16BigEndian(message[at..])));
                at = end;
            }
        }

        return true;
    }

    // A pointer ends a name (RFC 1035 §4.1.4).
    private static bool TrySkipName(ReadOnlySpan<byte> message, ref int at)
    {
        while (at < message.Length)
        {
            int length = message[at++];
            if (length == 0)
                return true;
            if (length >= PointerBits)
                return ++at <= message.Length;
            if (length > DnsQuestion.MaximumLabelLength)
                return false;
            at += length;
        }

        return false;
    }
}
