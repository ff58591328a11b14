using Telelaunch.Cluster;

namespace Telelaunch.Cli.Options;

/// <summary>Which workload the process stands for; at most one of them is given, and none means an agent pod of the session's own.</summary>
/// <param name="Swap"><c>--swap-deployment</c>, <c>--swap</c>: stand in for a workload that is there.</param>
/// <param name="NewDeployment"><c>--new-deployment</c>: a Deployment and a Service of that name are made.</param>
/// <param name="Deployment"><c>--deployment</c>: an agent that is there already.</param>
internal sealed record WorkloadOptions(WorkloadReference? Swap, string? NewDeployment, string? Deployment);
