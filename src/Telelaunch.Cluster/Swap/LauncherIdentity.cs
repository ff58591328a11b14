using System.Globalization;

namespace Telelaunch.Cluster;

/// <summary>A process that can't be mistaken for another: boot, number, start time (proc(5)).</summary>
public static class LauncherIdentity
{
    /// <summary><c>BOOT_ID/PID/STARTTIME</c> of this process, STARTTIME in clock ticks since boot.</summary>
    public static string OfThisProcess() => $"{BootId()}/{Environment.ProcessId}/{StartTime(Environment.ProcessId)}";

    /// <summary>Whether it still runs; null where that can't be seen from here: another machine, or another boot.</summary>
    public static bool? IsAlive(string identity)
    {
        ArgumentNullException.ThrowIfNull(identity);
        // Where nothing could be read, nothing is known of the process.
        return identity.Split('/') is [{ Length: > 0 } boot, var pid, { Length: > 0 } start] && boot == BootId() && int.TryParse(pid, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? StartTime(number) == start
            : null;
    }

    private static string BootId()
    {
        try
        {
            // Another PID namespace of the same boot numbers processes differently.
            return File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim() + "." + new FileInfo("/proc/self/ns/pid").LinkTarget?.TrimStart("pid:[".ToCharArray()).TrimEnd(']');
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    private static string StartTime(int processId)
    {
        try
        {
            // Field 22; the second one, the name in parentheses, may hold blanks. A zombie has ended.
            var fields = File.ReadAllText($"/proc/{processId}/stat").Split(')')[^1].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            return fields[0] is "Z" or "X" ? "" : fields[19];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or IndexOutOfRangeException)
        {
            return "";
        }
    }
}
