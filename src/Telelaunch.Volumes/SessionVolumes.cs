using Microsoft.Extensions.Logging;
using Telelaunch.Linux;
using Telelaunch.Net;

namespace Telelaunch.Volumes;

/// <summary>What the volumes of a session need.</summary>
public sealed record SessionVolumesOptions
{
    public required IPodFiles Files { get; init; }

    public required VolumePlan Plan { get; init; }

    /// <summary>The session's directory (0700), which is removed at the end.</summary>
    public required string SessionPath { get; init; }

    /// <summary>Where the volumes are to be found besides; null: nowhere.</summary>
    public string? Root { get; init; }

    /// <summary>Makes a folder of the session's own for what is fetched on demand, on a disk that large files may go to; removed by who made it. Called at most once.</summary>
    public required Func<string> MakeFetchedFolder { get; init; }

    /// <summary>Told what a person should know, a line each.</summary>
    public required Action<string> Notice { get; init; }

    public required ILogger Logger { get; init; }

    public TimeProvider Time { get; init; } = TimeProvider.System;
}

/// <summary>The pod's volumes on this machine, for as long as a session lasts.</summary>
public sealed class SessionVolumes : IAsyncDisposable
{
    /// <summary>The kubelet takes up to a minute and a half for a change; this comes on top.</summary>
    private static readonly TimeSpan UpdateInterval = TimeSpan.FromSeconds(5);

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>What a link below the root leads to where a volume is fetched on demand: a program that the shim isn't in finds nothing rather than something empty.</summary>
    private const string NotHere = "(fetched on demand, by programs that the shim is in)";

    private readonly SessionVolumesOptions _options;
    private readonly List<VolumeCopy> _copies = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly RootLink? _link;
    private FetchedVolumes? _fetched;
    private Task _updating = Task.CompletedTask;
    private bool _isStale;

    private SessionVolumes(SessionVolumesOptions options)
    {
        _options = options;
        Root = Path.Combine(HostPath.Resolve(options.SessionPath), "root");
        Directory.CreateDirectory(Root, OwnerOnly);
        _link = options.Root is string path ? new RootLink(path, Root) : null;
    }

    /// <summary>The copies are below.</summary>
    public string Root { get; }

    /// <summary>What processes see; null where that is nothing.</summary>
    public MountedVolumes? Mounted { get; private set; }

    /// <summary>Brings files of volumes that are fetched on demand; a <see cref="PodFileDesk"/>.</summary>
    public ValueTask<PodFileAnswer> AnswerAsync(PodFileQuestion question, CancellationToken cancellationToken) =>
        _fetched is null ? ValueTask.FromResult(PodFileAnswer.Failed(Errno.ENOENT)) : _fetched.AnswerAsync(question, cancellationToken);

    /// <summary>Copies the small volumes. One that can't be copied is left out, and said.</summary>
    /// <exception cref="UsageException">The folder that was asked for is in use.</exception>
    public static async Task<SessionVolumes> StartAsync(SessionVolumesOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        var volumes = new SessionVolumes(options);
        try
        {
            await volumes.CopyAsync(cancellationToken);
            volumes._updating = volumes.RunAsync(volumes._stop.Token);
            return volumes;
        }
        catch
        {
            await volumes.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _updating;
        _stop.Dispose();
        // What was written last is on its way to the pod.
        if (_fetched is not null)
            await _fetched.DisposeAsync();
        _link?.Dispose();
        if (Directory.Exists(Root))
            Directory.Delete(Root, recursive: true);
    }

    private async Task CopyAsync(CancellationToken cancellationToken)
    {
        List<MountedVolume> mounted = [];
        foreach (PlannedVolume planned in _options.Plan.Shown)
        {
            if (planned.Mount.IsOnDemand || await TryCopyAsync(planned.Volume, cancellationToken))
                mounted.Add(planned.Mount);
        }

        if (mounted.Count > 0)
            Mounted = new MountedVolumes(Root, _link?.FullPath, await PrepareFetchedAsync(cancellationToken), mounted);
    }

    /// <returns>Where it goes; null where nothing is fetched.</returns>
    private async Task<string?> PrepareFetchedAsync(CancellationToken cancellationToken)
    {
        List<PlannedVolume> volumes = [];
        foreach (PlannedVolume planned in _options.Plan.Shown.Where(planned => planned.Mount.IsOnDemand))
        {
            // Paths of the pod are told apart by their beginnings: those must have no links in them either.
            string podPath = await _options.Files.ResolveAsync(planned.Volume.PodPath, cancellationToken);
            volumes.Add(planned with { Volume = planned.Volume with { PodPath = podPath } });
            string path = Root + planned.Mount.Path;
            if (Path.Exists(path))
                continue;
            Directory.CreateDirectory(Path.GetDirectoryName(path)!, OwnerOnly);
            File.CreateSymbolicLink(path, NotHere);
        }

        if (volumes.Count == 0)
            return null;
        string folder = HostPath.Resolve(_options.MakeFetchedFolder());
        _fetched = new FetchedVolumes(_options, volumes, folder);
        return folder;
    }

    private async Task<bool> TryCopyAsync(PodVolume volume, CancellationToken cancellationToken)
    {
        string path = Root + volume.MountPath;
        var copy = new VolumeCopy(_options.Files, volume, path);
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!, OwnerOnly);
            await copy.UpdateAsync(cancellationToken);
            _copies.Add(copy);
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            _options.Notice($"the volume at {volume.MountPath} isn't there for the command: {error.Message}");
            HostFile.Remove(path);
            return false;
        }
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(UpdateInterval, _options.Time);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken))
                await UpdateAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // The session is over.
        }
    }

    private async Task UpdateAsync(CancellationToken cancellationToken)
    {
        foreach (VolumeCopy copy in _copies)
        {
            try
            {
                if (await copy.UpdateAsync(cancellationToken))
                    _options.Logger.LogInformation("The volume at {Path} has changed", copy.Volume.MountPath);
                if (_isStale)
                    _options.Logger.LogInformation("The pod's volumes are followed again");
                _isStale = false;
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException or InvalidDataException)
            {
                // Said once for each time that it fails; a lost tunnel has its own banner.
                if (!_isStale)
                    _options.Notice($"the volume at {copy.Volume.MountPath} can't be brought up to date, and is tried again: {error.Message}");
                _isStale = true;
            }
        }
    }
}
