using Telelaunch.Volumes;

namespace Telelaunch.Cli.Options;

/// <summary>What of the pod's volumes the command sees: <c>--mount</c>.</summary>
/// <param name="AreWritable"><c>:rw</c>: volumes that the workload can write to may be written to.</param>
/// <param name="Root">Where they are to be found besides; null: below the session's folder alone.</param>
internal sealed record VolumeOptions(VolumeChoice Choice, bool AreWritable, string? Root);
