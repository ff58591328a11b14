namespace Telelaunch.Cluster;

/// <summary>One line of the phase display. Each phase but <see cref="AgentPhase.Notice"/> is reported once, in this order.</summary>
/// <param name="Elapsed">Since the request that made the pod was sent.</param>
/// <param name="Detail">In words; null where the phase says it all.</param>
public readonly record struct AgentProgress(AgentPhase Phase, TimeSpan Elapsed, string? Detail);
