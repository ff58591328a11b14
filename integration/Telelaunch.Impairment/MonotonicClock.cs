using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Telelaunch.Impairment;

/// <summary>CLOCK_MONOTONIC in nanoseconds, and sleeping until a moment of it.</summary>
/// <remarks>The runtime's timers tick by the millisecond and later; clock_nanosleep(2) is late by the timer slack, 50 µs (prctl(2)).</remarks>
internal static partial class MonotonicClock
{
    private const int CLOCK_MONOTONIC = 1;
    private const int TIMER_ABSTIME = 1;
    private const int EINTR = 4;
    private const long NanosecondsPerSecond = 1_000_000_000;

    // On Linux a Stopwatch reads CLOCK_MONOTONIC in nanoseconds.
    public static long Now => Stopwatch.GetTimestamp();

    public static long Nanoseconds(TimeSpan span) => span.Ticks * TimeSpan.NanosecondsPerTick;

    /// <summary>Returns at <paramref name="moment"/> or just after it, never before.</summary>
    public static void SleepUntil(long moment)
    {
        if (moment <= Now)
            return;
        var request = new Timespec { Seconds = (nint)(moment / NanosecondsPerSecond), Nanoseconds = (nint)(moment % NanosecondsPerSecond) };
        int error;
        while ((error = ClockNanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, in request, 0)) == EINTR)
        {
            // A handler ran; the moment stays the same.
        }

        if (error != 0)
            throw new InvalidOperationException($"clock_nanosleep failed with errno {error}.");
    }

    [LibraryImport("libc", EntryPoint = "clock_nanosleep")]
    private static partial int ClockNanosleep(int clock, int flags, in Timespec request, nint remain);

    [StructLayout(LayoutKind.Sequential)]
    private struct Timespec
    {
        public nint Seconds;
        public nint Nanoseconds;
    }
}
