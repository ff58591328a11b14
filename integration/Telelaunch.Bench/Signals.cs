using System.Runtime.InteropServices;

namespace Telelaunch.Bench;

/// <summary>kill(2).</summary>
internal static partial class Signals
{
    private const int SIGTERM = 15;

    /// <summary>Sends SIGTERM. A process that is gone already needs none.</summary>
    public static void Terminate(int process) => _ = kill(process, SIGTERM);

    [LibraryImport("libc")]
    private static partial int kill(int pid, int sig);
}
