namespace Telelaunch.Volumes;

/// <summary>A volume mount of the workload's container.</summary>
/// <param name="MountPath">Where the workload's container has it: absolute, a folder or a single file (subPath).</param>
/// <param name="PodPath">Where the agent's container has it.</param>
/// <param name="IsSmall">configMap, secret, projected or downwardAPI: at most about 1 MiB each, by Kubernetes' rules.</param>
/// <param name="IsReadOnly">The workload's container can't write to it.</param>
public sealed record PodVolume(string MountPath, string PodPath, bool IsSmall, bool IsReadOnly);

/// <summary>Which volumes are shown: <c>--mount</c>.</summary>
public enum VolumeChoice
{
    /// <summary>The small ones.</summary>
    Small,
    None,
    All,
}
