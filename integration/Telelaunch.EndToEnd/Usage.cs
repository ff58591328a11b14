using System.Globalization;

namespace Telelaunch.EndToEnd;

/// <summary>What a process holds at one moment.</summary>
/// <param name="ResidentKibibytes">Memory that is in RAM.</param>
internal readonly record struct Usage(int Descriptors, int Threads, long ResidentKibibytes)
{
    /// <summary>Of a process of this machine, from proc(5).</summary>
    public static Usage OfProcess(int id)
    {
        var status = File.ReadLines($"/proc/{id}/status").Select(line => line.Split(':', 2)).ToDictionary(pair => pair[0], pair => pair[1].Trim().Split(' ')[0]);
        return new Usage(
            Directory.EnumerateFileSystemEntries($"/proc/{id}/fd").Count(),
            int.Parse(status["Threads"], CultureInfo.InvariantCulture),
            long.Parse(status["VmRSS"], CultureInfo.InvariantCulture));
    }

    /// <summary>Of the agent in its pod, as it tells it itself: "descriptors N", "threads N", "resident-kib N", a line each.</summary>
    public static async Task<Usage> OfAgentAsync(TestCluster cluster, string pod)
    {
        var values = (await cluster.KubectlAsync("exec", pod, "--", "telelaunch-agent", "usage"))
            .Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')).ToDictionary(pair => pair[0], pair => long.Parse(pair[1], CultureInfo.InvariantCulture));
        return new Usage((int)values["descriptors"], (int)values["threads"], values["resident-kib"]);
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Descriptors,6} descriptors {Threads,4} threads {ResidentKibibytes / 1024.0,7:0.0} MiB resident");
}
