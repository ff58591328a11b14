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

        foreach (MountedVolume volume in mounted.Where(volume => volume.IsOnDemand))
        {
            string path = Root + volume.Path;
            if (Path.Exists(path))
                continue;
            Directory.CreateDirectory(Path.GetDirectoryName(path)!, OwnerOnly);
            File.CreateSymbolicLink(path, NotHere);
        }

        if (mounted.Count > 0)
            Mounted = new MountedVolumes(Root, _link?.FullPath, null, mounted);
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
