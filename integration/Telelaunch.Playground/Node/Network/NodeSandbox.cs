using System.Diagnostics;
using System.Globalization;
using Telelaunch.Net;

namespace Telelaunch.Playground.Node.Network;

/// <summary>What a command inside the node printed and how it ended.</summary>
internal sealed record CommandResult(int ExitCode, string Output, string Error);

// The node is a set of namespaces (net, mount, pid, uts, ipc) held by one process, the holder, which is process 1 of the pid namespace.
// The holder reads a pipe whose other end only this daemon has. When the daemon ends, kill -9 included, the pipe closes, the holder exits, and the
// kernel kills everything in the pid namespace; with its last process go the mounts, the bridge and every pod's network namespace.
// So there is nothing to clean up but files and cgroups. (PDEATHSIG would fire when the forking thread ends, which a pool thread does at any time.)

/// <summary>The namespaces that stand for the cluster's one node.</summary>
internal sealed class NodeSandbox : IAsyncDisposable
{
    private const string Setup =
        """
        set -e
        read pid rest < /proc/self/stat
        mount -t proc proc /proc
        case "$1" in /run/*) mkdir -p /run/netns; mount -t tmpfs tmpfs /run/netns ;; *) mount -t tmpfs -o mode=755 tmpfs /run; mkdir /run/netns ;; esac
        mkdir -p "$1/layers"
        mount -t tmpfs -o mode=755 tmpfs "$1/layers"
        hostname node-1
        ip link set lo up
        echo "$pid"
        # The first process of a PID namespace gets every orphan in it. Ignored, SIGCHLD has the kernel collect them: an exec that was
        # killed would else stay a zombie, and its container's own namespace, and with it the pod, would never end.
        exec env --ignore-signal=CHLD cat > /dev/null
        """;

    private readonly Process _holder;

    private NodeSandbox(Process holder, int holderPid)
    {
        _holder = holder;
        HolderPid = holderPid;
        HolderExited = holder.WaitForExitAsync(CancellationToken.None);
    }

    /// <summary>Process id of the holder as this daemon sees it.</summary>
    public int HolderPid { get; }

    /// <summary>Completes when the node's processes are dead.</summary>
    public Task HolderExited { get; }

    /// <summary>The network namespace of the node itself.</summary>
    public string NetworkNamespacePath => $"/proc/{HolderPid}/ns/net";

    /// <summary>Makes the namespaces. Needs root, or to be root of a user namespace (see <see cref="UserNamespace"/>).</summary>
    /// <exception cref="HostException">The kernel or a missing program doesn't allow it.</exception>
    public static async Task<NodeSandbox> StartAsync(string stateDirectory, CancellationToken cancellation)
    {
        InheritedDescriptors.CloseOnExec();
        var holder = Process.Start(new ProcessStartInfo("setsid")
        {
            ArgumentList =
            {
                "unshare", "--net", "--mount", "--pid", "--uts", "--ipc", "--fork", "--kill-child=KILL", "--propagation", "private",
                "--", "sh", "-c", Setup, "node", stateDirectory,
            },
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var line = await holder.StandardOutput.ReadLineAsync(cancellation);
        if (int.TryParse(line, CultureInfo.InvariantCulture, out var pid))
            return new(holder, pid);
        var error = await holder.StandardError.ReadToEndAsync(cancellation);
        throw new HostException("playground-no-namespaces", $"The node's namespaces can't be made: {error.Trim()}",
            "Run as root, or allow user namespaces (sysctl user.max_user_namespaces), and install util-linux and iproute2.");
    }

    /// <summary>A path of the node's mount namespace as this daemon sees it.</summary>
    public string Path(string nodePath) => $"/proc/{HolderPid}/root{nodePath}";

    /// <summary>How to start a program inside the node. It leads a session of its own, so that a Ctrl-C at the daemon doesn't reach it.</summary>
    public ProcessStartInfo Command(params ReadOnlySpan<string> argv)
    {
        var start = new ProcessStartInfo("setsid")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in (ReadOnlySpan<string>)["nsenter", "--target", HolderPid.ToString(CultureInfo.InvariantCulture), "--net", "--mount", "--pid", "--uts", "--ipc", "--"])
            start.ArgumentList.Add(argument);
        foreach (var argument in argv)
            start.ArgumentList.Add(argument);
        return start;
    }

    /// <summary>Runs a program inside the node to its end.</summary>
    public async Task<CommandResult> RunAsync(IReadOnlyList<string> argv, string? input, CancellationToken cancellation)
    {
        using var process = Process.Start(Command([.. argv]))!;
        try
        {
            using var outputReader = process.StandardOutput;
            using var errorReader = process.StandardError;
            var output = outputReader.ReadToEndAsync(cancellation);
            var error = errorReader.ReadToEndAsync(cancellation);
            if (input is not null)
                await process.StandardInput.WriteAsync(input.AsMemory(), cancellation);
            process.StandardInput.Close();
            await process.WaitForExitAsync(cancellation);
            return new(process.ExitCode, await output, await error);
        }
        catch
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }

    /// <summary>Runs a shell script inside the node; its arguments are $1, $2…</summary>
    /// <exception cref="HostException">It failed.</exception>
    public async Task<string> ScriptAsync(string script, CancellationToken cancellation, params string[] arguments)
    {
        var result = await RunAsync(["sh", "-ec", script, "node", .. arguments], null, cancellation);
        if (result.ExitCode == 0)
            return result.Output;
        throw new HostException("playground-node-command", $"A command of the node failed: {result.Error.Trim()}",
            "Look whether iproute2, nftables and util-linux are installed.");
    }

    public async ValueTask DisposeAsync()
    {
        _holder.StandardInput.Close();
        await HolderExited;
        _holder.Dispose();
    }
}
