namespace Telelaunch.Mux;

/// <summary>Why a carrier ended.</summary>
public enum CarrierEndKind
{
    /// <summary>This side closed it.</summary>
    Closed,

    /// <summary>The other side closed it: end of stream, without GOAWAY.</summary>
    ClosedByPeer,

    /// <summary>The agent said GOAWAY before it closed; the detail is its reason.</summary>
    GoAway,

    /// <summary>The stream failed.</summary>
    Lost,

    /// <summary>Nothing came for <see cref="MuxOptions.DeadAfter"/>.</summary>
    Dead,

    /// <summary>The other side broke the protocol.</summary>
    ProtocolError,
}

/// <summary>How a carrier ended, for logs and for deciding whether to connect again.</summary>
/// <param name="Detail">One line for a person.</param>
public sealed record CarrierEnd(CarrierEndKind Kind, string Detail, Exception? Cause = null);
