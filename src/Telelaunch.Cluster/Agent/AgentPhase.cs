namespace Telelaunch.Cluster;

/// <summary>How far the agent pod has come.</summary>
public enum AgentPhase
{
    /// <summary>Something that holds it up, or went wrong without ending anything; <see cref="AgentProgress.Detail"/> tells it.</summary>
    Notice,

    /// <summary>The API server has accepted Pod and Secret.</summary>
    Created,

    /// <summary>It has a node; <see cref="AgentProgress.Detail"/> is its name.</summary>
    Scheduled,

    /// <summary>The image is on the node.</summary>
    ImagePulled,

    /// <summary>The agent answers.</summary>
    Ready,
}
