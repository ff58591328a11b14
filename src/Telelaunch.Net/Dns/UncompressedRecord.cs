using System.Buffers.Binary;

namespace Telelaunch.Net.Dns;

/// <summary>Copies a record out of its message: its names may point to earlier ones (RFC 1035 §4.1.4) and are written out.</summary>
internal static class UncompressedRecord
{
    private const int PointerBits = 0xC0;
    private const int MaximumPointers = 64;

    /// <summary>False when the record is damaged.</summary>
    internal static bool TryRead(ReadOnlySpan<byte> message, MessageRecord record, out byte[] whole)
    {
        whole = [];
        if (!TryReadName(message, record.Start, out byte[] owner) || !TryReadData(message, record, out byte[] data))
            return false;
        whole = [.. owner, .. message[record.FixedPart..record.Data], .. data];
        BinaryPrimitives.WriteUInt16BigEndian(whole.AsSpan(owner.Length + 8), (ushort)data.Length);
        return true;
    }

    /// <summary>The name at an offset as labels, with the root's byte.</summary>
    internal static bool TryReadName(ReadOnlySpan<byte> message, int at, out byte[] name) => TryReadName(message, ref at, out name);

    // Only the types of RFC 1035, and by custom of some servers SRV, have compressed names in their data (RFC 3597 §4).
    private static bool TryReadData(ReadOnlySpan<byte> message, MessageRecord record, out byte[] data)
    {
        (int before, int names) = record.Type switch
        {
            RecordType.CNAME or RecordType.NS or RecordType.PTR or RecordType.DNAME => (0, 1),
            RecordType.MX => (2, 1),
            RecordType.SRV => (6, 1),
            RecordType.SOA => (0, 2),
            _ => (0, 0),
        };
        var bytes = new List<byte>();
        data = [];
        int at = record.Data;
        if (at + before > record.End)
            return false;
        bytes.AddRange(message.Slice(at, before));
        at += before;
        for (; names > 0; names--)
        {
            if (!TryReadName(message, ref at, out byte[] name) || at > record.End)
                return false;
            bytes.AddRange(name);
        }

        bytes.AddRange(message[at..record.End]);
        data = [.. bytes];
        return data.Length <= ushort.MaxValue;
    }

    private static bool TryReadName(ReadOnlySpan<byte> message, ref int at, out byte[] name)
    {
        var bytes = new List<byte>();
        name = [];
        int position = at;
        int pointers = 0;
        while (position < message.Length)
        {
            int length = message[position];
            if (length >= PointerBits)
            {
                if (position + 1 >= message.Length || ++pointers > MaximumPointers)
                    return false;
                if (pointers == 1)
                    at = position + 2;
                position = ((length & ~PointerBits) << 8) | message[position + 1];
                continue;
            }

            if (length > DnsQuestion.MaximumLabelLength || position + 1 + length > message.Length || bytes.Count + 1 + length > DnsQuestion.MaximumNameLength)
                return false;
            bytes.AddRange(message.Slice(position, 1 + length));
            position += 1 + length;
            if (length > 0)
                continue;
            if (pointers == 0)
                at = position;
            name = [.. bytes];
            return true;
        }

        return false;
    }
}
