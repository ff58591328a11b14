using System.Buffers.Binary;
using Telelaunch.Mux.Frames;

namespace Telelaunch.Fuzz.Tests.Targets;

/// <summary>Credit as README.md of the mux protocol counts it.</summary>
internal static class MuxWindows
{
    /// <summary>The first WINDOW that a peer's frames gave to a flow, and all CREDIT.</summary>
    /// <param name="windowOffset">Where WINDOW stands in a frame's payload; null for one that has none.</param>
    public static long Granted(IEnumerable<(FrameType Type, uint Flow, byte[] Payload)> frames, uint flow, Func<(FrameType Type, uint Flow, byte[] Payload), int?> windowOffset)
    {
        long granted = 0;
        bool begun = false;
        foreach ((FrameType type, uint number, byte[] payload) frame in frames.Where(frame => frame.Flow == flow))
        {
            if (!begun && windowOffset(frame) is { } offset && frame.payload.Length >= offset + 4)
            {
                granted += BinaryPrimitives.ReadUInt32BigEndian(frame.payload.AsSpan(offset));
                begun = true;
            }
            else if (frame.type == FrameType.Credit && frame.payload.Length == 4)
            {
                granted += BinaryPrimitives.ReadUInt32BigEndian(frame.payload);
            }
        }

        return granted;
    }
}
