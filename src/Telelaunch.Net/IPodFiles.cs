namespace Telelaunch.Net;

/// <summary>What a file of the pod is.</summary>
public enum PodFileKind
{
    File,
    Folder,
    Link,

    /// <summary>A socket, pipe or device: shown by nobody.</summary>
    Other,
}

/// <summary>A file of the pod, as lstat(2) tells it there.</summary>
/// <param name="Mode">Permissions, the low nine bits.</param>
/// <param name="Size">In bytes.</param>
/// <param name="Modified">To the second: SFTP knows no more.</param>
public readonly record struct PodFileStatus(PodFileKind Kind, UnixFileMode Mode, long Size, DateTimeOffset Modified);

/// <summary>An entry of a folder.</summary>
/// <param name="Name">One component: never empty, <c>.</c> or <c>..</c>, and without a slash.</param>
public readonly record struct PodFileEntry(string Name, PodFileStatus Status);

/// <summary>The file system of the agent's container. Paths are absolute. Thread-safe.</summary>
/// <remarks>Every member throws <see cref="PodFileException"/> with the errno, which is EIO where the way to the pod is lost.</remarks>
public interface IPodFiles
{
    /// <summary>The file itself, as lstat(2).</summary>
    Task<PodFileStatus> GetStatusAsync(string path, CancellationToken cancellationToken);

    /// <summary>The entries whose names are UTF-8, each as lstat(2) tells it.</summary>
    Task<IReadOnlyList<PodFileEntry>> ListAsync(string path, CancellationToken cancellationToken);

    /// <summary>Where a symbolic link leads, as it is written.</summary>
    Task<string> ReadLinkAsync(string path, CancellationToken cancellationToken);

    /// <summary>The path without symbolic links, as realpath(3).</summary>
    Task<string> ResolveAsync(string path, CancellationToken cancellationToken);

    /// <summary>Copies a file's content.</summary>
    Task ReadAsync(string path, Stream target, CancellationToken cancellationToken);

    /// <summary>Fails as opening the file for writing would; changes nothing.</summary>
    Task CheckWritableAsync(string path, CancellationToken cancellationToken);

    /// <summary>Replaces the content of a file that is there.</summary>
    Task WriteAsync(string path, Stream source, CancellationToken cancellationToken);

    /// <summary>Makes an empty file. EEXIST where something is there.</summary>
    Task CreateAsync(string path, UnixFileMode mode, CancellationToken cancellationToken);

    Task MakeFolderAsync(string path, UnixFileMode mode, CancellationToken cancellationToken);

    /// <summary>As unlink(2).</summary>
    Task RemoveAsync(string path, CancellationToken cancellationToken);

    /// <summary>As rmdir(2).</summary>
    Task RemoveFolderAsync(string path, CancellationToken cancellationToken);

    /// <summary>As rename(2): what is at the new path is replaced.</summary>
    Task RenameAsync(string path, string newPath, CancellationToken cancellationToken);
}

/// <summary>One operation on a file of the pod failed; others go on.</summary>
/// <param name="errno">Linux errno that a file system of this machine would have reported.</param>
public sealed class PodFileException(int errno, string path, Exception? inner = null)
    : IOException($"'{path}' in the pod: {Net.Errno.NameOf(errno)}{(inner is null ? "" : $" ({inner.Message})")}", inner)
{
    public int Errno { get; } = errno;
}
