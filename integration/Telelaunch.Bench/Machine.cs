using System.Globalization;
using System.Runtime.InteropServices;

namespace Telelaunch.Bench;

/// <summary>What figures depend on and a reader must know.</summary>
internal static class Machine
{
    /// <summary>Cores, processor, memory, kernel, distribution.</summary>
    public static string Describe()
    {
        string memory = (GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 1073741824.0).ToString("0", CultureInfo.InvariantCulture);
        return $"{Environment.ProcessorCount} cores ({Processor()}), {memory} GiB, Linux {Environment.OSVersion.Version.ToString(3)}, {RuntimeInformation.OSDescription}";
    }

    private static string Processor() =>
        File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[1].Trim() ?? "unknown";
}
