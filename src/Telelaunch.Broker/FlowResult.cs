using Telelaunch.Net;

namespace Telelaunch.Broker;

/// <summary>How one flow ended, before it is told who and where.</summary>
internal readonly record struct FlowResult(FlowEnding Ending, int Errno, long BytesUp, long BytesDown)
{
    internal static FlowResult Failed(int errno) => new(FlowEnding.DialFailed, errno, 0, 0);

    /// <param name="relay">First is the application, second the pod.</param>
    internal static FlowResult Relayed(RelayResult relay)
    {
        FlowEnding ending = (relay.Orderly, relay.EndedBy) switch
        {
            (true, RelaySide.First) => FlowEnding.AppFinished,
            (true, _) => FlowEnding.PodFinished,
            (false, RelaySide.First) => FlowEnding.AppReset,
            (false, RelaySide.Second) => FlowEnding.PodReset,
            _ => FlowEnding.SessionEnded,
        };
        return new FlowResult(ending, relay.Errno, relay.BytesFromFirst, relay.BytesFromSecond);
    }
}
