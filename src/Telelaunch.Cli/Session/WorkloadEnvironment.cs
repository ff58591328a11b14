using Telelaunch.Cli.Variables;
using Telelaunch.Cluster;

namespace Telelaunch.Cli.Session;

/// <summary>The environment of a workload's own container, where it can be read.</summary>
/// <param name="Variables">Null where it can't.</param>
/// <param name="Reason">Why it can't, and what follows; null where it can.</param>
internal sealed record WorkloadEnvironment(ContainerEnvironment? Variables, string? Reason)
{
    /// <exception cref="Net.ClusterException">The API server can't be reached, or doesn't accept the credentials.</exception>
    public static async Task<WorkloadEnvironment> ReadAsync(ClusterConnection connection, SwapPlan plan, CancellationToken cancellationToken)
    {
        var running = plan.RunningPod is { } pod
            ? await RunningEnvironment.ReadAsync(connection, plan.Namespace, pod, plan.Container, cancellationToken)
            : new(null, "none of its Pods runs, or you may not list Pods");
        if (running.Block is { } block) return new(ContainerEnvironment.Of(block), null);
        var own = plan.OwnVariables.Count == 0 ? "" : $", and {string.Join(", ", plan.OwnVariables)} tell what the agent's Pod has, not the workload's";
        return new(null, $"what the image of {plan} puts into the environment is missing{own}: {running.Reason}");
    }
}
