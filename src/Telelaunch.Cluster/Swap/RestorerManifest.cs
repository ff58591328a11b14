using System.Text.Json.Nodes;
using k8s;
using k8s.Models;

namespace Telelaunch.Cluster;

/// <summary>What makes the restorer: a ServiceAccount, a Role for exactly one Lease and one workload, their binding, and a Deployment of one Pod.</summary>
/// <remarks>All of it belongs to the session's Lease and goes with it. A Deployment, because its Pod has to be there again after a node was lost.</remarks>
internal static class RestorerManifest
{
    public const string Executable = "/usr/bin/telelaunch-restorer";

    public static JsonObject ServiceAccount(SessionLease lease, AgentPodOptions options) => Json(new V1ServiceAccount
    {
        ApiVersion = "v1",
        Kind = "ServiceAccount",
        Metadata = Metadata(lease, options),
        AutomountServiceAccountToken = false,
        ImagePullSecrets = null,
    });

    public static JsonObject Role(SessionLease lease, AgentPodOptions options, Workload? workload) => Json(new V1Role
    {
        ApiVersion = "rbac.authorization.k8s.io/v1",
        Kind = "Role",
        Metadata = Metadata(lease, options),
        Rules =
        [
            new() { ApiGroups = ["coordination.k8s.io"], Resources = ["leases"], ResourceNames = [lease.Name], Verbs = ["get", "delete"] },
            .. workload is null ? (V1PolicyRule[])[] : [new() { ApiGroups = ["apps"], Resources = [workload.Kind.Plural()], ResourceNames = [workload.Name], Verbs = ["get", "patch"] }],
        ],
    });

    public static JsonObject RoleBinding(SessionLease lease, AgentPodOptions options) => Json(new V1RoleBinding
    {
        ApiVersion = "rbac.authorization.k8s.io/v1",
        Kind = "RoleBinding",
        Metadata = Metadata(lease, options),
        RoleRef = new() { ApiGroup = "rbac.authorization.k8s.io", Kind = "Role", Name = NameOf(lease) },
        Subjects = [new() { Kind = "ServiceAccount", Name = NameOf(lease), NamespaceProperty = lease.Namespace }],
    });

    public static JsonObject Deployment(SessionLease lease, AgentPodOptions options, Workload? workload) => Json(new V1Deployment
    {
        ApiVersion = "apps/v1",
        Kind = "Deployment",
        Metadata = Metadata(lease, options),
        Spec = new()
        {
            Replicas = 1,
            RevisionHistoryLimit = 0,
            Strategy = new() { Type = "Recreate" },
            Selector = new() { MatchLabels = Selector(options) },
            Template = new()
            {
                Metadata = new() { Labels = Labels(options) },
                Spec = new()
                {
                    ServiceAccountName = NameOf(lease),
                    AutomountServiceAccountToken = true,
                    EnableServiceLinks = false,
                    TerminationGracePeriodSeconds = 1,
                    ImagePullSecrets = options.ImagePullSecret is { } secret ? [new() { Name = secret }] : null,
                    SecurityContext = new() { RunAsNonRoot = true, SeccompProfile = new() { Type = "RuntimeDefault" } },
                    Containers =
                    [
                        new()
                        {
                            Name = "restorer",
                            Image = options.Image,
                            Command = [Executable, lease.Name, .. workload is null ? (string[])[] : [$"{workload}", options.SessionId]],
                            ReadinessProbe = new() { Exec = new() { Command = [Executable, "ready"] }, PeriodSeconds = 1, TimeoutSeconds = 5 },
                            Resources = new()
                            {
                                Requests = new Dictionary<string, ResourceQuantity> { ["cpu"] = new("5m"), ["memory"] = new("32Mi") },
                                Limits = new Dictionary<string, ResourceQuantity> { ["cpu"] = new("500m"), ["memory"] = new("128Mi") },
                            },
                            SecurityContext = new() { AllowPrivilegeEscalation = false, ReadOnlyRootFilesystem = true, Capabilities = new() { Drop = ["ALL"] } },
                            TerminationMessagePolicy = "FallbackToLogsOnError",
                            VolumeMounts = [new() { Name = "tmp", MountPath = "/tmp" }],
                        },
                    ],
                    Volumes = [new() { Name = "tmp", EmptyDir = new() }],
                },
            },
        },
    });

    /// <summary>The restorer's objects are told from the session's own Pod by their name.</summary>
    public static string NameOf(SessionLease lease) => lease.Name + "-restorer";

    private static V1ObjectMeta Metadata(SessionLease lease, AgentPodOptions options) => new()
    {
        Name = NameOf(lease),
        NamespaceProperty = lease.Namespace,
        Labels = Labels(options),
        OwnerReferences = [lease.AsOwner(isController: false)],
    };

    private static Dictionary<string, string> Selector(AgentPodOptions options) => new()
    {
        ["app.kubernetes.io/name"] = "telelaunch-restorer",
        ["telelaunch.dev/restorer"] = options.SessionId,
    };

    private static Dictionary<string, string> Labels(AgentPodOptions options) => new(Selector(options))
    {
        [AgentPodManifest.ManagedByLabel] = AgentPodManifest.ManagedBy,
        [AgentPodManifest.OwnerLabel] = options.Owner.Label,
    };

    private static JsonObject Json(object value) => JsonNode.Parse(KubernetesJson.Serialize(value))!.AsObject();
}
