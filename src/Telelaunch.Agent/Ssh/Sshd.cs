using System.ComponentModel;
using System.Diagnostics;

using Telelaunch.Agent.Interop;
using Telelaunch.Net;

namespace Telelaunch.Agent.Ssh;

/// <summary>The real OpenSSH sshd, as a child with the agent's own uid. Its log goes to the pod's log.</summary>
/// <remarks>
/// sshd wants a passwd entry for its user. The uid is whatever the cluster picked, so libnss_wrapper shows it one; it is preloaded
/// into sshd alone. The .NET runtime reaps every orphan when it is PID 1, so nothing here waits for any child but this one.
/// </remarks>
internal sealed class Sshd : IDisposable
{
    private static readonly string[] s_programs = ["/usr/sbin/sshd", "/usr/bin/sshd"];

    private static readonly string[] s_wrappers =
    [
        "/usr/lib/x86_64-linux-gnu/libnss_wrapper.so",
        "/usr/lib/aarch64-linux-gnu/libnss_wrapper.so",
        "/usr/lib64/libnss_wrapper.so",
        "/usr/lib/libnss_wrapper.so",
    ];

    private readonly Process _process;

    private Sshd(Process process)
    {
        _process = process;
        Exit = WaitAsync();
    }

    /// <summary>Its exit code, 128+n when signal n ended it.</summary>
    public Task<int> Exit { get; }

    /// <exception cref="HostException">sshd or libnss_wrapper isn't there, or can't be started.</exception>
    public static Sshd Start(SshdFiles files)
    {
        // -D: stay in the foreground, -e: log to stderr.
        var start = new ProcessStartInfo(Find(s_programs, "sshd"), ["-D", "-e", "-f", files.Configuration]);
        start.Environment.Clear();
        start.Environment["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin";
        start.Environment["LD_PRELOAD"] = Find(s_wrappers, "libnss_wrapper.so");
        start.Environment["NSS_WRAPPER_PASSWD"] = files.Passwd;
        start.Environment["NSS_WRAPPER_GROUP"] = files.Group;
        // sshd gives a buffer back whenever it has run empty, and takes it anew for the next packet. malloc must keep it then, or every
        // packet costs the kernel a handful of fresh pages: a third of sshd's time (mallopt(3)).
        start.Environment["MALLOC_MMAP_THRESHOLD_"] = start.Environment["MALLOC_TRIM_THRESHOLD_"] = $"{32 * 1024 * 1024}";
        try
        {
            return new(Process.Start(start)!);
        }
        catch (Win32Exception error)
        {
            throw new HostException("sshd-not-started", $"sshd can't be started: {error.Message}", "Use the agent's image unchanged.", error);
        }
    }

    /// <summary>Ends the listener, and waits for it.</summary>
    public async Task StopAsync()
    {
        if (!Exit.IsCompleted)
            _ = LibC.kill(_process.Id, LibC.SIGTERM);
        await Exit;
    }

    public void Dispose() => _process.Dispose();

    private async Task<int> WaitAsync()
    {
        await _process.WaitForExitAsync(CancellationToken.None);
        return _process.ExitCode;
    }

    private static string Find(string[] candidates, string name)
        => Array.Find(candidates, File.Exists)
        ?? throw new HostException("sshd-missing", $"{name} isn't in this image.", "Use the agent's image, or install openssh-server and libnss-wrapper.");
}
