using Telelaunch.Net;

namespace Telelaunch.Routing.Filter;

/// <summary>What the table catches and where it leads.</summary>
/// <param name="Port4">Port of the transparent listener on 127.0.0.1.</param>
/// <param name="Port6">Port of the one on ::1; null: no IPv6 on this machine, and ranges of it aren't caught.</param>
/// <param name="Queue">Number of the <see cref="SynQueue"/>.</param>
/// <param name="Ranges">Ranges of the cluster without what must stay outside (<see cref="RangeSubtraction"/>); they may overlap.</param>
public sealed record CatchTableLayout(ushort Port4, ushort? Port6, ushort Queue, IReadOnlyList<AddressRange> Ranges);

/// <summary>Packet marks (SO_MARK, fwmark) by which a SYN that has been decided passes the rules a second time. Others' marks are left alone: these are compared whole.</summary>
internal static class CatchMark
{
    internal const uint Open = 0x544c_0001;
    internal const uint Refused = 0x544c_0002;
    internal const uint HostUnreachable = 0x544c_0003;
    internal const uint NetUnreachable = 0x544c_0004;
}
