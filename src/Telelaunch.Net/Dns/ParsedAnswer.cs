using System.Buffers.Binary;
using System.Net;
using System.Text;

namespace Telelaunch.Net.Dns;

/// <summary>One record of an answer. Its data is an address, a name, or nothing that is wanted here.</summary>
public readonly record struct DnsRecord(string Name, RecordType Type, uint TimeToLive, IPAddress? Address, string? Target);

/// <summary>A name server's answer, taken apart as far as a lookup needs (RFC 1035 §4.1).</summary>
/// <param name="ResponseCode">RCODE: 0 no error, 3 no such name.</param>
/// <param name="Truncated">TC: ask again over TCP.</param>
/// <param name="NegativeTimeToLive">How long "no" may be kept: the lesser of the SOA's TTL and MINIMUM (RFC 2308 §5); 0 without SOA.</param>
public sealed record ParsedAnswer(int ResponseCode, bool Truncated, IReadOnlyList<DnsRecord> Records, uint NegativeTimeToLive)
{
    public const int NoError = 0;
    public const int NoSuchName = 3;

    private const int HeaderSize = 12;
    private const ushort Response = 0x8000;
    private const ushort TruncatedFlag = 0x0200;
    private const int MaxPointers = 64;

    // 255 octets with all lengths and the root's zero (RFC 1035 §2.3.4): without a bound few bytes of pointers would make long texts.
    private const int MaxName = 255;

    /// <summary>Whether a message answers a question: same ID, QR set, the question repeated.</summary>
    public static bool Answers(ReadOnlySpan<byte> message, ReadOnlySpan<byte> question)
    {
        if (message.Length < HeaderSize || question.Length < HeaderSize)
            return false;
        bool sameId = message[0] == question[0] && message[1] == question[1];
        bool isResponse = (BinaryPrimitives.ReadUInt16BigEndian(message[2..]) & Response) != 0;
        if (!sameId || !isResponse)
            return false;
        // A server that couldn't read the question may leave it out.
        int questions = BinaryPrimitives.ReadUInt16BigEndian(message[4..]);
        int end = QuestionEnd(question);
        return questions == 0 || (end > 0 && message.Length >= end && EqualsIgnoreCase(message[HeaderSize..end], question[HeaderSize..end]));
    }

    public static bool IsTruncated(ReadOnlySpan<byte> message)
        => (BinaryPrimitives.ReadUInt16BigEndian(message[2..]) & TruncatedFlag) != 0;

    /// <summary>Takes a message apart; null when it is damaged.</summary>
    public static ParsedAnswer? Parse(ReadOnlySpan<byte> message)
    {
        try
        {
            ushort flags = BinaryPrimitives.ReadUInt16BigEndian(message[2..]);
            int questions = BinaryPrimitives.ReadUInt16BigEndian(message[4..]);
            int answers = BinaryPrimitives.ReadUInt16BigEndian(message[6..]);
            int authorities = BinaryPrimitives.ReadUInt16BigEndian(message[8..]);
            int at = HeaderSize;
            for (int i = 0; i < questions; i++)
            {
                ReadName(message, ref at);
                at += 4;
            }

            var records = new List<DnsRecord>();
            for (int i = 0; i < answers; i++)
                records.Add(ReadRecord(message, ref at, out _));
            uint negative = 0;
            for (int i = 0; i < authorities; i++)
            {
                DnsRecord record = ReadRecord(message, ref at, out uint minimum);
                if (record.Type == RecordType.SOA)
                    negative = Math.Min(record.TimeToLive, minimum);
            }

            return new(flags & 15, (flags & TruncatedFlag) != 0, records, negative);
        }
        catch (Exception error) when (error is ArgumentOutOfRangeException or IndexOutOfRangeException or InvalidDataException)
        {
            return null;
        }
    }

    // NAME | TYPE 2 | CLASS 2 | TTL 4 | RDLENGTH 2 | RDATA
    private static DnsRecord ReadRecord(ReadOnlySpan<byte> message, ref int at, out uint minimum)
    {
        string name = ReadName(message, ref at);
        var type = (RecordType)BinaryPrimitives.ReadUInt16BigEndian(message[at..]);
        uint timeToLive = BinaryPrimitives.ReadUInt32BigEndian(message[(at + 4)..]);
        int length = BinaryPrimitives.ReadUInt16BigEndian(message[(at + 8)..]);
        at += 10;
        ReadOnlySpan<byte> data = message.Slice(at, length);
        int dataAt = at;
        at += length;
        // RFC 2181 §8: a TTL with the highest bit set is 0.
        timeToLive = timeToLive > int.MaxValue ? 0 : timeToLive;
        // MINIMUM is the last field of a SOA.
        minimum = type == RecordType.SOA ? BinaryPrimitives.ReadUInt32BigEndian(data[^4..]) : 0;
        IPAddress? address = (type, length) is (RecordType.A, 4) or (RecordType.AAAA, 16) ? new IPAddress(data) : null;
        string? target = type is RecordType.CNAME or RecordType.PTR ? ReadName(message, ref dataAt) : null;
        return new(name, type, timeToLive, address, target);
    }

    private static string ReadName(ReadOnlySpan<byte> message, ref int at)
    {
        var name = new StringBuilder();
        int octets = 1;
        int position = at;
        bool followed = false;
        for (int pointers = 0; ;)
        {
            int length = message[position++];
            if (length >= 0xc0)
            {
                // A pointer: 14 bits of offset (RFC 1035 §4.1.4). Loops are cut.
                int target = ((length & 0x3f) << 8) | message[position++];
                if (!followed)
                    at = position;
                followed = true;
                if (++pointers > MaxPointers)
                    throw new InvalidDataException();
                position = target;
                continue;
            }

            if (length == 0)
                break;
            octets += 1 + length;
            if (length > 63 || octets > MaxName)
                throw new InvalidDataException();
            if (name.Length > 0)
                name.Append('.');
            name.Append(Encoding.UTF8.GetString(message.Slice(position, length)));
            position += length;
        }

        if (!followed)
            at = position;
        return name.ToString();
    }

    private static int QuestionEnd(ReadOnlySpan<byte> question)
    {
        int at = HeaderSize;
        while (at < question.Length && question[at] != 0)
            at += question[at] + 1;
        return at + 5 <= question.Length ? at + 5 : 0;
    }

    private static bool EqualsIgnoreCase(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
        => Ascii.EqualsIgnoreCase(left, right) || left.SequenceEqual(right);
}
