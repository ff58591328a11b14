using Microsoft.Extensions.Logging;
using Telelaunch.Cli.Options;
using Telelaunch.Cli.Output;
using Telelaunch.Cluster;
using Telelaunch.Tunnel.Files;
using Telelaunch.Volumes;

namespace Telelaunch.Cli.Session;

/// <summary>Shows the pod's volumes to the command, and tells which.</summary>
internal sealed class VolumeStart(VolumeOptions options, IProgressDisplay display, ILoggerFactory loggers, TimeProvider time)
{
    /// <summary>What becomes of each of the pod's volumes.</summary>
    public VolumePlan Plan(IReadOnlyList<PodVolumeMount> mounts, string sessionPath) => VolumePlan.Of(
        [.. mounts.Select(mount => new PodVolume(mount.MountPath, mount.PodPath, mount.IsSmall, mount.IsReadOnly))],
        options.Choice,
        options.AreWritable,
        [Environment.CurrentDirectory, Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), AppContext.BaseDirectory, sessionPath]);

    /// <param name="files">Not owned.</param>
    /// <param name="makeFetchedFolder">See <see cref="SessionVolumesOptions.MakeFetchedFolder"/>.</param>
    public async Task<SessionVolumes> StartAsync(PodFiles files, VolumePlan plan, string sessionPath, Func<string> makeFetchedFolder, CancellationToken cancellationToken)
    {
        var volumes = await SessionVolumes.StartAsync(
            new()
            {
                Files = files,
                Plan = plan,
                SessionPath = sessionPath,
                Root = options.Root,
                MakeFetchedFolder = makeFetchedFolder,
                Notice = display.Note,
                Logger = loggers.CreateLogger("Telelaunch.Volumes"),
                Time = time,
            },
            cancellationToken);
        foreach (var line in VolumeNotes.Of(plan, volumes.Mounted)) display.Note(line);
        return volumes;
    }
}
