using System.Collections.Concurrent;
using Telelaunch.Linux;
using Telelaunch.Net;

namespace Telelaunch.Volumes.Tests;

/// <summary>A folder of this machine as the pod's file system: what SFTP does, without a connection that can be lost.</summary>
internal sealed class FolderFiles : IPodFiles, IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("telelaunch-pod-").FullName;

    /// <summary>Called before each request, with its name and path; may throw.</summary>
    public Func<string, string, Task> Before { get; set; } = static (_, _) => Task.CompletedTask;

    /// <summary>Every request so far: its name and path.</summary>
    public ConcurrentQueue<string> Requests { get; } = [];

    /// <summary>The pod's path on this machine.</summary>
    public string At(string path) => _root + path;

    public string MakeFolder(string path) => Directory.CreateDirectory(At(path)).FullName;

    public void Write(string path, string text)
    {
        MakeFolder(Path.GetDirectoryName(path)!);
        File.WriteAllText(At(path), text);
    }

    /// <summary>Fills or changes a volume as the kubelet does (AtomicWriter).</summary>
    public void Publish(string path, string version, params (string Name, string Text)[] files)
    {
        string volume = MakeFolder(path);
        foreach ((string name, string text) in files)
            Write($"{path}/..{version}/{name}", text);
        File.CreateSymbolicLink($"{volume}/..data_tmp", $"..{version}");
        string? before = new FileInfo($"{volume}/..data").LinkTarget;
        HostPath.Rename($"{volume}/..data_tmp", $"{volume}/..data");
        foreach ((string name, string _) in files.Where(file => new FileInfo($"{volume}/{file.Name}").LinkTarget is null))
            File.CreateSymbolicLink($"{volume}/{name}", $"..data/{name}");
        foreach (string name in Directory.GetFileSystemEntries(volume).Select(Path.GetFileName).Where(name => !name!.StartsWith("..", StringComparison.Ordinal) && files.All(file => file.Name != name)).ToList()!)
            File.Delete($"{volume}/{name}");
        if (before is not null)
            Directory.Delete($"{volume}/{before}", recursive: true);
    }

    public Task<PodFileStatus> GetStatusAsync(string path, CancellationToken cancellationToken) => AskAsync("stat", path, () => StatusOf(At(path)));

    public Task<IReadOnlyList<PodFileEntry>> ListAsync(string path, CancellationToken cancellationToken) => AskAsync<IReadOnlyList<PodFileEntry>>(
        "list", path, () => [.. Directory.GetFileSystemEntries(At(path)).Select(entry => new PodFileEntry(Path.GetFileName(entry), StatusOf(entry)))]);

    public Task<string> ReadLinkAsync(string path, CancellationToken cancellationToken) => AskAsync(
        "readlink", path, () => new FileInfo(At(path)).LinkTarget ?? throw new PodFileException(Path.Exists(At(path)) ? Errno.EINVAL : Errno.ENOENT, path));

    public Task<string> ResolveAsync(string path, CancellationToken cancellationToken) => AskAsync(
        "realpath", path, () => Path.Exists(At(path)) ? HostPath.Resolve(At(path))[HostPath.Resolve(_root).Length..] : path);

    public async Task ReadAsync(string path, Stream target, CancellationToken cancellationToken)
    {
        await using FileStream source = await AskAsync("read", path, () => File.OpenRead(At(path)));
        await source.CopyToAsync(target, cancellationToken);
    }

    public Task CheckWritableAsync(string path, CancellationToken cancellationToken) => AskAsync("check", path, () =>
    {
        File.OpenWrite(At(path)).Dispose();
        return true;
    });

    public async Task WriteAsync(string path, Stream source, CancellationToken cancellationToken)
    {
        await using FileStream target = await AskAsync("write", path, () => new FileStream(At(path), FileMode.Truncate));
        await source.CopyToAsync(target, cancellationToken);
    }

    public Task CreateAsync(string path, UnixFileMode mode, CancellationToken cancellationToken) => AskAsync(
        "create",
        path,
        () =>
        {
            if (Path.Exists(At(path)))
                throw new PodFileException(Errno.EEXIST, path);
            File.WriteAllBytes(At(path), []);
            File.SetUnixFileMode(At(path), mode);
            return true;
        });

    public Task MakeFolderAsync(string path, UnixFileMode mode, CancellationToken cancellationToken) => AskAsync("mkdir", path, () => Directory.CreateDirectory(At(path), mode));

    public Task RemoveAsync(string path, CancellationToken cancellationToken) => AskAsync(
        "remove",
        path,
        () =>
        {
            _ = StatusOf(At(path));
            File.Delete(At(path));
            return true;
        });

    public Task RemoveFolderAsync(string path, CancellationToken cancellationToken) => AskAsync(
        "rmdir",
        path,
        () =>
        {
            if (Directory.EnumerateFileSystemEntries(At(path)).Any())
                throw new PodFileException(Errno.ENOTEMPTY, path);
            Directory.Delete(At(path));
            return true;
        });

    public Task RenameAsync(string path, string newPath, CancellationToken cancellationToken) => AskAsync(
        "rename",
        path,
        () =>
        {
            HostPath.Rename(At(path), At(newPath));
            return true;
        });

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private static PodFileStatus StatusOf(string path)
    {
        var file = new FileInfo(path);
        PodFileKind kind = file.LinkTarget is not null ? PodFileKind.Link
            : Directory.Exists(path) ? PodFileKind.Folder
            : file.Exists ? PodFileKind.File
            : throw new PodFileException(Errno.ENOENT, path);
        // SFTP knows seconds.
        long seconds = new DateTimeOffset(file.LastWriteTimeUtc).ToUnixTimeSeconds();
        return new PodFileStatus(kind, file.UnixFileMode & (UnixFileMode)0x1FF, kind == PodFileKind.File ? file.Length : 4096, DateTimeOffset.FromUnixTimeSeconds(seconds));
    }

    private async Task<T> AskAsync<T>(string name, string path, Func<T> answer)
    {
        Requests.Enqueue($"{name} {path}");
        await Before(name, path);
        try
        {
            return answer();
        }
        catch (UnauthorizedAccessException error)
        {
            throw new PodFileException(Errno.EACCES, path, error);
        }
        catch (IOException error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new PodFileException(Errno.ENOENT, path, error);
        }
    }
}
