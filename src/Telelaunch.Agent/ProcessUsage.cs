using System.Globalization;

namespace Telelaunch.Agent;

/// <summary>What a process holds at this moment, from proc(5).</summary>
/// <param name="Descriptors">Open file descriptors.</param>
/// <param name="ResidentKibibytes">Memory that is in RAM: VmRSS.</param>
internal readonly record struct ProcessUsage(int Descriptors, int Threads, long ResidentKibibytes)
{
    /// <param name="directory">Of the process: <c>/proc/1</c>. Its user must be the caller's.</param>
    public static ProcessUsage Read(string directory) =>
        Parse(Directory.EnumerateFileSystemEntries(Path.Combine(directory, "fd")).Count(), File.ReadLines(Path.Combine(directory, "status")));

    /// <param name="status">Lines of <c>/proc/PID/status</c>, "Name:\tvalue[ kB]".</param>
    public static ProcessUsage Parse(int descriptors, IEnumerable<string> status)
    {
        Dictionary<string, string> values = status.Select(line => line.Split(':', 2, StringSplitOptions.TrimEntries))
            .Where(pair => pair.Length == 2)
            .ToDictionary(pair => pair[0], pair => pair[1].Split(' ')[0], StringComparer.Ordinal);
        return new(
            descriptors,
            int.Parse(values["Threads"], CultureInfo.InvariantCulture),
            long.Parse(values["VmRSS"], CultureInfo.InvariantCulture));
    }

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"descriptors {Descriptors}\nthreads {Threads}\nresident-kib {ResidentKibibytes}");
}
