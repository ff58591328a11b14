using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Telelaunch.Playground.Node.Network;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Node.Containers;

/// <summary>A container can't be started; the text is the runtime's.</summary>
internal sealed class ContainerStartException(string message) : Exception(message);

// STATE/pods/UID/NAME_RUN/        the bundle: config.json, pid, runc's own log, the container's log
// STATE/layers/ID/{upper,work,root}   (tmpfs of the node) what the container writes, and its root: overlay of image and upper

/// <summary>Runs containers inside the node with runc, the runtime below containerd.</summary>
internal sealed partial class Runc(NodeSandbox sandbox, string stateDirectory, TimeProvider time)
{
    /// <summary>The cgroup above all containers of a playground; empty directories of it are what a killed daemon leaves.</summary>
    public static string CgroupParent(string stateDirectory) =>
        "telelaunch-playground-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(stateDirectory)))[..12];

    private const string MountWhole = "mount -t overlay overlay -o \"lowerdir=$2,upperdir=$1/upper,workdir=$1/work$3\" \"$1/root\"";

    // In a user namespace the mounts below / are locked, so that / can't be the lower directory of an overlay, while those of its parts that have no
    // mounts of their own can. The rest of the root is the container's own.
    private const string MountHostParts =
        """
        cd "$1"
        for part in etc opt srv usr var; do
            [ -d "/$part" ] || continue
            mkdir -p "root/$part" "upper/$part" "work/$part"
            mount -t overlay overlay -o "lowerdir=/$part,upperdir=$1/upper/$part,workdir=$1/work/$part,userxattr" "root/$part"
        done
        for link in /bin /sbin /lib /lib32 /lib64 /libx32; do
            [ ! -L "$link" ] || ln -s "$(readlink "$link")" "root$link"
        done
        for own in upper/*; do
            [ -e "root/${own#upper/}" ] || mv "$own" root/
        done
        mkdir -p root/dev root/proc root/sys
        """;

    private string Root => stateDirectory + "/runc";

    /// <summary>The node's commands, for those who start processes in a container.</summary>
    public NodeSandbox Sandbox => sandbox;

    /// <summary>Starts a container and returns when its program runs.</summary>
    /// <param name="bundle">A directory for this run alone; must exist.</param>
    /// <exception cref="ContainerStartException">Program not found, not executable, a mount that fails…</exception>
    public async Task<RunningContainer> StartAsync(ContainerPlan plan, string bundle)
    {
        var root = await MakeRootAsync(plan);
        await File.WriteAllTextAsync($"{bundle}/config.json", RuncSpec.Of(plan, root, CgroupParent(stateDirectory)).ToJsonString());
        using var watcher = new FileSystemWatcher(bundle, "pid");
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        watcher.Renamed += (_, _) => started.TrySetResult();
        watcher.Created += (_, _) => started.TrySetResult();
        watcher.EnableRaisingEvents = true;
        var process = Process.Start(Command("--log", $"{bundle}/runc.json", "--log-format", "json", "run", "--bundle", bundle, "--pid-file", $"{bundle}/pid", plan.Id))!;
        process.StandardInput.Close();
        var log = new ContainerLog($"{bundle}/log", time);
        var container = new RunningContainer(this, plan, log, process);
        await Task.WhenAny(started.Task, container.Ended);
        if (File.Exists($"{bundle}/pid"))
            return container;
        await container.Ended;
        await ReleaseAsync(plan.Id);
        throw new ContainerStartException(ErrorIn($"{bundle}/runc.json"));
    }

    /// <summary>runc inside the node.</summary>
    public ProcessStartInfo Command(params ReadOnlySpan<string> arguments) =>
        sandbox.Command(["runc", "--root", Root, "--rootless", UserNamespace.IsInitial ? "auto" : "true", .. arguments]);

    /// <summary>Sends a signal to the container's first process; KILL ends all of them. No error if it is gone.</summary>
    public async Task SignalAsync(string id, string signal)
    {
        var command = Command("kill", id, signal);
        await sandbox.RunAsync([.. command.ArgumentList.SkipWhile(a => a != "--").Skip(1)], null, CancellationToken.None);
    }

    /// <summary>Takes the container's root away.</summary>
    public Task ReleaseAsync(string id) =>
        sandbox.RunAsync(["sh", "-c", "umount -l \"$1\"/root/* \"$1/root\" 2> /dev/null; rm -rf \"$1\"", "node", $"{stateDirectory}/layers/{id}"], null, CancellationToken.None);

    /// <summary>The last error in runc's own log, in the words that a kubelet passes on.</summary>
    public static string ErrorIn(string file)
    {
        var text = "unknown error";
        if (!File.Exists(file))
            return text;
        foreach (var line in File.ReadLines(file))
        {
            if (JsonNode.Parse(line) is JsonObject entry && entry["level"].Text() == "error")
                text = entry["msg"].Text();
        }
        return text.Replace("runc run failed: ", "", StringComparison.Ordinal).Trim();
    }

    private async Task<string> MakeRootAsync(ContainerPlan plan)
    {
        var directory = $"{stateDirectory}/layers/{plan.Id}";
        var upper = sandbox.Path($"{directory}/upper");
        foreach (var part in (string[])["upper", "work", "root"])
            Directory.CreateDirectory(sandbox.Path($"{directory}/{part}"));
        var image = plan.Image;
        foreach (var path in image.EmptyDirectories)
            MakeOpaque(Directory.CreateDirectory(upper + path).FullName);
        foreach (var path in (string[])["/tmp", "/var/tmp"])
        {
            if (image.EmptyDirectories.Contains(path))
                File.SetUnixFileMode(upper + path, (UnixFileMode)0x3ff); // 1777
        }
        foreach (var (path, content) in image.Files)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(upper + path)!);
            await File.WriteAllTextAsync(upper + path, content);
            File.SetUnixFileMode(upper + path, (UnixFileMode)Convert.ToInt32(content.StartsWith("#!", StringComparison.Ordinal) ? "755" : "644", 8));
        }
        foreach (var (path, owner) in image.OwnedDirectories)
            Own(Directory.CreateDirectory(upper + path).FullName, owner);
        if (!UserNamespace.IsInitial && image.RootDirectory == "/")
            await sandbox.ScriptAsync(MountHostParts, CancellationToken.None, directory);
        else
            await sandbox.ScriptAsync(MountWhole, CancellationToken.None, directory, image.RootDirectory, UserNamespace.IsInitial ? "" : ",userxattr");
        return $"{directory}/root";
    }

    /// <summary>Gives a file to a user; without effect where there is only one.</summary>
    public static void Own(string path, long owner, long group = -1)
    {
        if (UserNamespace.HasManyUsers)
            _ = lchown(path, (uint)owner, group < 0 ? (uint)owner : (uint)group);
    }

    // Documentation/filesystems/overlayfs.rst, "whiteouts and opaque directories".
    private static void MakeOpaque(string directory)
    {
        var name = UserNamespace.IsInitial ? "trusted.overlay.opaque" : "user.overlay.opaque";
        _ = lsetxattr(directory, name, "y", 1, 0);
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int lchown(string path, uint owner, uint group);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int lsetxattr(string path, string name, string value, nuint size, int flags);
}
