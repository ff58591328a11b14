namespace Telelaunch.Targets;

/// <summary>How a process ended.</summary>
/// <param name="Code">Its exit code; 0 where a signal ended it.</param>
/// <param name="Signal">The signal that ended it; 0 where it exited by itself.</param>
public readonly record struct ProcessExit(int Code, int Signal)
{
    /// <summary>What a shell reports: the exit code, or 128 + signal.</summary>
    public int ShellCode => Signal == 0 ? Code : 128 + Signal;

    /// <summary>Reads a wait status, waitpid(2): the low seven bits are the signal, the next byte the code.</summary>
    internal static ProcessExit OfStatus(int status) => (status & 0x7f) == 0 ? new((status >> 8) & 0xff, 0) : new(0, status & 0x7f);
}
