using System.Runtime.CompilerServices;
using ARSoft.Tools.Net.Dns;

namespace Telelaunch.Playground.Node.Dns;

/// <summary>DNS messages as bytes (RFC 1035 §4).</summary>
internal static class DnsWire
{
    /// <summary>Bytes of a UDP answer to a client that says nothing of its size (RFC 1035 §2.3.4).</summary>
    public const int ClassicSize = 512;

    /// <summary>The query, or null if this is none.</summary>
    public static DnsMessage? ParseQuery(ArraySegment<byte> bytes)
    {
        try
        {
            var message = DnsMessage.Parse(bytes);
            return message.IsQuery && message.Questions.Count == 1 ? message : null;
        }
        catch (Exception)
        {
            // The parser throws whatever its reading past the end throws.
            return null;
        }
    }

    public static byte[] Encode(DnsMessage message) => [.. Encoded(message).ToArraySegment(false)];

    /// <summary>The answer cut to what the client takes over UDP, with TC set if something was left out.</summary>
    public static byte[] EncodeForUdp(DnsMessage message, int size)
    {
        var bytes = Encode(message);
        if (bytes.Length <= size)
            return bytes;
        message.IsTruncated = true;
        while (bytes.Length > size && message.AnswerRecords.Count > 0)
        {
            message.AnswerRecords.RemoveAt(message.AnswerRecords.Count - 1);
            bytes = Encode(message);
        }
        return bytes;
    }

    // Only the library's own servers may encode a message; its transport, however, can't be told in which network namespace to listen.
    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "Encode")]
    private static extern DnsRawPackage Encoded(DnsMessageBase message);
}
