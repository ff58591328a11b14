using System.Buffers.Binary;

namespace Telelaunch.Mux.Frames;

/// <summary>What leads every frame.</summary>
/// <param name="Length">Bytes of payload that follow, at most <see cref="MaxPayload"/>.</param>
internal readonly record struct FrameHeader(FrameType Type, uint Flow, int Length)
{
    // LENGTH 3 | TYPE 1 | FLOW 4, big-endian.
    public const int Size = 8;

    /// <summary>The largest payload of one frame, in bytes.</summary>
    public const int MaxPayload = 65_536;

    public static FrameHeader Read(ReadOnlySpan<byte> source)
    {
        int length = (source[0] << 16) | (source[1] << 8) | source[2];
        if (length > MaxPayload)
            throw new ProtocolException($"a frame of {length} bytes");
        return new((FrameType)source[3], BinaryPrimitives.ReadUInt32BigEndian(source[4..]), length);
    }

    public void Write(Span<byte> target)
    {
        BinaryPrimitives.WriteUInt32BigEndian(target, ((uint)Length << 8) | (byte)Type);
        BinaryPrimitives.WriteUInt32BigEndian(target[4..], Flow);
    }
}
