using System.Globalization;
using System.Text.Json.Nodes;
using k8s;
using k8s.Models;

namespace Telelaunch.Cluster;

/// <summary>The Pod and the Secret of a session as Kubernetes objects.</summary>
internal static class AgentPodManifest
{
    public const string ManagedByLabel = "app.kubernetes.io/managed-by";
    public const string ManagedBy = "telelaunch";
    public const string SessionLabel = "telelaunch.dev/session";
    public const string OwnerLabel = "telelaunch.dev/owner";
    public const string OwnerAnnotation = "telelaunch.dev/owner";
    public const string StartTimeoutAnnotation = "telelaunch.dev/start-timeout-seconds";
    public const string ContainerName = "agent";
    // Beside a workload's own volumes they must not have a name that one of those may have.
    private const string SessionVolume = "telelaunch-session";
    private const string ScratchVolume = "telelaunch-tmp";
    private const string ScratchPath = "/tmp";

    /// <summary>The Pod as it is sent: the session's own, or the one that stands in for a workload.</summary>
    public static JsonObject PodJson(AgentPodOptions options)
    {
        if (options.NewDeployment is { } made) return made.Json(options);
        var pod = JsonNode.Parse(KubernetesJson.Serialize(Pod(options)))!.AsObject();
        return options.StandIn is { } standIn ? standIn.PodOf(pod) : pod;
    }

    /// <summary>A Pod that fulfils the "restricted" Pod Security Standard.</summary>
    /// <remarks>
    /// No runAsUser and no fsGroup: OpenShift gives each namespace its own, elsewhere the image's numeric user (65532) counts,
    /// which runAsNonRoot can check. So that whichever uid it becomes can read the session's files, they are 0444;
    /// nothing else runs in the pod, and sshd(8) asks for 0600 only of a key that its own user owns.
    /// </remarks>
    internal static V1Pod Pod(AgentPodOptions options) => new()
    {
        ApiVersion = "v1",
        Kind = "Pod",
        Metadata = new()
        {
            Name = AgentPod.NameOf(options.SessionId),
            NamespaceProperty = options.Namespace,
            Labels = Labels(options),
            OwnerReferences = options.Lease is { } lease ? [lease.AsOwner(isController: true)] : null,
            Annotations = new Dictionary<string, string>
            {
                [OwnerAnnotation] = options.Owner.Text,
                [StartTimeoutAnnotation] = ((long)options.Timeout.TotalSeconds).ToString(CultureInfo.InvariantCulture),
            },
        },
        Spec = new()
        {
            RestartPolicy = "Never",
            TerminationGracePeriodSeconds = 5,
            AutomountServiceAccountToken = false,
            // Their variables would only be in the way of the pod's own environment.
            EnableServiceLinks = false,
            ServiceAccountName = options.ServiceAccount,
            ImagePullSecrets = options.ImagePullSecret is { } secret ? [new() { Name = secret }] : null,
            SecurityContext = new()
            {
                RunAsNonRoot = true,
                SeccompProfile = new() { Type = "RuntimeDefault" },
                // Ports below 1024 without a capability; in the safe set since Kubernetes 1.22.
                Sysctls = [new() { Name = "net.ipv4.ip_unprivileged_port_start", Value = "0" }],
            },
            Containers = [Container(options)],
            Volumes =
            [
                new() { Name = SessionVolume, Secret = new() { SecretName = AgentPod.NameOf(options.SessionId), DefaultMode = 0x124 /* 0444 */ } },
                new() { Name = ScratchVolume, EmptyDir = new() },
            ],
        },
    };

    /// <summary>Belongs to the Pod: the garbage collector removes it when the Pod goes, however it goes.</summary>
    public static V1Secret Secret(AgentPodOptions options, AgentSecret secret, string podUid) =>
        // blockOwnerDeletion would need the right to change the pod's finalizers.
        Secret(options, secret, new V1OwnerReference { ApiVersion = "v1", Kind = "Pod", Name = AgentPod.NameOf(options.SessionId), Uid = podUid });

    /// <summary>The same with another owner.</summary>
    public static V1Secret Secret(AgentPodOptions options, AgentSecret secret, V1OwnerReference owner) => new()
    {
        ApiVersion = "v1",
        Kind = "Secret",
        Type = "Opaque",
        Immutable = true,
        Metadata = new()
        {
            Name = AgentPod.NameOf(options.SessionId),
            NamespaceProperty = options.Namespace,
            Labels = Labels(options),
            OwnerReferences = [owner],
        },
        Data = new Dictionary<string, byte[]>
        {
            ["secret"] = secret.Secret,
            ["ssh_host_ed25519_key"] = secret.SshHostKey,
            ["authorized_keys"] = secret.AuthorizedKeys,
        },
    };

    /// <summary>Both as a JSON list that kubectl takes, the Secret without its data.</summary>
    public static string Describe(AgentPodOptions options) =>
        $$"""{"apiVersion":"v1","kind":"List","items":[{{PodJson(options).ToJsonString()}},{{KubernetesJson.Serialize(Secret(options, new([], [], []), "(its owner's)"))}}]}""";

    private static Dictionary<string, string> Labels(AgentPodOptions options) => new()
    {
        ["app.kubernetes.io/name"] = "telelaunch-agent",
        [ManagedByLabel] = ManagedBy,
        [SessionLabel] = options.SessionId,
        [OwnerLabel] = options.Owner.Label,
    };

    private static V1Container Container(AgentPodOptions options) => new()
    {
        Name = ContainerName,
        Image = options.Image,
        Env =
        [
            new() { Name = "TELELAUNCH_AGENT_PORT", Value = AgentPod.AgentPort.ToString(CultureInfo.InvariantCulture) },
            // Not TMPDIR, which a workload may set to a place that only its own image has.
            new() { Name = "TELELAUNCH_TEMPORARY_DIR", Value = ScratchPath },
            new() { Name = "TELELAUNCH_SSH_PORT", Value = AgentPod.SshPort.ToString(CultureInfo.InvariantCulture) },
        ],
        ReadinessProbe = new() { Exec = new() { Command = ["/usr/bin/telelaunch-agent", "ready"] }, PeriodSeconds = 1, TimeoutSeconds = 5 },
        Resources = new()
        {
            Requests = new Dictionary<string, ResourceQuantity> { ["cpu"] = new("25m"), ["memory"] = new("64Mi") },
            Limits = new Dictionary<string, ResourceQuantity> { ["cpu"] = new("1"), ["memory"] = new("256Mi") },
        },
        SecurityContext = new()
        {
            AllowPrivilegeEscalation = false,
            ReadOnlyRootFilesystem = true,
            Capabilities = new() { Drop = ["ALL"] },
        },
        // The last words of a container that fails are then in its status, where no right to read logs is needed.
        TerminationMessagePolicy = "FallbackToLogsOnError",
        VolumeMounts =
        [
            new() { Name = SessionVolume, MountPath = AgentPod.SessionDirectory, ReadOnlyProperty = true },
            new() { Name = ScratchVolume, MountPath = ScratchPath },
        ],
    };
}
