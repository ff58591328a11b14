using Telelaunch.Mux.Frames;

namespace Telelaunch.Mux.Carriers;

/// <summary>The one reader of a carrier: reads as much as there is and hands out frame by frame.</summary>
internal sealed class CarrierReader(Stream carrier, TimeProvider time)
{
    private const int BufferSize = 256 * 1024;

    private long _lastReceived = time.GetTimestamp();

    public delegate void FrameHandler(FrameHeader header, ReadOnlySpan<byte> payload);

    /// <summary>When bytes came last, as <see cref="TimeProvider.GetTimestamp"/>.</summary>
    public long LastReceived => Volatile.Read(ref _lastReceived);

    /// <summary>Reads until the carrier's end. The handler never waits: a slow flow must not stop the others.</summary>
    /// <exception cref="EndOfStreamException">The carrier ended within a frame.</exception>
    /// <exception cref="ProtocolException">A frame is too long, or the handler refused it.</exception>
    public async Task RunAsync(FrameHandler handler, CancellationToken cancellationToken)
    {
        byte[] buffer = GC.AllocateUninitializedArray<byte>(BufferSize);
        int start = 0;
        int end = 0;
        while (true)
        {
            int count = await carrier.ReadAsync(buffer.AsMemory(end), cancellationToken);
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
