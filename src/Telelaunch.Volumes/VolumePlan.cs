using Telelaunch.Net;

namespace Telelaunch.Volumes;

/// <summary>A volume that is shown, and how.</summary>
public sealed record PlannedVolume(PodVolume Volume, MountedVolume Mount);

/// <summary>What becomes of each volume of the workload's container.</summary>
/// <param name="Shown">Served to processes.</param>
/// <param name="LeftOut">Not served, because <c>--mount</c> doesn't ask for it.</param>
public sealed record VolumePlan(IReadOnlyList<PlannedVolume> Shown, IReadOnlyList<PodVolume> LeftOut)
{
    /// <summary>Folders without which nothing on this machine works as it should: a volume there is shown below the root only.</summary>
    private static readonly string[] HostFolders =
        ["/", "/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/lib64", "/proc", "/root", "/run", "/sbin", "/sys", "/tmp", "/usr", "/usr/bin", "/usr/lib", "/usr/local", "/var", "/var/run", "/var/tmp"];

    /// <summary>Everything below them is the kernel's.</summary>
    private static readonly string[] KernelFolders = ["/dev", "/proc", "/sys"];

    /// <param name="areWritable">Volumes that the workload can write to may be written to.</param>
    /// <param name="foldersInUse">Folders of this machine that must stay what they are: the working directory, the home, the session's.</param>
    public static VolumePlan Of(IReadOnlyList<PodVolume> volumes, VolumeChoice choice, bool areWritable, IReadOnlyCollection<string> foldersInUse)
    {
        List<PlannedVolume> shown = [];
        List<PodVolume> leftOut = [];
        foreach (PodVolume written in volumes)
        {
            PodVolume volume = written with { MountPath = Plain(written.MountPath) };
            if (choice == VolumeChoice.None || (choice == VolumeChoice.Small && !volume.IsSmall))
                leftOut.Add(volume);
            else
                shown.Add(new PlannedVolume(volume, new MountedVolume(volume.MountPath, !volume.IsSmall, areWritable && !volume.IsSmall && !volume.IsReadOnly, !IsInUse(volume.MountPath, foldersInUse))));
        }

        return new VolumePlan(shown, leftOut);
    }

    private static bool IsInUse(string path, IReadOnlyCollection<string> foldersInUse) =>
        HostFolders.Contains(path) || KernelFolders.Any(folder => IsBelow(path, folder)) || foldersInUse.Any(folder => IsBelow(folder, path));

    private static bool IsBelow(string path, string folder) => path == folder || path.StartsWith(folder == "/" ? folder : folder + "/", StringComparison.Ordinal);

    /// <summary>Kubernetes takes a mount path with slashes at its end, and doubled ones.</summary>
    private static string Plain(string path) => "/" + string.Join('/', path.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(part => part != "."));
}
