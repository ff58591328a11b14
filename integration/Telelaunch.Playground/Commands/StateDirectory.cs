using System.Globalization;
using Telelaunch.Net;

namespace Telelaunch.Playground.Commands;

/// <summary>Where one playground keeps its files. Whoever holds its lock is the playground's daemon.</summary>
public sealed class StateDirectory(string path)
{
    public static StateDirectory Default => new(Environment.IsPrivilegedProcess ? "/run/telelaunch-playground"
        : System.IO.Path.Combine(Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR") ?? $"/tmp/telelaunch-playground-{Environment.UserName}", "telelaunch-playground"));

    public string Path { get; } = System.IO.Path.GetFullPath(path);

    public string KubeConfig => System.IO.Path.Combine(Path, "kubeconfig");

    public string Log => System.IO.Path.Combine(Path, "playground.log");

    private string LockFile => System.IO.Path.Combine(Path, "lock");

    /// <summary>The process that holds the node's namespaces, while a daemon runs.</summary>
    public string NodeHolder => System.IO.Path.Combine(Path, "node");

    public bool Exists => Directory.Exists(Path);

    /// <summary>The daemon's process, or null if none runs. A process id in the file counts only while the lock is held.</summary>
    public int? DaemonId
    {
        get
        {
            if (!File.Exists(LockFile))
                return null;
            using var own = TryLock();
            if (own is not null)
                return null;
            var written = File.Exists(PidFile) ? File.ReadAllText(PidFile).Trim() : "";
            return int.TryParse(written, CultureInfo.InvariantCulture, out var id) ? id : null;
        }
    }

    private string PidFile => System.IO.Path.Combine(Path, "pid");

    public void Create()
    {
        if (Exists && !File.Exists(LockFile) && Directory.EnumerateFileSystemEntries(Path).Any())
            throw new HostException("state-directory-in-use", $"{Path} has files of something else in it", "Name another directory with --state.");
        Directory.CreateDirectory(Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        // The lock's file marks the directory as a playground's.
        TryLock()?.Dispose();
    }

    /// <summary>Takes the lock for this process; null if another has it. The kernel frees it when the holder ends, however it ends.</summary>
    public FileStream? TryLock()
    {
        try
        {
            return new(LockFile, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            return null;
        }
    }

    public void WriteId() => File.WriteAllText(PidFile, Environment.ProcessId.ToString(CultureInfo.InvariantCulture));

    public void WriteKubeConfig(string text)
    {
        File.WriteAllText(KubeConfig, "");
        File.SetUnixFileMode(KubeConfig, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.WriteAllText(KubeConfig, text);
    }

    public void Remove()
    {
        if (File.Exists(LockFile))
            Directory.Delete(Path, recursive: true);
    }
}
