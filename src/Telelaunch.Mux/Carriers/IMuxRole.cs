using Telelaunch.Mux.Frames;

namespace Telelaunch.Mux.Carriers;

/// <summary>What differs between the client's end and the agent's end of a carrier. Called by the carrier's one reader; must not wait.</summary>
internal interface IMuxRole
{
    /// <summary>Takes a frame that the connection doesn't handle by itself; false when this end must not get it.</summary>
    bool OnFrame(FrameHeader header, ReadOnlySpan<byte> payload);

    /// <summary>FAILED or RST for a number that is no flow: a listener or a lookup.</summary>
    void OnFailed(uint number, int errno);

    /// <summary>The carrier is over; called once, by any thread.</summary>
    void OnEnd(CarrierEnd end);
}
