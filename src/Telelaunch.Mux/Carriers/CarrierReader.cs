using Telelaunch.Mux.Frames;

namespace Telelaunch.Mux.Carriers;

/// <summary>The one reader of a carrier: reads as much as there is and hands out frame by frame.</summary>
/// <remarks>
/// Carriers give a little at a time: a TLS record, a packet. So those who wait for data are told once nothing more is there at this moment,
/// or so much that they should begin: a piece each would cost the application a system call and a change of threads for every record.
/// </remarks>
internal sealed class CarrierReader(Stream carrier, TimeProvider time)
{
    private const int BufferSize = 256 * 1024;
    private const int MostUntold = 128 * 1024;

    private long _lastReceived = time.GetTimestamp();

    public delegate void FrameHandler(FrameHeader header, ReadOnlySpan<byte> payload);

    /// <summary>When bytes came last, as <see cref="TimeProvider.GetTimestamp"/>.</summary>
    public long LastReceived => Volatile.Read(ref _lastReceived);

    /// <summary>Reads until the carrier's end. The handler never waits: a slow flow must not stop the others.</summary>
    /// <param name="tell">Tells those who wait for what the handler has got.</param>
    /// <exception cref="EndOfStreamException">The carrier ended within a frame.</exception>
    /// <exception cref="ProtocolException">A frame is too long, or the handler refused it.</exception>
    public async Task RunAsync(FrameHandler handler, Action tell, CancellationToken cancellationToken)
    {
        try
        {
            await ReadAsync(handler, tell, cancellationToken);
        }
        finally
        {
            // However it ends: nobody may wait for ever for data that have come.
            tell();
        }
    }

    private async Task ReadAsync(FrameHandler handler, Action tell, CancellationToken cancellationToken)
    {
        byte[] buffer = GC.AllocateUninitializedArray<byte>(BufferSize);
        int start = 0;
        int end = 0;
        int untold = 0;
        while (true)
        {
            ValueTask<int> reading = carrier.ReadAsync(buffer.AsMemory(end), cancellationToken);
            if (untold >= MostUntold || (untold > 0 && !reading.IsCompleted))
            {
                tell();
                untold = 0;
            }

            int count = await reading;
            untold += count;
            if (count == 0)
            {
                if (start < end)
                    throw new EndOfStreamException("It ended within a frame.");
                return;
            }

            Volatile.Write(ref _lastReceived, time.GetTimestamp());
            end += count;
            start = HandOut(handler, buffer, start, end);
            if (start == end)
            {
                start = end = 0;
            }
            else if (buffer.Length - start < FrameHeader.Size + FrameHeader.MaxPayload)
            {
                // The frame that has begun may not fit behind what was handed out.
                buffer.AsSpan(start, end - start).CopyTo(buffer);
                end -= start;
                start = 0;
            }
        }
    }

    private static int HandOut(FrameHandler handler, byte[] buffer, int start, int end)
    {
        while (end - start >= FrameHeader.Size)
        {
            FrameHeader header = FrameHeader.Read(buffer.AsSpan(start));
            if (end - start < FrameHeader.Size + header.Length)
                break;
            handler(header, buffer.AsSpan(start + FrameHeader.Size, header.Length));
            start += FrameHeader.Size + header.Length;
        }

        return start;
    }
}
