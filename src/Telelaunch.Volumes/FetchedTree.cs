using System.Globalization;
using Telelaunch.Linux;
using Telelaunch.Net;

namespace Telelaunch.Volumes;

/// <summary>What has been fetched, on this machine's disk: folders that show what the pod's hold, and files.</summary>
/// <remarks>
/// <code>
/// FOLDER/files/N          a version of a file; processes open these
/// FOLDER/fill/N           the same, to be filled
/// FOLDER/tree/data/a      the newest version of /data/a, the same again
/// </code>
/// <para>A version that was replaced stays a while: a process may have been told of it and not opened it yet. Thread-safe.</para>
/// <para>Links in the tree lead where they lead in the pod, which on this machine is somewhere else: paths given here have none in them, and none is ever walked through.</para>
/// </remarks>
internal sealed class FetchedTree
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Between being told of a file and opening it a process does nothing but be scheduled.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, FetchedFile> _files = new(StringComparer.Ordinal);
    private readonly Dictionary<string, FetchedFile> _byNumber = new(StringComparer.Ordinal);
    private readonly Queue<(long Since, FetchedFile File)> _replaced = [];
    private readonly TimeProvider _time;
    private readonly string _fill;
    private long _last;

    /// <param name="folder">Of the session's own.</param>
    public FetchedTree(string folder, TimeProvider time)
    {
        _time = time;
        Tree = Directory.CreateDirectory(Path.Combine(folder, "tree"), OwnerOnly).FullName;
        Files = Directory.CreateDirectory(Path.Combine(folder, "files"), OwnerOnly).FullName;
        _fill = Directory.CreateDirectory(Path.Combine(folder, "fill"), OwnerOnly).FullName;
    }

    public string Tree { get; }

    public string Files { get; }

    /// <summary>Every version of every file that is here.</summary>
    public IReadOnlyList<FetchedFile> All
    {
        get
        {
            lock (_lock)
                return [.. _byNumber.Values];
        }
    }

    public FetchedFile? OfNumber(string number)
    {
        lock (_lock)
            return _byNumber.GetValueOrDefault(number);
    }

    /// <summary>The folder, made if it isn't there.</summary>
    /// <param name="mountPath">Where the workload's container has it.</param>
    public string PutFolder(string mountPath)
    {
        lock (_lock)
        {
            for (int slash = mountPath.IndexOf('/', 1); slash >= 0; slash = mountPath.IndexOf('/', slash + 1))
                PutRealFolder(mountPath[..slash]);
            return PutRealFolder(mountPath);
        }
    }

    public string PutLink(string mountPath, string target)
    {
        lock (_lock)
        {
            string path = Tree + mountPath;
            PutFolder(Path.GetDirectoryName(mountPath)!);
            if (new FileInfo(path).LinkTarget == target)
                return path;
            Forget(mountPath);
            File.CreateSymbolicLink(path, target);
            return path;
        }
    }

    /// <summary>The newest version of a file: the one that is here, or a shell for one to be fetched.</summary>
    public FetchedFile PutFile(string mountPath, string podPath, PodFileStatus status)
    {
        lock (_lock)
        {
            RemoveReplaced();
            if (_files.TryGetValue(mountPath, out FetchedFile? present))
            {
                if (present.Is(status))
                    return present;
            }

            PutFolder(Path.GetDirectoryName(mountPath)!);
            Forget(mountPath);
            string number = (++_last).ToString(CultureInfo.InvariantCulture);
            var file = new FetchedFile(number, Path.Combine(Files, number), Path.Combine(_fill, number), podPath, status);
            file.Shape();
            HostPath.Link(file.FillPath, file.HostPath);
            HostPath.Link(file.FillPath, Tree + mountPath);
            _files[mountPath] = file;
            _byNumber[number] = file;
            return file;
        }
    }

    /// <summary>What is below the folder and not among the names is forgotten.</summary>
    public void Keep(string mountPath, IReadOnlySet<string> names)
    {
        lock (_lock)
        {
            foreach (string name in Directory.EnumerateFileSystemEntries(Tree + mountPath).Select(path => Path.GetFileName(path)!).Where(name => !names.Contains(name)).ToList())
            {
                string gone = $"{mountPath}/{name}";
                // Made here and not yet in the pod.
                if (!(_files.TryGetValue(gone, out FetchedFile? file) && file.IsChanged))
                    Forget(gone);
            }
        }
    }

    /// <summary>The file, link or folder isn't in the pod any more.</summary>
    public void Remove(string mountPath)
    {
        lock (_lock)
        {
            foreach (FetchedFile file in _files.Where(entry => IsAtOrBelow(entry.Key, mountPath)).Select(entry => entry.Value))
                file.IsRemoved = true;
            Forget(mountPath);
        }
    }

    private void Forget(string mountPath)
    {
        lock (_lock)
        {
            foreach ((string path, FetchedFile file) in _files.Where(entry => IsAtOrBelow(entry.Key, mountPath)).ToList())
            {
                _files.Remove(path);
                _replaced.Enqueue((_time.GetTimestamp(), file));
            }

            HostFile.Remove(Tree + mountPath);
        }
    }

    /// <summary>The pod has renamed it: open files stay what they are, and are written back under the new name.</summary>
    public void Rename(string mountPath, string newMountPath, Func<string, string> podPathOf)
    {
        lock (_lock)
        {
            Remove(newMountPath);
            foreach ((string path, FetchedFile file) in _files.Where(entry => IsAtOrBelow(entry.Key, mountPath)).ToList())
            {
                string moved = newMountPath + path[mountPath.Length..];
                _files.Remove(path);
                _files[moved] = file;
                file.PodPath = podPathOf(moved);
            }

            PutFolder(Path.GetDirectoryName(mountPath)!);
            PutFolder(Path.GetDirectoryName(newMountPath)!);
            string from = Tree + mountPath;
            if (Path.Exists(from) || new FileInfo(from).LinkTarget is not null)
                HostPath.Rename(from, Tree + newMountPath);
        }
    }

    private string PutRealFolder(string mountPath)
    {
        string path = Tree + mountPath;
        if (File.Exists(path) || new FileInfo(path).LinkTarget is not null)
            Forget(mountPath);
        return Directory.CreateDirectory(path, OwnerOnly).FullName;
    }

    private static bool IsAtOrBelow(string path, string folder) => path == folder || path.StartsWith(folder + "/", StringComparison.Ordinal);

    private void RemoveReplaced()
    {
        while (_replaced.TryPeek(out (long Since, FetchedFile File) oldest) && _time.GetElapsedTime(oldest.Since) > Grace)
        {
            _replaced.Dequeue();
            if (oldest.File.IsChanged)
                continue;
            _byNumber.Remove(oldest.File.Number);
            oldest.File.Remove();
        }
    }
}
