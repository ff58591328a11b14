namespace Telelaunch.Volumes;

/// <summary>Paths of the workload's container and of the agent's, one from the other.</summary>
/// <param name="volumes">Those that are fetched on demand.</param>
internal sealed class PodPlaces(IReadOnlyList<PlannedVolume> volumes)
{
    private readonly PlannedVolume[] _byMount = [.. volumes.OrderByDescending(volume => volume.Mount.Path.Length)];
    private readonly PlannedVolume[] _byPod = [.. volumes.OrderByDescending(volume => volume.Volume.PodPath.Length)];

    /// <summary>The volume of a path of the workload's container; null where none of them is there.</summary>
    public PlannedVolume? VolumeAt(string mountPath) => Array.Find(_byMount, volume => IsAtOrBelow(mountPath, volume.Mount.Path));

    /// <summary>Where the agent's container has it.</summary>
    public string PodPathOf(string mountPath)
    {
        PlannedVolume volume = VolumeAt(mountPath) ?? throw new ArgumentException($"'{mountPath}' is in no volume.", nameof(mountPath));
        return volume.Volume.PodPath + mountPath[volume.Mount.Path.Length..];
    }

    /// <summary>Where the workload's container has it; null where that is in none of the volumes: a link has led out of them.</summary>
    public string? MountPathOf(string podPath) => Array.Find(_byPod, volume => IsAtOrBelow(podPath, volume.Volume.PodPath)) is { } found
        ? found.Mount.Path + podPath[found.Volume.PodPath.Length..]
        : null;

    private static bool IsAtOrBelow(string path, string folder) => path == folder || path.StartsWith(folder + "/", StringComparison.Ordinal);
}
