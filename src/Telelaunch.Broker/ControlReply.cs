using System.Buffers.Binary;
using System.Net;
using System.Text;
using Telelaunch.Net;

namespace Telelaunch.Broker;

/// <summary>Writes replies: VERSION 1 | STATUS 1 | ZERO 2 | body.</summary>
internal static class ControlReply
{
    /// <summary>FLOW: ERRNO 4 | ENDPOINT 20 (asked for) | ENDPOINT 20 (own, as the pod shows it).</summary>
    internal static byte[] Flow(int errno, IPEndPoint asked, IPEndPoint own)
    {
        byte[] reply = Start(ControlProtocol.FlowKnown, 4 + (2 * ControlEndPoint.Length));
        BitConverter.TryWriteBytes(reply.AsSpan(4), errno);
        ControlEndPoint.Write(reply.AsSpan(8), asked.Address, asked.Port);
        ControlEndPoint.Write(reply.AsSpan(8 + ControlEndPoint.Length), own.Address, own.Port);
        return reply;
    }

    /// <summary>FLOW of a socket that the broker doesn't know: no body.</summary>
    internal static byte[] UnknownFlow() => Start(ControlProtocol.FlowUnknown, 0);

    /// <summary>DIAL with WAIT: ERRNO 4 | PORT 2 (network order) | ZERO 2.</summary>
    internal static byte[] Dialed(int errno, int port)
    {
        byte[] reply = Start(0, 8);
        BitConverter.TryWriteBytes(reply.AsSpan(4), errno);
        BinaryPrimitives.WriteUInt16BigEndian(reply.AsSpan(8), (ushort)port);
        return reply;
    }

    /// <summary>LOOKUP: TTL 4 | COUNT 2 | CANONICAL_LENGTH 2 | COUNT × ADDRESS 20 | canonical.</summary>
    internal static byte[] Addresses(AddressLookup lookup)
    {
        byte[] canonical = Encoding.UTF8.GetBytes(lookup.CanonicalName ?? "");
        int most = (ControlProtocol.MaximumLength - ControlProtocol.HeaderLength - 8 - canonical.Length) / ControlEndPoint.Length;
        int count = Math.Min(lookup.Addresses.Count, most);
        byte[] reply = Start((byte)lookup.Status, 8 + (count * ControlEndPoint.Length) + canonical.Length);
        Span<byte> body = reply.AsSpan(ControlProtocol.HeaderLength);
        BitConverter.TryWriteBytes(body, Seconds(lookup.TimeToLive));
        BitConverter.TryWriteBytes(body[4..], (ushort)count);
        BitConverter.TryWriteBytes(body[6..], (ushort)canonical.Length);
        for (int i = 0; i < count; i++)
            ControlEndPoint.Write(body[(8 + (i * ControlEndPoint.Length))..], lookup.Addresses[i], 0);
        canonical.CopyTo(body[(8 + (count * ControlEndPoint.Length))..]);
        return reply;
    }

    /// <summary>REVERSE: TTL 4 | COUNT 2 | ZERO 2 | COUNT × (LENGTH 2 | name).</summary>
    internal static byte[] Names(NameLookupResult lookup)
    {
        var names = new List<byte[]>();
        int length = 8;
        foreach (byte[] name in lookup.Names.Select(Encoding.UTF8.GetBytes))
        {
            if (ControlProtocol.HeaderLength + length + 2 + name.Length > ControlProtocol.MaximumLength)
                break;
            names.Add(name);
            length += 2 + name.Length;
        }

        byte[] reply = Start((byte)lookup.Status, length);
        Span<byte> body = reply.AsSpan(ControlProtocol.HeaderLength);
        BitConverter.TryWriteBytes(body, Seconds(lookup.TimeToLive));
        BitConverter.TryWriteBytes(body[4..], (ushort)names.Count);
        int at = 8;
        foreach (byte[] name in names)
        {
            BitConverter.TryWriteBytes(body[at..], (ushort)name.Length);
            name.CopyTo(body[(at + 2)..]);
            at += 2 + name.Length;
        }

        return reply;
    }

    /// <summary>QUERY: the DNS answer as it is; an empty one says "try again".</summary>
    internal static byte[] Answer(ReadOnlySpan<byte> answer)
    {
        bool fits = !answer.IsEmpty && answer.Length <= ControlProtocol.MaximumLength - ControlProtocol.HeaderLength;
        byte[] reply = Start((byte)(fits ? LookupStatus.Found : LookupStatus.TryAgain), fits ? answer.Length : 0);
        if (fits)
            answer.CopyTo(reply.AsSpan(ControlProtocol.HeaderLength));
        return reply;
    }

    private static byte[] Start(byte status, int bodyLength)
    {
        byte[] reply = new byte[ControlProtocol.HeaderLength + bodyLength];
        reply[0] = ControlProtocol.Version;
        reply[1] = status;
        return reply;
    }

    private static uint Seconds(TimeSpan time) => (uint)Math.Clamp(time.TotalSeconds, 0, int.MaxValue);
}
