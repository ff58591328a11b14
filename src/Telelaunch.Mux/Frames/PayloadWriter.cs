using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Telelaunch.Mux.Frames;

/// <summary>Puts a payload together; the caller gives room enough.</summary>
internal ref struct PayloadWriter(Span<byte> target)
{
    private readonly Span<byte> _target = target;

    public int Written { get; private set; }

    public readonly int Room => _target.Length - Written;

    public void WriteByte(byte value) => Next(1)[0] = value;

    public void WriteUInt16(ushort value) => BinaryPrimitives.WriteUInt16BigEndian(Next(2), value);

    public void WriteUInt32(uint value) => BinaryPrimitives.WriteUInt32BigEndian(Next(4), value);

    public void WriteUInt64(ulong value) => BinaryPrimitives.WriteUInt64BigEndian(Next(8), value);

    public void WriteBytes(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Next(bytes.Length));

    /// <summary>FAMILY 1 | ADDRESS 4|16; a v4-mapped address is written as IPv4.</summary>
    public void WriteAddress(IPAddress address)
    {
        IPAddress plain = Plain(address);
        WriteByte(Family(plain));
        WriteAddressBytes(plain);
    }

    /// <summary>FAMILY 1 | ZERO 1 | PORT 2 | ADDRESS 4|16; a v4-mapped address is written as IPv4.</summary>
    public void WriteEndPoint(IPEndPoint endPoint)
    {
        IPAddress plain = Plain(endPoint.Address);
        WriteByte(Family(plain));
        WriteByte(0);
        WriteUInt16((ushort)endPoint.Port);
        WriteAddressBytes(plain);
    }

    /// <summary>LENGTH 1 | UTF-8 text; what is longer than 255 bytes is cut.</summary>
    public void WriteText(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        int length = Math.Min(bytes.Length, byte.MaxValue);
        WriteByte((byte)length);
        WriteBytes(bytes.AsSpan(0, length));
    }

    private static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    private static byte Family(IPAddress address) => address.AddressFamily == AddressFamily.InterNetwork ? (byte)4 : (byte)6;

    private void WriteAddressBytes(IPAddress address)
    {
        address.TryWriteBytes(_target[Written..], out int count);
        Written += count;
    }

    private Span<byte> Next(int count)
    {
        Span<byte> next = _target.Slice(Written, count);
        Written += count;
        return next;
    }
}
