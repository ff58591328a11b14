using System.ComponentModel;
using Microsoft.Extensions.Logging;
using Telelaunch.Linux;
using Telelaunch.Net;

namespace Telelaunch.Volumes;

/// <summary>Volumes that are fetched on demand: answers what processes ask for.</summary>
/// <remarks>
/// <code>
/// question ── lstat(2) in the pod ──► unchanged? ──► the version that is here
///                                 └─► changed ─────► a new one: a shell; its content when it is opened
/// close of a file that was open for writing ──► written back, in the order of the closes
/// </code>
/// Each question asks the pod anew, so that a change there is seen by the next open. Only what a folder's entries are is believed for a second after the folder was listed:
/// <c>ls -l</c> asks for each.
/// </remarks>
internal sealed class FetchedVolumes : IAsyncDisposable
{
    /// <summary>For how long an entry of a listed folder is believed.</summary>
    private static readonly TimeSpan Believed = TimeSpan.FromSeconds(1);

    /// <summary>What was written last is written back for so long at the end of a session.</summary>
    private static readonly TimeSpan DeliveryTime = TimeSpan.FromSeconds(60);

    /// <summary>umask(2) of most, which isn't asked for: SFTP sets permissions as they are told.</summary>
    private const UnixFileMode Masked = UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;

    private readonly SessionVolumesOptions _options;
    private readonly IPodFiles _files;
    private readonly FetchedTree _tree;
    private readonly PodPlaces _places;
    private readonly CloseWatch? _closes;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly Dictionary<string, (PodFileStatus Status, long Since)> _listed = new(StringComparer.Ordinal);

    /// <param name="folder">Of the session's own; on a disk that large files may go to.</param>
    /// <exception cref="HostException">The kernel gives no more inotify instances, which a writable volume needs.</exception>
    public FetchedVolumes(SessionVolumesOptions options, IReadOnlyList<PlannedVolume> volumes, string folder)
    {
        _options = options;
        _files = options.Files;
        _places = new PodPlaces(volumes);
        _tree = new FetchedTree(folder, options.Time);
        if (!volumes.Any(volume => volume.Mount.IsWritable))
            return;
        try
        {
            _closes = new CloseWatch(_tree.Files, OnClosed);
        }
        catch (Win32Exception error)
        {
            throw new HostException("no-inotify", $"Volumes can't be written to, because changes to files can't be followed: {error.Message}", "Raise fs.inotify.max_user_instances (sysctl), or leave :rw out.", error);
        }
    }

    /// <summary>Answers one question; a <see cref="PodFileDesk"/>.</summary>
    public async ValueTask<PodFileAnswer> AnswerAsync(PodFileQuestion question, CancellationToken cancellationToken)
    {
        try
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stop.Token);
            return await CarryOutAsync(question, either.Token);
        }
        catch (PodFileException error)
        {
            if (error.Errno == Errno.EIO)
                _options.Logger.LogWarning("{Purpose} {Path}: {Message}", question.Purpose, question.Path, error.Message);
            return PodFileAnswer.Failed(error.Errno);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            _options.Logger.LogWarning("{Purpose} {Path}, on this machine: {Message}", question.Purpose, question.Path, error.Message);
            return PodFileAnswer.Failed(HostErrno(error));
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            return PodFileAnswer.Failed(Errno.EIO);
        }
    }

    /// <summary>Writes back what has been closed; what can't be is said.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_closes is not null)
        {
            using var bound = new CancellationTokenSource(DeliveryTime, _options.Time);
            try
            {
                await _closes.CatchUpAsync(bound.Token);
                await Task.WhenAll(_tree.All.Select(file => file.WrittenAsync())).WaitAsync(bound.Token);
            }
            catch (OperationCanceledException)
            {
                _options.Notice($"what was written to volumes isn't all in the pod after {DeliveryTime.TotalSeconds:0} s");
            }

            await _closes.DisposeAsync();
        }

        await _stop.CancelAsync();
        foreach (FetchedFile file in _tree.All.Where(file => file.IsUnsaved))
            _options.Notice($"{_places.MountPathOf(file.PodPath)} is lost: what was written to it couldn't be written to the pod");
        _stop.Dispose();
    }

    private static int HostErrno(Exception error) => error switch
    {
        UnauthorizedAccessException => Errno.EACCES,
        // .NET keeps the errno here when it has no exception of its own for it.
        { HResult: Errno.ENOSPC } => Errno.ENOSPC,
        PathTooLongException => Errno.ENAMETOOLONG,
        _ => Errno.EIO,
    };

    private async Task<PodFileAnswer> CarryOutAsync(PodFileQuestion question, CancellationToken cancellationToken)
    {
        if (_places.VolumeAt(question.Path) is not { } volume)
            return PodFileAnswer.Failed(Errno.ENOENT);
        if (question.Purpose >= PodFilePurpose.Write && !volume.Mount.IsWritable)
            return PodFileAnswer.Failed(Errno.EROFS);
        return question.Purpose switch
        {
            PodFilePurpose.Look => await LookAsync(question, cancellationToken),
            PodFilePurpose.List or PodFilePurpose.Open => await OpenAsync(question, cancellationToken),
            PodFilePurpose.Write => await OpenToWriteAsync(question, cancellationToken),
            _ => await ChangeAsync(question, cancellationToken),
        };
    }

    /// <summary>Where a path leads: the pod's path without links, the mount's, and what is there.</summary>
    private async Task<(string PodPath, string MountPath, PodFileStatus Status)> FindAsync(string mountPath, bool follow, bool believe, CancellationToken cancellationToken)
    {
        string podPath = _places.PodPathOf(mountPath);
        if (believe && TryBelieve(mountPath, out PodFileStatus listed) && (listed.Kind != PodFileKind.Link || !follow))
            return (podPath, mountPath, listed);
        PodFileStatus status = await _files.GetStatusAsync(podPath, cancellationToken);
        string real = await _files.ResolveAsync(status.Kind == PodFileKind.Link && !follow ? Path.GetDirectoryName(podPath)! : podPath, cancellationToken);
        if (status.Kind == PodFileKind.Link && !follow)
            real = $"{real}/{Path.GetFileName(podPath)}";
        else if (status.Kind == PodFileKind.Link)
            status = await _files.GetStatusAsync(real, cancellationToken);
        if (status.Kind == PodFileKind.Link && follow)
            throw new PodFileException(Errno.ELOOP, podPath);
        // The pod would find what its own file system has there, of which nothing is known here.
        return (real, _places.MountPathOf(real) ?? throw new PodFileException(Errno.ENOENT, podPath), status);
    }

    private bool TryBelieve(string mountPath, out PodFileStatus status)
    {
        lock (_lock)
        {
            bool found = _listed.TryGetValue(mountPath, out (PodFileStatus Status, long Since) entry) && _options.Time.GetElapsedTime(entry.Since) < Believed;
            status = entry.Status;
            return found;
        }
    }

    private void Disbelieve()
    {
        lock (_lock)
            _listed.Clear();
    }

    private async Task<PodFileAnswer> LookAsync(PodFileQuestion question, CancellationToken cancellationToken)
    {
        (string podPath, string mountPath, PodFileStatus status) = await FindAsync(question.Path, !question.Flags.HasFlag(PodFileFlags.NoFollow), believe: true, cancellationToken);
        return await PutAsync(podPath, mountPath, status, cancellationToken);
    }

    private async Task<PodFileAnswer> PutAsync(string podPath, string mountPath, PodFileStatus status, CancellationToken cancellationToken)
    {
        switch (status.Kind)
        {
            case PodFileKind.Folder:
                string folder = _tree.PutFolder(mountPath);
                Directory.SetLastWriteTimeUtc(folder, status.Modified.UtcDateTime);
                File.SetUnixFileMode(folder, HostFile.ModeOf(status));
                return new PodFileAnswer(0, folder, mountPath);
            case PodFileKind.Link:
                return new PodFileAnswer(0, _tree.PutLink(mountPath, await _files.ReadLinkAsync(podPath, cancellationToken)), mountPath);
            case PodFileKind.File:
                return new PodFileAnswer(0, _tree.PutFile(mountPath, podPath, status).HostPath, mountPath);
            default:
                return PodFileAnswer.Failed(Errno.ENOENT);
        }
    }

    private async Task<PodFileAnswer> OpenAsync(PodFileQuestion question, CancellationToken cancellationToken)
    {
        (string podPath, string mountPath, PodFileStatus status) = await FindAsync(question.Path, !question.Flags.HasFlag(PodFileFlags.NoFollow), believe: false, cancellationToken);
        if (status.Kind == PodFileKind.Folder)
            await ListAsync(podPath, mountPath, cancellationToken);
        else if (question.Purpose == PodFilePurpose.List)
            return PodFileAnswer.Failed(Errno.ENOTDIR);
        else if (status.Kind == PodFileKind.File)
            return await BringAsync(_tree.PutFile(mountPath, podPath, status), mountPath, cancellationToken);
        return await PutAsync(podPath, mountPath, status, cancellationToken);
    }

    private async Task ListAsync(string podPath, string mountPath, CancellationToken cancellationToken)
    {
        IReadOnlyList<PodFileEntry> entries = await _files.ListAsync(podPath, cancellationToken);
        _tree.PutFolder(mountPath);
        long now = _options.Time.GetTimestamp();
        HashSet<string> names = new(StringComparer.Ordinal);
        foreach (PodFileEntry entry in entries.Where(entry => entry.Status.Kind != PodFileKind.Other))
        {
            names.Add(entry.Name);
            await PutAsync($"{podPath}/{entry.Name}", $"{mountPath}/{entry.Name}", entry.Status, cancellationToken);
            lock (_lock)
                _listed[$"{mountPath}/{entry.Name}"] = (entry.Status, now);
        }

        _tree.Keep(mountPath, names);
    }

    private async Task<PodFileAnswer> BringAsync(FetchedFile file, string mountPath, CancellationToken cancellationToken)
    {
        // Several may want it: who asked first going away doesn't end it.
        int errno = await file.FetchAsync(FetchAsync).WaitAsync(cancellationToken);
        return errno == 0 ? new PodFileAnswer(0, file.HostPath, mountPath) : PodFileAnswer.Failed(errno);
    }

    private async Task<int> FetchAsync(FetchedFile file)
    {
        try
        {
            await file.FillAsync(stream => _files.ReadAsync(file.PodPath, stream, _stop.Token));
            _options.Logger.LogDebug("Fetched {Path}, {Size} bytes", file.PodPath, file.Status.Size);
            return 0;
        }
        catch (PodFileException error)
        {
            Reshape(file);
            return error.Errno;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Reshape(file);
            _options.Notice($"{_places.MountPathOf(file.PodPath)} can't be brought to this machine: {error.Message}");
            return HostErrno(error);
        }
        catch (OperationCanceledException)
        {
            return Errno.EIO;
        }
    }

    /// <summary>Half of a content takes room; the next one who opens it tries again.</summary>
    private void Reshape(FetchedFile file)
    {
        try
        {
            file.Shape();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            _options.Logger.LogWarning("{Path}: {Message}", file.FillPath, error.Message);
        }
    }

    private async Task<PodFileAnswer> OpenToWriteAsync(PodFileQuestion question, CancellationToken cancellationToken)
    {
        Disbelieve();
        FetchedFile file;
        string mountPath;
        try
        {
            (string podPath, mountPath, PodFileStatus status) = await FindAsync(question.Path, !question.Flags.HasFlag(PodFileFlags.NoFollow), believe: false, cancellationToken);
            if (question.Flags.HasFlag(PodFileFlags.Create) && question.Flags.HasFlag(PodFileFlags.Exclusive))
                return PodFileAnswer.Failed(Errno.EEXIST);
            if (status.Kind != PodFileKind.File)
                return PodFileAnswer.Failed(status.Kind == PodFileKind.Folder ? Errno.EISDIR : Errno.ELOOP);
            if (!_places.VolumeAt(mountPath)!.Mount.IsWritable)
                return PodFileAnswer.Failed(Errno.EROFS);
            // What the pod would refuse is refused now, not when it is too late.
            await _files.CheckWritableAsync(podPath, cancellationToken);
            file = _tree.PutFile(mountPath, podPath, status);
        }
        catch (PodFileException error) when (error.Errno == Errno.ENOENT && question.Flags.HasFlag(PodFileFlags.Create))
        {
            (file, mountPath) = await CreateAsync(question, cancellationToken);
        }

        if (question.Flags.HasFlag(PodFileFlags.Truncate))
            file.Empty();
        PodFileAnswer answer = await BringAsync(file, mountPath, cancellationToken);
        if (answer.Errno != 0)
            return answer;
        File.SetUnixFileMode(file.FillPath, HostFile.ModeOf(file.Status) | UnixFileMode.UserWrite);
        file.IsChanged = true;
        return answer;
    }

    private async Task<(FetchedFile File, string MountPath)> CreateAsync(PodFileQuestion question, CancellationToken cancellationToken)
    {
        (string podPath, string mountPath) = await FindPlaceAsync(question.Path, cancellationToken);
        await _files.CreateAsync(podPath, question.Mode & ~Masked, cancellationToken);
        FetchedFile file = _tree.PutFile(mountPath, podPath, await _files.GetStatusAsync(podPath, cancellationToken));
        file.Empty();
        return (file, mountPath);
    }

    private async Task<PodFileAnswer> ChangeAsync(PodFileQuestion question, CancellationToken cancellationToken)
    {
        Disbelieve();
        // What was closed before this call is in the pod before the change.
        await _closes!.CatchUpAsync(cancellationToken);
        (string podPath, string mountPath) = await FindPlaceAsync(question.Path, cancellationToken);
        if (_places.VolumeAt(mountPath) is not { Mount.IsWritable: true })
            return PodFileAnswer.Failed(Errno.EROFS);
        switch (question.Purpose)
        {
            case PodFilePurpose.Remove:
                PodFileStatus status = await _files.GetStatusAsync(podPath, cancellationToken);
                if (status.Kind == PodFileKind.Folder)
                    return PodFileAnswer.Failed(Errno.EISDIR);
                await _files.RemoveAsync(podPath, cancellationToken);
                _tree.Remove(mountPath);
                break;
            case PodFilePurpose.MakeFolder:
                await _files.MakeFolderAsync(podPath, question.Mode & ~Masked, cancellationToken);
                break;
            case PodFilePurpose.RemoveFolder:
                await _files.RemoveFolderAsync(podPath, cancellationToken);
                _tree.Remove(mountPath);
                break;
            default:
                return await RenameAsync(podPath, mountPath, question.NewPath!, cancellationToken);
        }

        return PodFileAnswer.Done;
    }

    /// <summary>A path whose folder is without links, and which itself may not be there.</summary>
    private async Task<(string PodPath, string MountPath)> FindPlaceAsync(string mountPath, CancellationToken cancellationToken)
    {
        if (_places.VolumeAt(mountPath)?.Mount.Path == mountPath)
            throw new PodFileException(Errno.EBUSY, mountPath);
        (string podFolder, string folder, PodFileStatus status) = await FindAsync(Path.GetDirectoryName(mountPath)!, follow: true, believe: false, cancellationToken);
        if (status.Kind != PodFileKind.Folder)
            throw new PodFileException(Errno.ENOTDIR, mountPath);
        string name = Path.GetFileName(mountPath);
        return ($"{podFolder}/{name}", $"{folder}/{name}");
    }

    private async Task<PodFileAnswer> RenameAsync(string podPath, string mountPath, string newPath, CancellationToken cancellationToken)
    {
        if (_places.VolumeAt(newPath) is null)
            return PodFileAnswer.Failed(Errno.EXDEV);
        (string newPodPath, string newMountPath) = await FindPlaceAsync(newPath, cancellationToken);
        PlannedVolume? target = _places.VolumeAt(newMountPath);
        if (target != _places.VolumeAt(mountPath))
            return PodFileAnswer.Failed(target is { Mount.IsWritable: false } ? Errno.EROFS : Errno.EXDEV);
        // Written back under the name that the file has now, not under one that is gone.
        await Task.WhenAll(_tree.All.Where(file => file.PodPath == podPath || file.PodPath.StartsWith(podPath + "/", StringComparison.Ordinal)).Select(file => file.WrittenAsync())).WaitAsync(cancellationToken);
        await _files.RenameAsync(podPath, newPodPath, cancellationToken);
        if (newMountPath != mountPath)
            _tree.Rename(mountPath, newMountPath, _places.PodPathOf);
        return PodFileAnswer.Done;
    }

    /// <summary>On the thread of <see cref="CloseWatch"/>.</summary>
    private void OnClosed(string? number)
    {
        if (number is not null)
        {
            _tree.OfNumber(number)?.WriteBack(WriteBackAsync);
            return;
        }

        foreach (FetchedFile file in _tree.All.Where(file => file.IsChanged))
            file.WriteBack(WriteBackAsync);
    }

    private async Task WriteBackAsync(FetchedFile file)
    {
        if (file.IsRemoved)
            return;
        try
        {
            await using (var content = new FileStream(file.HostPath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite))
            {
                await _files.WriteAsync(file.PodPath, content, _stop.Token);
                file.Status = await _files.GetStatusAsync(file.PodPath, _stop.Token);
                file.IsChanged = HostPath.IsOpenForWriting(content.SafeFileHandle);
            }

            file.IsUnsaved = false;
            Disbelieve();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or OperationCanceledException)
        {
            file.IsUnsaved = true;
            _options.Notice($"what was written to {_places.MountPathOf(file.PodPath)} isn't in the pod: {error.Message}; it is tried again when the file is next written to, until then it is here: {file.HostPath}");
        }
    }
}
