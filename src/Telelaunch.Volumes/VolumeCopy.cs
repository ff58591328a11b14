using Telelaunch.Net;

namespace Telelaunch.Volumes;

/// <summary>A small volume's copy on this machine, which follows the volume.</summary>
/// <remarks>
/// Kubernetes changes such a volume as a whole: it fills a new folder, named by its time, and then renames a new <c>..data</c> link over the old one; each file is a link
/// through <c>..data</c> (k8s.io/kubernetes/pkg/volume/util, AtomicWriter). The copy keeps these links and changes in the same order: folders and files, then <c>..data</c>, then the other
/// links, and what is gone last. So a program that reads here, or watches, sees what it would see in the pod.
/// </remarks>
/// <param name="hostPath">Where the copy is; its folder is there.</param>
internal sealed class VolumeCopy(IPodFiles files, PodVolume volume, string hostPath)
{
    /// <summary>What is larger is no small volume.</summary>
    private const long MaximumLength = 16 * 1024 * 1024;
    private const int MaximumEntries = 4096;

    /// <summary>The link that Kubernetes renames last.</summary>
    private const string Current = "..data";

    /// <summary>A volume that changes while it is read is read again, so often.</summary>
    private const int Attempts = 5;

    private long _length;
    private int _entries;
    private string? _lastCurrent;

    public PodVolume Volume => volume;

    /// <summary>Makes the copy what the volume is.</summary>
    /// <returns>Whether anything was changed.</returns>
    /// <exception cref="PodFileException">It can't be read.</exception>
    /// <exception cref="InvalidDataException">It isn't small, or not what a volume of Kubernetes can be.</exception>
    public async Task<bool> UpdateAsync(CancellationToken cancellationToken)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                string? current = await ReadCurrentAsync(cancellationToken);
                if (current is not null && current == _lastCurrent)
                    return false;
                _length = 0;
                _entries = 0;
                bool changed = await PutAsync(volume.PodPath, hostPath, await files.GetStatusAsync(volume.PodPath, cancellationToken), cancellationToken);
                // Read again: what was renamed meanwhile would otherwise count as seen.
                if (current == await ReadCurrentAsync(cancellationToken))
                {
                    _lastCurrent = current;
                    return changed;
                }
            }
            catch (PodFileException error) when (error.Errno == Errno.ENOENT && attempt < Attempts)
            {
                // What was listed has been replaced.
            }

            if (attempt >= Attempts)
                throw new PodFileException(Errno.EAGAIN, volume.PodPath);
        }
    }

    /// <summary>Null where the volume isn't of that kind (a single file, a folder of a volume: subPath), or can't be read: then neither can the rest.</summary>
    private async Task<string?> ReadCurrentAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await files.ReadLinkAsync($"{volume.PodPath}/{Current}", cancellationToken);
        }
        catch (PodFileException)
        {
            return null;
        }
    }

    private async Task<bool> PutAsync(string podPath, string path, PodFileStatus status, CancellationToken cancellationToken)
    {
        if (++_entries > MaximumEntries)
            throw new InvalidDataException($"it has more than {MaximumEntries} files");
        switch (status.Kind)
        {
            case PodFileKind.Folder:
                return await PutFolderAsync(podPath, path, status, cancellationToken);
            case PodFileKind.Link:
                return await PutLinkAsync(podPath, path, cancellationToken);
            case PodFileKind.File:
                return await PutFileAsync(podPath, path, status, cancellationToken);
            default:
                return false;
        }
    }

    private async Task<bool> PutFolderAsync(string podPath, string path, PodFileStatus status, CancellationToken cancellationToken)
    {
        bool changed = !Directory.Exists(path);
        HostFile.MakeFolder(path, status);
        IReadOnlyList<PodFileEntry> entries = await files.ListAsync(podPath, cancellationToken);
        foreach (PodFileEntry entry in entries.OrderBy(Rank))
            changed |= await PutAsync($"{podPath}/{entry.Name}", Path.Combine(path, entry.Name), entry.Status, cancellationToken);

        var names = entries.Select(entry => entry.Name).ToHashSet(StringComparer.Ordinal);
        foreach (string gone in Directory.EnumerateFileSystemEntries(path).Where(name => !names.Contains(Path.GetFileName(name))).ToList())
        {
            HostFile.Remove(gone);
            changed = true;
        }

        return changed;
    }

    private static int Rank(PodFileEntry entry) => entry.Status.Kind != PodFileKind.Link ? 0 : entry.Name == Current ? 1 : 2;

    private async Task<bool> PutLinkAsync(string podPath, string path, CancellationToken cancellationToken)
    {
        string target = await files.ReadLinkAsync(podPath, cancellationToken);
        // The kernel would follow any other on this machine.
        if (target.StartsWith('/') || target.Split('/').Contains(".."))
            throw new InvalidDataException($"'{podPath}' leads out of it");
        if (new FileInfo(path).LinkTarget == target)
            return false;
        HostFile.PutLink(path, target);
        return true;
    }

    private async Task<bool> PutFileAsync(string podPath, string path, PodFileStatus status, CancellationToken cancellationToken)
    {
        if ((_length += status.Size) > MaximumLength)
            throw new InvalidDataException($"it is larger than {MaximumLength} bytes");
        var present = new FileInfo(path);
        if (present.LinkTarget is null && present.Exists && present.Length == status.Size && present.LastWriteTimeUtc == status.Modified.UtcDateTime)
            return false;
        await HostFile.PutFileAsync(path, status, stream => files.ReadAsync(podPath, new BoundedStream(stream, MaximumLength), cancellationToken));
        return true;
    }
}
