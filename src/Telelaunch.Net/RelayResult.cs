namespace Telelaunch.Net;

/// <summary>Which of a relay's two streams.</summary>
public enum RelaySide
{
    /// <summary>Neither: the relay was cancelled.</summary>
    None,
    First,
    Second,
}

/// <summary>How a relay ended.</summary>
/// <param name="BytesFromFirst">Bytes read from the first stream and written to the second.</param>
/// <param name="BytesFromSecond">Bytes read from the second stream and written to the first.</param>
/// <param name="EndedBy">The side that failed, or, where both ended by FIN, that sent its FIN first.</param>
/// <param name="Errno">0: both directions ended by FIN; otherwise the errno of the side that failed, ECONNABORTED when cancelled.</param>
public readonly record struct RelayResult(long BytesFromFirst, long BytesFromSecond, RelaySide EndedBy, int Errno)
{
    /// <summary>Both directions ended by FIN, everything read was written.</summary>
    public bool Orderly => Errno == 0;
}
