using Telelaunch.Agent.Interop;
using Telelaunch.Net;

namespace Telelaunch.Agent.Ssh;

/// <summary>The real OpenSSH sshd, as a child with the agent's own uid. Its log goes to the pod's log.</summary>
/// <remarks>
/// sshd wants a passwd entry for its user. Where the uid has none called <c>telelaunch</c>, as with any uid a cluster picks,
/// libnss_wrapper shows it one; it is preloaded into sshd alone.
/// </remarks>
internal sealed class Sshd
{
    private static readonly string[] s_programs = ["/usr/sbin/sshd", "/usr/bin/sshd"];

    private static readonly string[] s_wrappers =
    [
        "/usr/lib/x86_64-linux-gnu/libnss_wrapper.so",
        "/usr/lib/aarch64-linux-gnu/libnss_wrapper.so",
        "/usr/lib64/libnss_wrapper.so",
        "/usr/lib/libnss_wrapper.so",
    ];

    private readonly int _pid;

    private Sshd(int pid, Task<int> exit)
    {
        _pid = pid;
        Exit = exit;
    }

    /// <summary>Its wait status, once it has ended.</summary>
    public Task<int> Exit { get; }

    /// <exception cref="HostException">sshd or libnss_wrapper isn't there.</exception>
    public static Sshd Start(SshdFiles files, ChildProcesses children)
    {
        string program = Find(s_programs, "sshd");
        string[] environment =
        [
            "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
            $"LD_PRELOAD={Find(s_wrappers, "libnss_wrapper.so")}",
            $"NSS_WRAPPER_PASSWD={files.Passwd}",
            $"NSS_WRAPPER_GROUP={files.Group}",
        ];
        // -D: stay in the foreground, -e: log to stderr.
        (int pid, Task<int> exit) = children.Start(program, ["-D", "-e", "-f", files.Configuration], environment);
        return new(pid, exit);
    }

    /// <summary>Ends the listener and the sessions that hang on it.</summary>
    public async Task StopAsync()
    {
        if (Exit.IsCompleted)
            return;
        _ = LibC.kill(_pid, LibC.SIGTERM);
        await Exit;
    }

    /// <summary>A wait status in words.</summary>
    public static string Describe(int status) => (status & 0x7f) == 0 ? $"exit code {(status >> 8) & 0xff}" : $"signal {status & 0x7f}";

    private static string Find(string[] candidates, string name)
        => Array.Find(candidates, File.Exists)
        ?? throw new HostException("sshd-missing", $"{name} isn't in this image.", "Use the agent's image, or install openssh-server and libnss-wrapper.");
}
