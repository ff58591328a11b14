using System.Runtime.InteropServices;
using Telelaunch.Net;

namespace Telelaunch.Playground.Commands;

/// <summary>Lets go of the terminal: own session, nothing on stdin, the log on stdout and stderr.</summary>
internal static partial class Daemonize
{
    private const int O_RDWR = 2;
    private const int O_CREAT = 0x40;
    private const int O_APPEND = 0x400;

    public static void Run(string log)
    {
        var nothing = open("/dev/null", O_RDWR, 0);
        var file = open(log, O_RDWR | O_CREAT | O_APPEND, 0x180 /* 0600 */);
        if (setsid() < 0 || file < 0 || nothing < 0 || dup2(nothing, 0) < 0 || dup2(file, 1) < 0 || dup2(file, 2) < 0)
            throw new HostException("daemonize", $"The playground can't go into the background: errno {Marshal.GetLastPInvokeError()}", $"Look at {log} and its directory.");
        _ = (close(nothing), close(file));
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setsid();

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags, int mode);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int dup2(int from, int to);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int close(int fd);

    /// <summary>SIGTERM to one process.</summary>
    public static void Terminate(int processId) => _ = kill(processId, 15);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int kill(int pid, int signal);
}
