using System.Globalization;
using System.Text;

namespace Telelaunch.Bench.Measurement;

/// <summary>What procfs(5) tells of a process, or of one and all that descend from it, at this moment.</summary>
internal sealed class ProcessTree
{
    /// <summary>USER_HZ, the unit of times in /proc/PID/stat: 100 on every Linux architecture that .NET runs on.</summary>
    private const double TicksPerSecond = 100;

    private readonly int _root;
    private readonly bool _withDescendants;

    private ProcessTree(int root, bool withDescendants)
    {
        _root = root;
        _withDescendants = withDescendants;
    }

    /// <summary>Processor time so far, user and system, in seconds; in steps of 10 ms.</summary>
    public double ProcessorSeconds => Processes().Sum(id => (Stat(id, 14) + Stat(id, 15)) / TicksPerSecond);

    /// <summary>Resident memory, bytes; what processes share is counted for each.</summary>
    public long ResidentBytes => Processes().Sum(id => Status(id, "VmRSS") * 1024);

    public int Threads => Processes().Sum(id => (int)Status(id, "Threads"));

    /// <summary>One process without its children.</summary>
    public static ProcessTree OnlyOf(int process) => new(process, false);

    /// <summary>The processes of a Pod, where its node is this machine and they may be looked at.</summary>
    /// <remarks>A container's first process has the Pod's name in HOSTNAME; its parent is the container runtime.</remarks>
    /// <returns>Null where none is found.</returns>
    public static ProcessTree? TryFindPod(string name)
    {
        int[] inPod = [.. All().Where(id => IsInPod(id, name))];
        int[] first = [.. inPod.Where(id => !inPod.Contains((int)Stat(id, 4)))];
        return first is [int only] ? new(only, true) : null;
    }

    private static bool IsInPod(int id, string name)
    {
        try
        {
            return Encoding.UTF8.GetString(File.ReadAllBytes($"/proc/{id}/environ")).Split('\0').Contains($"HOSTNAME={name}");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static IEnumerable<int> All() =>
        Directory.EnumerateDirectories("/proc").Select(Path.GetFileName)
            .Where(name => int.TryParse(name, out _)).Select(name => int.Parse(name!, CultureInfo.InvariantCulture));

    private List<int> Processes()
    {
        if (!_withDescendants)
            return [_root];
        var children = All().ToLookup(id => (int)Stat(id, 4));
        var found = new List<int> { _root };
        for (int at = 0; at < found.Count; at++)
            found.AddRange(children[found[at]]);
        return found;
    }

    /// <summary>A field of /proc/PID/stat, counted from 1 as in proc_pid_stat(5); 0 of a process that is gone.</summary>
    private static long Stat(int id, int field)
    {
        try
        {
            string text = File.ReadAllText($"/proc/{id}/stat");
            // The second field, the name in parentheses, may have spaces.
            string[] rest = text[(text.LastIndexOf(')') + 2)..].Split(' ');
            return long.Parse(rest[field - 3], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return 0;
        }
    }

    /// <summary>The number of a line of /proc/PID/status; 0 of a process that is gone.</summary>
    private static long Status(int id, string key)
    {
        try
        {
            string? line = File.ReadLines($"/proc/{id}/status").FirstOrDefault(line => line.StartsWith($"{key}:", StringComparison.Ordinal));
            return line is null ? 0 : long.Parse(line.Split(['\t', ' '], StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return 0;
        }
    }
}
