using System.Runtime.InteropServices;

namespace Telelaunch.Agent.Interop;

/// <summary>libc's functions for child processes. Their sizes and numbers are those of glibc on Linux, the same on x86-64 and arm64.</summary>
internal static unsafe partial class LibC
{
    public const int WNOHANG = 1;
    public const int SIGTERM = 15;
    public const int SIGKILL = 9;
    public const int SIGPIPE = 13;
    public const short POSIX_SPAWN_SETSIGDEF = 4;

    /// <summary>Bytes that hold a posix_spawnattr_t (336) or a sigset_t (128), with room to spare.</summary>
    public const int OpaqueSize = 512;

    [LibraryImport("libc")]
    public static partial uint getuid();

    [LibraryImport("libc")]
    public static partial uint getgid();

    [LibraryImport("libc", SetLastError = true)]
    public static partial int kill(int pid, int signal);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int waitpid(int pid, out int status, int options);

    [LibraryImport("libc")]
    public static partial int posix_spawnattr_init(byte* attributes);

    [LibraryImport("libc")]
    public static partial int posix_spawnattr_destroy(byte* attributes);

    [LibraryImport("libc")]
    public static partial int posix_spawnattr_setflags(byte* attributes, short flags);

    [LibraryImport("libc")]
    public static partial int posix_spawnattr_setsigdefault(byte* attributes, byte* signals);

    [LibraryImport("libc")]
    public static partial int sigemptyset(byte* signals);

    [LibraryImport("libc")]
    public static partial int sigaddset(byte* signals, int signal);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int posix_spawn(out int pid, string path, byte* fileActions, byte* attributes, byte** argv, byte** envp);
}
