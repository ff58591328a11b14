using System;
using System.Diagnostics;

namespace Telelaunch.StartupHook;

/// <summary>Times as the trace tells them: microseconds.</summary>
internal static class Moment
{
    private static readonly long s_unixEpoch = new DateTime(1970, 1, 1, 0, 0, 0, DateTimeKind.Utc).Ticks;
    private static readonly double s_perStamp = 1_000_000.0 / Stopwatch.Frequency;

    /// <summary>A stamp to measure from.</summary>
    internal static long Stamp() => Stopwatch.GetTimestamp();

    /// <summary>Microseconds since a stamp.</summary>
    internal static long Since(long stamp) => (long)((Stopwatch.GetTimestamp() - stamp) * s_perStamp);

    /// <summary>Microseconds since 1970-01-01 00:00 UTC.</summary>
    internal static long Now() => (DateTime.UtcNow.Ticks - s_unixEpoch) / 10;
}
