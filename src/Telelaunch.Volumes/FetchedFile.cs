using Telelaunch.Net;

namespace Telelaunch.Volumes;

/// <summary>One version of a file of the pod on this machine: first an empty shell of the right size and time, then with its content.</summary>
/// <remarks>
/// It has three names. Processes open it by one that no other version ever gets, so that whoever was told of it finds this version and no other; the second is in the folder that
/// shows what the pod's folder holds; by the third it is filled here, because a close by the first is a process's. All are one inode, so what stat(2) tells of the path and fstat(2) of the
/// open file fit together.
/// </remarks>
/// <param name="number">Names it.</param>
/// <param name="path">The first name.</param>
/// <param name="fillPath">The third.</param>
/// <param name="podPath">In the agent's container, without symbolic links.</param>
internal sealed class FetchedFile(string number, string path, string fillPath, string podPath, PodFileStatus status)
{
    private readonly Lock _lock = new();
    private Task<int>? _fetching;
    private Task _writing = Task.CompletedTask;

    public string Number => number;

    public string HostPath => path;

    public string FillPath => fillPath;

    /// <summary>Follows renames.</summary>
    public string PodPath { get; set; } = podPath;

    /// <summary>What the pod said when this version was made, or when it was last written back.</summary>
    public PodFileStatus Status { get; set; } = status;

    /// <summary>A process may have changed it, and the pod doesn't have that yet: no newer version takes its place.</summary>
    public bool IsChanged { get; set; }

    /// <summary>The pod's name for it is gone or another file's: what is still written to it is nobody's, as on any file system.</summary>
    public bool IsRemoved { get; set; }

    /// <summary>Its content couldn't be written back; whoever ends the session must know.</summary>
    public bool IsUnsaved { get; set; }

    /// <summary>Whether it still is what the pod has. Time and size are all that SFTP tells.</summary>
    public bool Is(PodFileStatus now) => IsChanged || (Status.Size == now.Size && Status.Modified == now.Modified);

    /// <summary>Fetches the content, once for however many want it.</summary>
    /// <returns>0, or the errno; after a failure the next one tries again.</returns>
    public async Task<int> FetchAsync(Func<FetchedFile, Task<int>> fetch)
    {
        Task<int> fetching;
        lock (_lock)
            fetching = _fetching ??= fetch(this);
        int errno = await fetching;
        lock (_lock)
        {
            if (errno != 0 && _fetching == fetching)
                _fetching = null;
        }

        return errno;
    }

    /// <summary>Cuts it to nothing, as O_TRUNC does: nothing has to be fetched.</summary>
    public void Empty()
    {
        File.SetUnixFileMode(fillPath, HostFile.ModeOf(Status) | UnixFileMode.UserWrite);
        using (new FileStream(fillPath, FileMode.Truncate, FileAccess.Write))
        {
        }

        lock (_lock)
            _fetching = Task.FromResult(0);
    }

    /// <summary>Writes it back after whatever is being written back already.</summary>
    public void WriteBack(Func<FetchedFile, Task> write)
    {
        lock (_lock)
            _writing = WriteNextAsync(_writing, write);
    }

    /// <summary>Completes when what was to be written back is.</summary>
    public Task WrittenAsync()
    {
        lock (_lock)
            return _writing;
    }

    private async Task WriteNextAsync(Task before, Func<FetchedFile, Task> write)
    {
        await before;
        await Task.Yield();
        await write(this);
    }

    /// <summary>Makes the shell: size and time are the pod's, and nothing is in it. Nobody opens it before its content is there.</summary>
    public void Shape()
    {
        if (File.Exists(fillPath))
            File.SetUnixFileMode(fillPath, HostFile.ModeOf(Status) | UnixFileMode.UserWrite);
        using (var stream = new FileStream(fillPath, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite }))
            stream.SetLength(Status.Size);
        Dress();
    }

    /// <summary>Replaces what is in it.</summary>
    public async Task FillAsync(Func<Stream, Task> write)
    {
        File.SetUnixFileMode(fillPath, HostFile.ModeOf(Status) | UnixFileMode.UserWrite);
        await using (var stream = new FileStream(fillPath, FileMode.Truncate, FileAccess.Write))
            await write(stream);
        Dress();
    }

    /// <summary>Removes the names that it has for itself.</summary>
    public void Remove()
    {
        File.Delete(path);
        File.Delete(fillPath);
    }

    private void Dress()
    {
        File.SetLastWriteTimeUtc(fillPath, Status.Modified.UtcDateTime);
        File.SetUnixFileMode(fillPath, HostFile.ModeOf(Status));
    }
}
