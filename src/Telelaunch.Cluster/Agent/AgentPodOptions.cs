namespace Telelaunch.Cluster;

/// <summary>What shapes the agent pod of a session.</summary>
public sealed record AgentPodOptions
{
    /// <summary>The image of this release.</summary>
    public const string DefaultImage = "ghcr.io/telelaunch/agent:0.1.0";

    /// <summary>Where the pod is made: <c>--agent-namespace</c>, else the session's namespace.</summary>
    public required string Namespace { get; init; }

    /// <summary>Names the session, and its pod and Secret (<see cref="AgentPod.NameOf"/>): random, 1 to 40 of a–z and 0–9.</summary>
    public required string SessionId { get; init; }

    /// <summary>Whose session it is; by this what dead sessions left is found again.</summary>
    public required AgentOwner Owner { get; init; }

    /// <summary><c>--agent-image</c>.</summary>
    public string Image { get; init; } = DefaultImage;

    /// <summary><c>--service-account</c>; null means the namespace's default. Its token is never mounted.</summary>
    public string? ServiceAccount { get; init; }

    /// <summary><c>--image-pull-secret</c>: a Secret of the namespace.</summary>
    public string? ImagePullSecret { get; init; }

    /// <summary><c>--agent-timeout</c>: how long the pod may take to be ready.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The workload that the Pod stands in for; null for a Pod of the session's own.</summary>
    public StandIn? StandIn { get; init; }

    /// <summary>The Deployment that is made for the Pod; null for a Pod without one.</summary>
    public NewDeployment? NewDeployment { get; init; }

    /// <summary>What the Pod belongs to; null where nothing was made that it could.</summary>
    public SessionLease? Lease { get; init; }

    /// <summary>The agent's container in the Pod.</summary>
    internal string ContainerName => StandIn?.Container ?? AgentPodManifest.ContainerName;
}
