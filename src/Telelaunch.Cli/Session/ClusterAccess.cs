using Telelaunch.Cli.Options;
using Telelaunch.Cluster;
using Telelaunch.Net;

namespace Telelaunch.Cli.Session;

/// <summary>The options' way to the cluster, in the types of Telelaunch.Cluster.</summary>
internal static class ClusterAccess
{
    /// <exception cref="ClusterException">See <see cref="Kubeconfig.Load"/>.</exception>
    public static ClusterConnection Connect(ClusterOptions options) => new(Kubeconfig.Load(new()
    {
        Path = options.Kubeconfig,
        Context = options.Context,
        Namespace = options.Namespace,
        As = options.As,
        Token = options.Token,
    }));

    /// <summary>The agent pod of a session; where nothing is said, as Telelaunch.Cluster has it.</summary>
    /// <param name="sessionNamespace">The namespace to live in.</param>
    public static AgentPodOptions PodOptions(AgentOptions options, string sessionNamespace, string sessionId)
    {
        var pod = new AgentPodOptions
        {
            Namespace = options.Namespace ?? sessionNamespace,
            SessionId = sessionId,
            Owner = AgentOwner.OfThisUser(),
            ServiceAccount = options.ServiceAccount,
            ImagePullSecret = options.ImagePullSecret,
        };
        if (options.Image is { } image) pod = pod with { Image = image };
        return options.Timeout is { } timeout ? pod with { Timeout = timeout } : pod;
    }

    /// <summary>Asks for the rights without which no such session starts.</summary>
    /// <exception cref="ClusterException"><c>forbidden</c>, with every right that is missing and the lines of a Role that give it.</exception>
    public static async Task RequireRightsAsync(ClusterConnection connection, string podNamespace, WorkloadOptions workload, SessionPurpose purpose, CancellationToken cancellationToken)
    {
        var required = RightsOf(workload, purpose).Where(right => right.IsRequired).ToList();
        var reviews = await ClusterRights.ReviewAsync(connection, podNamespace, required, cancellationToken);
        var missing = reviews.Where(review => !review.IsAllowed).Select(review => review.Right).ToList();
        if (missing.Count > 0)
        {
            throw new ClusterException(
                "forbidden",
                $"You lack rights in the namespace {podNamespace}: {string.Join(", ", missing.Select(right => $"{right} ({right.Purpose})"))}.",
                $"Have someone add to your Role: {string.Join("; ", missing.Select(right => right.RoleLine))}. The whole Role: telelaunch rbac -n {podNamespace}");
        }
    }

    /// <summary>What a session with these options needs, or is better with.</summary>
    public static IReadOnlyList<ClusterRight> RightsOf(WorkloadOptions workload, SessionPurpose purpose) => workload.Deployment is not null
        ? [.. ClusterRights.OfStandingAgent, .. ClusterRights.All.Where(right => !right.IsRequired && ClusterRights.OfStandingAgent.All(needed => needed.ToString() != right.ToString()))]
        : [.. ClusterRights.All.Where(right => !IsIn(right, MoreOf(workload, purpose))), .. MoreOf(workload, purpose)];

    private static IReadOnlyList<ClusterRight> MoreOf(WorkloadOptions workload, SessionPurpose purpose) =>
    [
        .. workload switch
        {
            { NewDeployment: not null } => ClusterRights.OfNewDeployment,
            { Swap: { } swap } when purpose == SessionPurpose.Look => ClusterRights.OfSwap(swap).Where(right => right.Verb == "get"),
            { Swap: { } swap } => ClusterRights.OfSwap(swap),
            _ => [],
        },
    ];

    private static bool IsIn(ClusterRight right, IReadOnlyList<ClusterRight> rights) => rights.Any(other => other.Name is null && other.ToString() == right.ToString());
}
