using System.Collections.ObjectModel;
using System.Globalization;
using System.Text.Json.Nodes;
using k8s;
using k8s.Models;
using Telelaunch.Net;

namespace Telelaunch.Cluster;

/// <summary>The pod of a session's own in which the agent runs.</summary>
/// <remarks>
/// First the Pod is made, then its Secret, which names the Pod as its owner: whatever happens to this process in between,
/// no Secret is ever without an owner. The kubelet waits for the Secret; as a rule it is there before the kubelet looks.
/// Needed rights: see <see cref="ClusterRights"/>.
/// </remarks>
public sealed class AgentPod
{
    /// <summary>TCP port of the agent on the pod's loopback (<c>TELELAUNCH_AGENT_PORT</c>).</summary>
    public const int AgentPort = 7778;

    /// <summary>TCP port of sshd on the pod's loopback (<c>TELELAUNCH_SSH_PORT</c>).</summary>
    public const int SshPort = 7722;

    /// <summary>Where the files of <see cref="AgentSecret"/> are mounted in the pod.</summary>
    public const string SessionDirectory = "/etc/telelaunch/session";

    /// <summary>Deleting must not hold up a launcher that is asked to end.</summary>
    private static readonly TimeSpan CleanUpTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Added to a start's time-out before its pod counts as left behind: clocks differ.</summary>
    private static readonly TimeSpan StartMargin = TimeSpan.FromMinutes(5);

    private readonly ClusterConnection _connection;
    private readonly AgentPodOptions? _options;

    private AgentPod(ClusterConnection connection, V1Pod pod, AgentPodOptions options)
        : this(connection, pod, options.ContainerName)
    {
        _options = options;
        Labels = new Dictionary<string, string>([.. Labels, .. options.StandIn?.TrafficLabels ?? ReadOnlyDictionary<string, string>.Empty]).AsReadOnly();
    }

    /// <summary>One that isn't the session's own.</summary>
    internal AgentPod(ClusterConnection connection, V1Pod pod, string container)
    {
        _connection = connection;
        Namespace = pod.Metadata.NamespaceProperty;
        Name = pod.Metadata.Name;
        Uid = pod.Metadata.Uid;
        Mounts = PodVolumeMount.Of(pod, container);
        Labels = pod.Metadata.Labels?.AsReadOnly() ?? ReadOnlyDictionary<string, string>.Empty;
        NamedPorts = (pod.Spec?.Containers ?? [])
            .SelectMany(item => item.Ports ?? [])
            .Where(port => !string.IsNullOrEmpty(port.Name) && port.Protocol is null or "TCP")
            .DistinctBy(port => port.Name)
            .ToDictionary(port => port.Name, port => port.ContainerPort);
    }

    public string Namespace { get; }

    public string Name { get; }

    public string Uid { get; }

    /// <summary>The volumes of the container that the Pod stands in for; none in a Pod of the session's own.</summary>
    public IReadOnlyList<PodVolumeMount> Mounts { get; }

    /// <summary>By which Services select it, once it takes traffic.</summary>
    internal IReadOnlyDictionary<string, string> Labels { get; }

    /// <summary>TCP ports of its containers that have a name.</summary>
    internal IReadOnlyDictionary<string, int> NamedPorts { get; }

    /// <summary>The name of a session's pod and Secret, known before they are made.</summary>
    public static string NameOf(string sessionId)
    {
        ArgumentException.ThrowIfNullOrEmpty(sessionId);
        if (!IsSessionId(sessionId))
            throw new ArgumentException("A session id has 1 to 40 of a-z and 0-9.", nameof(sessionId));
        return "telelaunch-" + sessionId;
    }

    internal static bool IsSessionId(string text) => text.Length is >= 1 and <= 40 && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c));

    /// <summary>What <see cref="StartAsync(ClusterConnection, AgentPodOptions, AgentSecret, Action{AgentProgress}, CancellationToken)"/> would create, as a JSON List for kubectl, without the Secret's data.</summary>
    public static string Describe(AgentPodOptions options) => AgentPodManifest.Describe(options);

    /// <summary>Makes Pod and Secret and waits until the agent is ready. When it throws, both are gone again.</summary>
    /// <param name="report">Called on pool threads, one call at a time, with each phase and with what holds the pod up.</param>
    /// <exception cref="ClusterException">
    /// <c>forbidden</c>, <c>namespace-not-found</c>, <c>namespace-terminating</c>, <c>pod-security</c>, <c>quota-exceeded</c>,
    /// <c>limit-range</c>, <c>service-account-not-found</c>, <c>admission-denied</c>, <c>api-invalid</c>; <c>unschedulable</c>,
    /// <c>image-pull-failed</c>, <c>image-name-invalid</c>, <c>container-config</c>, <c>container-start-failed</c>, <c>agent-ended</c>,
    /// <c>sysctl-forbidden</c>, <c>pod-rejected</c>, <c>volume-mount-failed</c>, <c>pod-sandbox-failed</c>, <c>agent-deleted</c>,
    /// <c>agent-timeout</c>; and those of every call.
    /// </exception>
    public static Task<AgentPod> StartAsync(
        ClusterConnection connection, AgentPodOptions options, AgentSecret secret, Action<AgentProgress> report, CancellationToken cancellationToken) =>
        StartAsync(connection, options, secret, new AgentPodStart(connection, options, report, TimeProvider.System), cancellationToken);

    internal static async Task<AgentPod> StartAsync(
        ClusterConnection connection, AgentPodOptions options, AgentSecret secret, AgentPodStart start, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        string? uid = null;
        try
        {
            var pod = options.NewDeployment is { } deployment
                ? await deployment.CreateAsync(connection, options, secret, cancellationToken)
                : await CreateAsync(connection, options, secret, made => uid = made, cancellationToken);
            await start.WaitUntilReadyAsync(pod, cancellationToken);
            return new(connection, pod, options);
        }
        catch (Exception error)
        {
            if (uid is not null || options.NewDeployment is not null || MayHaveBeenMade(error))
                await RemoveAsync(connection, options, uid, start);
            throw;
        }
    }

    // A request that is cancelled on its way may be carried out all the same, after our delete. So these two aren't.
    private static async Task<V1Pod> CreateAsync(ClusterConnection connection, AgentPodOptions options, AgentSecret secret, Action<string> made, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var json = await connection.CreateJsonAsync(
            new ApiCall("create", "pods", options.Namespace), $"api/v1/namespaces/{Uri.EscapeDataString(options.Namespace)}/pods", AgentPodManifest.PodJson(options), CancellationToken.None);
        var pod = KubernetesJson.Deserialize<V1Pod>(json.ToJsonString());
        made(pod.Metadata.Uid);
        await connection.CallAsync(
            new ApiCall("create", "secrets", options.Namespace),
            (client, _) => client.CoreV1.CreateNamespacedSecretAsync(AgentPodManifest.Secret(options, secret, pod.Metadata.Uid), options.Namespace, cancellationToken: CancellationToken.None),
            CancellationToken.None);
        return pod;
    }

    /// <summary>Has Services send callers to a Pod that stands in for a workload; nothing happens to any other.</summary>
    /// <exception cref="ClusterException">Those of every call.</exception>
    public async Task TakeTrafficAsync(CancellationToken cancellationToken)
    {
        if (_options?.StandIn?.TrafficLabels is not { Count: > 0 } labels)
            return;
        var patch = new JsonObject { ["metadata"] = new JsonObject { ["labels"] = new JsonObject([.. labels.Select(label => KeyValuePair.Create(label.Key, (JsonNode?)label.Value))]) } };
        await _connection.PatchJsonAsync(
            new ApiCall("patch", "pods", Namespace), $"api/v1/namespaces/{Uri.EscapeDataString(Namespace)}/pods/{Uri.EscapeDataString(Name)}", patch, cancellationToken);
    }

    /// <summary>Deletes the pod and its Secret. That they are gone already is no error. A standing agent's stay.</summary>
    public async Task DeleteAsync(CancellationToken cancellationToken)
    {
        if (_options is null)
            return;
        if (_options.NewDeployment is { } deployment)
            await NewDeployment.DeleteAsync(_connection, Namespace, deployment.Name, _options.SessionId, cancellationToken);
        await DeleteAsync(_connection, Namespace, Name, Uid, cancellationToken);
    }

    /// <summary>Deletes a session's pod and Secret, for a guard process that knows their names only.</summary>
    /// <param name="podUid">Guards against a pod of the same name that is somebody else's; null where it isn't known.</param>
    /// <remarks>
    /// With grace period 0: the objects are gone when this returns, the kubelet ends the container within seconds; there is nothing
    /// in it to lose. Without the right to delete Secrets the cluster's garbage collector removes it a moment later.
    /// </remarks>
    public static async Task DeleteAsync(ClusterConnection connection, string podNamespace, string podName, string? podUid, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        var options = new V1DeleteOptions
        {
            GracePeriodSeconds = 0,
            Preconditions = podUid is null ? null : new() { Uid = podUid },
        };
        var secret = DeleteUnlessAsync(connection, "secrets", podNamespace, podName, new(), ["api-not-found", "forbidden"], cancellationToken);
        // A conflict says that the pod of this name isn't ours any more.
        await DeleteUnlessAsync(connection, "pods", podNamespace, podName, options, ["api-not-found", "api-conflict"], cancellationToken);
        await secret;
    }

    /// <summary>Deletes what dead sessions of the same owner left: pods that have ended, or that were never started in their time.</summary>
    /// <returns>How many were deleted.</returns>
    /// <exception cref="ClusterException"><c>forbidden</c> where listing pods isn't allowed, which a caller may pass over; and those of every call.</exception>
    public static async Task<int> SweepAsync(ClusterConnection connection, string podNamespace, AgentOwner owner, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(owner);
        var pods = await connection.CallAsync(
            new ApiCall("list", "pods", podNamespace),
            (client, token) => client.CoreV1.ListNamespacedPodAsync(
                podNamespace,
                labelSelector: $"{AgentPodManifest.SessionLabel},{AgentPodManifest.OwnerLabel}={owner.Label}",
                cancellationToken: token),
            cancellationToken);
        var left = pods.Items.Where(pod => IsLeftBehind(pod, DateTime.UtcNow)).ToList();
        foreach (var pod in left)
            await DeleteAsync(connection, podNamespace, pod.Metadata.Name, pod.Metadata.Uid, cancellationToken);
        return left.Count;
    }

    internal static bool IsLeftBehind(V1Pod pod, DateTime now)
    {
        if (pod.Status?.Phase is "Succeeded" or "Failed" || HasAgentEnded(pod))
            return true;
        return pod.Status?.Phase is "Pending"
            && pod.Metadata.Annotations?.TryGetValue(AgentPodManifest.StartTimeoutAnnotation, out var text) == true
            && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            && pod.Metadata.CreationTimestamp is { } created
            && now - created > TimeSpan.FromSeconds(seconds) + StartMargin;
    }

    /// <summary>A Pod that stands in for one with several containers goes on running when its agent has ended.</summary>
    private static bool HasAgentEnded(V1Pod pod) =>
        pod.Spec is { RestartPolicy: "Never" }
        && pod.Spec.Containers?.FirstOrDefault(container => container.VolumeMounts?.Any(mount => mount.MountPath == SessionDirectory) == true) is { } agent
        && pod.Status?.ContainerStatuses?.Any(container => container.Name == agent.Name && container.State?.Terminated is not null) == true;

    /// <summary>No answer came, so the API server may have made the pod.</summary>
    private static bool MayHaveBeenMade(Exception error) => error is ClusterException { Code: "api-timeout" or "api-connection-lost" or "api-error" };

    /// <summary>The first failure is the one to tell; that cleaning up failed as well is told as a notice.</summary>
    private static async Task RemoveAsync(ClusterConnection connection, AgentPodOptions options, string? podUid, AgentPodStart start)
    {
        using var deadline = new CancellationTokenSource(CleanUpTimeout);
        try
        {
            if (options.NewDeployment is { } deployment)
                await NewDeployment.DeleteAsync(connection, options.Namespace, deployment.Name, options.SessionId, deadline.Token);
            else
                await DeleteAsync(connection, options.Namespace, NameOf(options.SessionId), podUid, deadline.Token);
        }
        catch (Exception error) when (error is ClusterException or OperationCanceledException)
        {
            start.Notice($"The pod {NameOf(options.SessionId)} in the namespace {options.Namespace} couldn't be deleted and may be left: {error.Message}");
        }
    }

    private static async Task DeleteUnlessAsync(
        ClusterConnection connection, string resource, string podNamespace, string name, V1DeleteOptions options, string[] passed, CancellationToken cancellationToken)
    {
        options.ApiVersion = "v1";
        options.Kind = "DeleteOptions";
        try
        {
            await connection.DeleteAsync(
                new ApiCall("delete", resource, podNamespace),
                $"api/v1/namespaces/{Uri.EscapeDataString(podNamespace)}/{resource}/{Uri.EscapeDataString(name)}",
                options,
                cancellationToken);
        }
        catch (ClusterException error) when (passed.Contains(error.Code) || error.Code == "namespace-not-found")
        {
            // Gone already, or not ours to delete.
        }
    }
}
