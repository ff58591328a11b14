using System.Globalization;
using Xunit.Abstractions;

namespace Telelaunch.EndToEnd;

/// <summary>One line about a fault: how soon it was told, how soon the tunnel was back, what flows saw.</summary>
/// <remarks>Goes to the test's output and into one table behind the suite. None of the times is judged.</remarks>
internal static class FaultReport
{
    /// <param name="told">From the fault to the banner; null where nothing is to be told.</param>
    /// <param name="back">From when the way was free again to the tunnel's return; null where it doesn't return.</param>
    public static void Write(ITestOutputHelper output, string fault, string carrier, TimeSpan? told, TimeSpan? back, string seen)
    {
        var line = string.Create(CultureInfo.InvariantCulture, $"{fault,-34} {carrier,-7} told {Seconds(told),8}   back {Seconds(back),8}   {seen}");
        output.WriteLine(line);
        Report.Add("faults of the tunnel", line);
    }

    private static string Seconds(TimeSpan? time) => time is { } value ? value.TotalSeconds.ToString("0.00", CultureInfo.InvariantCulture) + " s" : "-";
}
