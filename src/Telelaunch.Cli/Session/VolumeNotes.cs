using Telelaunch.Net;
using Telelaunch.Volumes;

namespace Telelaunch.Cli.Session;

/// <summary>What is mounted where, and what isn't, in words.</summary>
internal static class VolumeNotes
{
    /// <param name="mounted">Null: nothing is.</param>
    public static IEnumerable<string> Of(VolumePlan plan, MountedVolumes? mounted)
    {
        if (mounted is not null)
        {
            yield return $"volumes below {mounted.RootLink ?? mounted.Root} ($TELELAUNCH_ROOT) and at their own paths: {string.Join(", ", mounted.Mounts.Select(Describe))}";
        }
        if (plan.LeftOut.Count > 0)
            yield return $"volumes that aren't mounted: {string.Join(", ", plan.LeftOut.Select(volume => volume.MountPath))}; --mount true shows them";
    }

    private static string Describe(MountedVolume mount)
    {
        List<string> words = [];
        if (mount.IsOnDemand) words.Add("on demand");
        if (mount.IsWritable) words.Add("writable");
        // A program that uses this path means this machine's.
        if (!mount.IsAtOwnPath) words.Add("below $TELELAUNCH_ROOT only");
        return words.Count == 0 ? mount.Path : $"{mount.Path} ({string.Join(", ", words)})";
    }
}
