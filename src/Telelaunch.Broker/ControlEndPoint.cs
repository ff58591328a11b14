using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Telelaunch.Broker;

// FAMILY 2 (4|6) | PORT 2 (network order) | ADDRESS 16 (IPv4 in the first four bytes, the rest zero).
// FAMILY is in the machine's order; the layout is struct tl_endpoint in protocol.h.

/// <summary>Reads and writes the control protocol's ENDPOINT.</summary>
internal static class ControlEndPoint
{
    internal const int Length = 20;

    /// <summary>False when the family is neither 4 nor 6 or the length is wrong. IPv4-mapped addresses come out as IPv4.</summary>
    internal static bool TryRead(ReadOnlySpan<byte> source, out IPEndPoint endPoint)
    {
        endPoint = null!;
        if (source.Length != Length)
            return false;
        ushort family = BitConverter.ToUInt16(source);
        if (family is not (4 or 6))
            return false;
        var address = new IPAddress(source.Slice(4, family == 4 ? 4 : 16));
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        endPoint = new IPEndPoint(address, BinaryPrimitives.ReadUInt16BigEndian(source[2..]));
        return true;
    }

    internal static void Write(Span<byte> target, IPAddress address, int port)
    {
        target[..Length].Clear();
        bool v4 = address.AddressFamily == AddressFamily.InterNetwork;
        BitConverter.TryWriteBytes(target, (ushort)(v4 ? 4 : 6));
        BinaryPrimitives.WriteUInt16BigEndian(target[2..], (ushort)port);
        address.TryWriteBytes(target[4..], out _);
    }
}
