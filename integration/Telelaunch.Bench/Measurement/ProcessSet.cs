using System.Globalization;

namespace Telelaunch.Bench.Measurement;

/// <summary>What procfs(5) tells of some processes at this moment.</summary>
internal sealed class ProcessSet
{
    /// <summary>USER_HZ, the unit of times in /proc/PID/stat: 100 on every Linux architecture that .NET runs on.</summary>
    private const double TicksPerSecond = 100;

    private readonly Func<IEnumerable<int>> _processes;

    private ProcessSet(Func<IEnumerable<int>> processes) => _processes = processes;

    /// <summary>Processor time so far, user and system, in seconds; in steps of 10 ms.</summary>
    public double ProcessorSeconds => _processes().Sum(id => ProcessorTicks(id) / TicksPerSecond);

    /// <summary>Resident memory, bytes; what processes share is counted for each.</summary>
    public long ResidentBytes => _processes().Sum(id => Status(id, "VmRSS") * 1024);

    public int Threads => _processes().Sum(id => (int)Status(id, "Threads"));

    /// <summary>These processes, whatever their children do.</summary>
    public static ProcessSet Of(params int[] processes) => new(() => processes);

    /// <summary>The processes of a container, whichever they are by then, where its node is this machine and they may be looked at.</summary>
    /// <param name="id">The container runtime's: the last part of its cgroup's path (Kubernetes API reference, ContainerStatus.containerID).</param>
    /// <returns>Null where none is found.</returns>
    public static ProcessSet? TryFindContainer(string id)
    {
        var found = new ProcessSet(() => All().Where(process => IsIn(process, id)));
        return found._processes().Any() ? found : null;
    }

    /// <summary>All processes of a network namespace, whichever they are by then, whatever their children do.</summary>
    /// <param name="process">One of them; it is there as long as the set is used.</param>
    /// <param name="except">Those that don't count.</param>
    /// <exception cref="IOException">The process is gone.</exception>
    public static ProcessSet OfNetworkNamespace(int process, params int[] except)
    {
        string own = NetworkNamespace(process) ?? throw new IOException($"Process {process} is gone.");
        return new(() => All().Where(other => !except.Contains(other) && NetworkNamespace(other) == own));
    }

    /// <summary>Type and inode of a process's network namespace (namespaces(7), "The /proc/pid/ns/ directory"); null of a process that is gone.</summary>
    private static string? NetworkNamespace(int process)
    {
        try
        {
            return new FileInfo($"/proc/{process}/ns/net").LinkTarget;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static bool IsIn(int process, string container)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/cgroup").Contains(container, StringComparison.Ordinal);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static IEnumerable<int> All() =>
        Directory.EnumerateDirectories("/proc").Select(Path.GetFileName)
            .Where(name => int.TryParse(name, out _)).Select(name => int.Parse(name!, CultureInfo.InvariantCulture));

    /// <summary>utime and stime of proc_pid_stat(5); 0 of a process that is gone.</summary>
    private static long ProcessorTicks(int id)
    {
        try
        {
            string text = File.ReadAllText($"/proc/{id}/stat");
            // The second field, the name in parentheses, may have spaces; the third is the first of these.
            string[] rest = text[(text.LastIndexOf(')') + 2)..].Split(' ');
            return long.Parse(rest[14 - 3], CultureInfo.InvariantCulture) + long.Parse(rest[15 - 3], CultureInfo.InvariantCulture);
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
