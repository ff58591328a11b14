namespace Telelaunch.Mux.Frames;

/// <summary>The payloads of ENVIRONMENT and of its RESOLVED: a block that one frame may not hold, piece by piece.</summary>
internal static class EnvironmentFrame
{
    /// <summary>The largest block there can be, in bytes: execve(2) takes 6 MiB of arguments and environment at the most.</summary>
    public const int MaxTotal = 6 * 1024 * 1024;

    private const int MaxPiece = FrameHeader.MaxPayload - sizeof(uint);

    // OFFSET 4
    public static byte[] ToPayload(int offset)
    {
        byte[] payload = new byte[sizeof(uint)];
        new PayloadWriter(payload).WriteUInt32((uint)offset);
        return payload;
    }

    public static uint ReadOffset(ReadOnlySpan<byte> payload)
    {
        var reader = new PayloadReader(payload);
        uint offset = reader.ReadUInt32();
        reader.End();
        return offset;
    }

    // TOTAL 4 | bytes from OFFSET; none where OFFSET is TOTAL or behind it.
    public static byte[] Answer(ReadOnlySpan<byte> block, uint offset)
    {
        ReadOnlySpan<byte> piece = offset >= block.Length ? default : block[(int)offset..];
        if (piece.Length > MaxPiece)
            piece = piece[..MaxPiece];
        byte[] payload = new byte[sizeof(uint) + piece.Length];
        var writer = new PayloadWriter(payload);
        writer.WriteUInt32((uint)block.Length);
        writer.WriteBytes(piece);
        return payload;
    }

    /// <summary>Reads the answer for <paramref name="offset"/> into the block, which the first answer makes.</summary>
    /// <param name="block">Null before the first answer.</param>
    /// <returns>The block, and how many of its bytes are there now.</returns>
    public static (byte[] Block, int Filled) ReadAnswer(ReadOnlySpan<byte> payload, byte[]? block, int offset)
    {
        var reader = new PayloadReader(payload);
        uint total = reader.ReadUInt32();
        ReadOnlySpan<byte> piece = reader.ReadRest();
        if (total > MaxTotal)
            throw new ProtocolException($"an environment of {total} bytes");
        block ??= new byte[total];
        // What a process was started with doesn't change; a piece of nothing would make us ask for ever.
        if (total != block.Length || piece.Length > block.Length - offset || (piece.IsEmpty && offset < block.Length))
            throw new ProtocolException("an environment whose pieces don't fit");
        piece.CopyTo(block.AsSpan(offset));
        return (block, offset + piece.Length);
    }
}
