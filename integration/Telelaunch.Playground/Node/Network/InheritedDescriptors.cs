using System.Globalization;
using System.Runtime.InteropServices;

namespace Telelaunch.Playground.Node.Network;

/// <summary>Keeps what this process was started with (pipes, sockets) from its children: pods outlive the command that started the daemon.</summary>
internal static partial class InheritedDescriptors
{
    private const int F_SETFD = 2, FD_CLOEXEC = 1;

    /// <summary>Marks every descriptor but the standard ones close-on-exec; those that the runtime makes itself already are.</summary>
    public static void CloseOnExec()
    {
        foreach (var entry in Directory.EnumerateFileSystemEntries("/proc/self/fd"))
        {
            var number = int.Parse(Path.GetFileName(entry), CultureInfo.InvariantCulture);
            if (number > 2)
                _ = fcntl(number, F_SETFD, FD_CLOEXEC);
        }
    }

    [LibraryImport("libc")]
    private static partial int fcntl(int fd, int command, int argument);
}
