using k8s.Models;

namespace Telelaunch.Cluster;

/// <summary>A volume, or a file of one, of the container that an agent's Pod stands in for.</summary>
/// <param name="MountPath">Where the workload's container sees it; absolute.</param>
/// <param name="PodPath">Where the agent's container has it.</param>
/// <param name="IsSmall">A configMap, secret, projected or downwardAPI volume: at most 1 MiB an object, and replaced as a whole when it changes.</param>
/// <param name="IsReadOnly">The workload's container may not write to it either.</param>
public sealed record PodVolumeMount(string MountPath, string PodPath, bool IsSmall, bool IsReadOnly)
{
    /// <summary>Where admission mounts the service account's token, unless something is mounted there.</summary>
    internal const string ServiceAccountDirectory = "/var/run/secrets/kubernetes.io/serviceaccount";

    /// <summary>What a Pod, as the API server made it, has in one container: admission adds the service account's token.</summary>
    internal static IReadOnlyList<PodVolumeMount> Of(V1Pod pod, string container)
    {
        var mounts = pod.Spec?.Containers?.FirstOrDefault(item => item.Name == container)?.VolumeMounts ?? [];
        return
        [
            .. from mount in mounts
               let path = PathOf(mount.MountPath)
               where path is not null
               let volume = pod.Spec!.Volumes?.FirstOrDefault(item => item.Name == mount.Name)
               let isSmall = volume is { ConfigMap: not null } or { Secret: not null } or { Projected: not null } or { DownwardAPI: not null }
               select new PodVolumeMount(path, mount.MountPath.TrimEnd('/'), isSmall, isSmall || mount.ReadOnlyProperty == true || volume?.PersistentVolumeClaim?.ReadOnlyProperty == true),
        ];
    }

    private static string? PathOf(string mountPath) =>
        mountPath.StartsWith(StandIn.VolumeRoot + "/", StringComparison.Ordinal) ? mountPath[StandIn.VolumeRoot.Length..].TrimEnd('/')
        : mountPath.TrimEnd('/') == ServiceAccountDirectory ? ServiceAccountDirectory
        : null;
}
