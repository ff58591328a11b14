using System.Globalization;

namespace Telelaunch.Broker;

/// <summary>Processes as /proc shows them (proc(5)). A process that has gone, or isn't visible, has no name and no start time.</summary>
internal static class ProcessIdentity
{
    /// <summary>comm: the program's name, at most 15 bytes.</summary>
    internal static string NameOf(int processId) => ReadFile(processId, "comm").TrimEnd('\n');

    /// <summary>Whether it runs; one that isn't visible (pid 0) counts as alive.</summary>
    internal static bool IsAlive(int processId)
    {
        if (processId <= 0)
            return true;
        string stat = ReadFile(processId, "stat");
        int end = stat.LastIndexOf(')');
        // A zombie has closed its descriptors.
        return end >= 0 && stat.Length > end + 2 && stat[end + 2] is not ('Z' or 'X');
    }

    /// <summary>Field 22 of stat: when it started, in clock ticks since boot. With the pid it names a process for good. Null when there is none.</summary>
    internal static long? StartTimeOf(int processId)
    {
        // comm, the second field, is in parentheses and may hold blanks and parentheses itself.
        string stat = ReadFile(processId, "stat");
        int end = stat.LastIndexOf(')');
        if (end < 0)
            return null;
        string[] fields = stat[(end + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return fields.Length > 19 && long.TryParse(fields[19], CultureInfo.InvariantCulture, out long start) ? start : null;
    }

    private static string ReadFile(int processId, string name)
    {
        if (processId <= 0)
            return "";
        try
        {
            return File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{processId}/{name}"));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
