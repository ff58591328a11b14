using System.Buffers.Binary;

namespace Telelaunch.Net.Dns;

// OPT as a record: NAME 0 | TYPE 41 | CLASS: payload size | TTL: EXTENDED-RCODE 1, VERSION 1, DO 1 bit, Z 15 bits | RDLENGTH | options. RFC 6891 §6.1.

/// <summary>What a question says by EDNS.</summary>
/// <param name="PayloadSize">The longest datagram that the asker takes, in bytes; at least 512.</param>
/// <param name="Version">0 is the only one there is.</param>
/// <param name="WantsSecurity">The DO bit, which an answer repeats (RFC 3225 §3).</param>
public readonly record struct Edns(int PayloadSize, byte Version, bool WantsSecurity)
{
    /// <summary>How long an OPT record without options is.</summary>
    public const int RecordLength = 11;

    /// <summary>What a datagram holds without EDNS (RFC 1035 §2.3.4), and the least with it (RFC 6891 §6.2.5).</summary>
    public const int PlainPayloadSize = 512;

    // What passes every link unfragmented, as name servers agreed upon in 2020.
    private const ushort OwnPayloadSize = 1232;
    private const byte WantsSecurityBit = 0x80;

    /// <summary>Null where the question has no OPT, or can't be read.</summary>
    public static Edns? Read(ReadOnlySpan<byte> query)
    {
        if (!MessageRecords.TryFind(query, out IReadOnlyList<MessageRecord> records))
            return null;
        foreach (MessageRecord record in records)
        {
            if (record.Type != RecordType.OPT || record.Section != MessageSection.Additional)
                continue;
            int size = BinaryPrimitives.ReadUInt16BigEndian(query[(record.FixedPart + 2)..]);
            return new Edns(Math.Max(size, PlainPayloadSize), query[record.TimeToLive + 1], (query[record.TimeToLive + 2] & WantsSecurityBit) != 0);
        }

        return null;
    }

    /// <summary>The longest datagram that answers a question.</summary>
    public static int LimitOf(ReadOnlySpan<byte> query) => Read(query)?.PayloadSize ?? PlainPayloadSize;

    /// <summary>The OPT record of an answer.</summary>
    /// <param name="responseCode">Its upper eight bits stand here, the lower four in the header.</param>
    internal byte[] Answer(int responseCode) =>
        [0, 0, (byte)RecordType.OPT, OwnPayloadSize >> 8, OwnPayloadSize & 0xFF, (byte)(responseCode >> 4), 0, WantsSecurity ? WantsSecurityBit : (byte)0, 0, 0, 0];
}
