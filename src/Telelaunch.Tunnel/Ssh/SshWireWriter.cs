using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Telelaunch.Tunnel.Ssh;

/// <summary>Writes the data types of SSH (RFC 4251 §5).</summary>
internal sealed class SshWireWriter
{
    private readonly ArrayBufferWriter<byte> _bytes = new();

    public int Length => _bytes.WrittenCount;

    public byte[] ToArray() => _bytes.WrittenSpan.ToArray();

    public void WriteUInt32(uint value)
    {
        BinaryPrimitives.WriteUInt32BigEndian(_bytes.GetSpan(4), value);
        _bytes.Advance(4);
    }

    public void WriteString(ReadOnlySpan<byte> value)
    {
        WriteUInt32((uint)value.Length);
        _bytes.Write(value);
    }

    public void WriteString(string value) => WriteString(Encoding.ASCII.GetBytes(value));

    public void WriteRaw(ReadOnlySpan<byte> bytes) => _bytes.Write(bytes);
}
