using System.Runtime.InteropServices;

namespace Telelaunch.Agent.Interop;

/// <summary>What .NET has no name for. Numbers as on Linux.</summary>
internal static partial class LibC
{
    public const int SIGTERM = 15;

    [LibraryImport("libc")]
    public static partial uint getuid();

    [LibraryImport("libc")]
    public static partial uint getgid();

    [LibraryImport("libc", SetLastError = true)]
    public static partial int kill(int pid, int signal);
}
