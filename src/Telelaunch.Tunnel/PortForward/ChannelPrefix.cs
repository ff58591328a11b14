using System.Buffers.Binary;

namespace Telelaunch.Tunnel.PortForward;

/// <summary>The forwarded port that leads each channel of a port-forward: two bytes, little-endian, possibly in two messages.</summary>
internal sealed class ChannelPrefix
{
    private readonly byte[] _port = new byte[2];
    private int _taken;

    public bool IsComplete => _taken == _port.Length;

    /// <summary>The port that the server names; 0 until it is complete.</summary>
    public int Port => IsComplete ? BinaryPrimitives.ReadUInt16LittleEndian(_port) : 0;

    /// <summary>Takes what is missing from the front of <paramref name="bytes"/>.</summary>
    /// <returns>The number of bytes taken.</returns>
    public int Take(ReadOnlySpan<byte> bytes)
    {
        int count = Math.Min(_port.Length - _taken, bytes.Length);
        bytes[..count].CopyTo(_port.AsSpan(_taken));
        _taken += count;
        return count;
    }
}
