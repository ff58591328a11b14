using System.Buffers.Binary;
using System.Text;

namespace Telelaunch.Fuzz.Tests.Targets;

/// <summary>Valid DNS messages to begin with (RFC 1035 §4.1).</summary>
internal static class DnsMessages
{
    public const int HeaderLength = 12;

    public static byte[] Name(string name)
        => [.. name.Split('.').SelectMany(label => (byte[])[(byte)label.Length, .. Encoding.ASCII.GetBytes(label)]), 0];

    public static byte[] Query(string name, ushort type, ushort id = 0x1234)
        => [(byte)(id >> 8), (byte)id, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, .. Name(name), (byte)(type >> 8), (byte)type, 0, 1];

    /// <summary>An answer to <see cref="Query"/>: records are NAME | TYPE 2 | CLASS 2 | TTL 4 | RDLENGTH 2 | RDATA.</summary>
    public static byte[] Answer(byte[] query, int code, byte[][] answers, byte[][] authorities)
    {
        byte[] message = [.. query, .. answers.SelectMany(record => record), .. authorities.SelectMany(record => record)];
        message[2] |= 0x80;
        message[3] = (byte)(0x80 | code);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(6), (ushort)answers.Length);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(8), (ushort)authorities.Length);
        return message;
    }

    public static byte[] Record(byte[] name, byte type, byte[] data) => [.. name, 0, type, 0, 1, 0, 0, 0, 30, (byte)(data.Length >> 8), (byte)data.Length, .. data];

    /// <summary>What a cluster's name server says: addresses, an alias, a pointer, "no such name".</summary>
    public static IReadOnlyList<byte[]> Answers(byte[] question)
    {
        byte[] pointer = [0xc0, HeaderLength];
        byte[] soa = Record([0], 6, [.. Name("ns.dns"), .. Name("hostmaster"), .. new byte[16], 0, 0, 0, 9]);
        return
        [
            Answer(question, 0, [Record(pointer, 1, [10, 96, 0, 1]), Record(pointer, 1, [10, 96, 0, 2])], []),
            Answer(question, 0, [Record(pointer, 28, [0xfd, .. new byte[14], 1])], []),
            Answer(question, 0, [Record(pointer, 5, Name("db.example.com")), Record(Name("db.example.com"), 1, [192, 0, 2, 1])], []),
            Answer(question, 0, [Record(pointer, 12, [4, .. "a-b-"u8, 0xc0, HeaderLength])], []),
            Answer(question, 3, [], [soa]),
            Answer(question, 0, [], [soa]),
        ];
    }
}
