using System.Globalization;
using Telelaunch.Linux;

namespace Telelaunch.Routing.Journal;

/// <summary>The process that changes something of this machine and will undo it.</summary>
/// <param name="ProcessId">In its own PID namespace.</param>
/// <param name="StartTime">When it was started, in clock ticks after the machine's start (proc_pid_stat(5), field 22): with the id it names one process.</param>
/// <param name="BootId">/proc/sys/kernel/random/boot_id: another after a restart.</param>
/// <param name="PidNamespace">The inode of /proc/self/ns/pid: only there does the id mean anything.</param>
/// <param name="Since">For people.</param>
public sealed record JournalOwner(int ProcessId, ulong StartTime, string BootId, ulong PidNamespace, DateTimeOffset Since)
{
    /// <summary>This process.</summary>
    public static JournalOwner Current(TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        return new(Environment.ProcessId, ReadStartTime(Environment.ProcessId) ?? 0, ReadBootId(), ReadPidNamespace(), time.GetUtcNow());
    }

    /// <summary>Of this start of the machine.</summary>
    internal bool IsOfThisBoot => BootId == ReadBootId();

    /// <summary>Its id means something to this process.</summary>
    internal bool IsOfThisPidNamespace => IsOfThisBoot && PidNamespace == ReadPidNamespace();

    /// <summary>Whether exactly this process still runs; a zombie doesn't. Only asked where <see cref="IsOfThisPidNamespace"/>.</summary>
    internal bool IsRunning => ReadStartTime(ProcessId) == StartTime;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"process {ProcessId}, since {Since:yyyy-MM-dd HH:mm:ss} UTC");

    /// <summary>Null for a process that has ended, whether or not its parent has noticed.</summary>
    private static ulong? ReadStartTime(int processId)
    {
        try
        {
            // The second field is the name in parentheses, which may itself hold spaces and parentheses.
            string status = File.ReadAllText($"/proc/{processId}/stat");
            string[] fields = status[(status.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] is "Z" or "X" or "x" ? null : ulong.Parse(fields[19], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static string ReadBootId() => File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();

    private static ulong ReadPidNamespace() => FileIdentity.OfTarget("/proc/self/ns/pid")?.Inode ?? 0;
}
