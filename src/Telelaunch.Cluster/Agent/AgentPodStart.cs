using System.Threading.Channels;
using k8s;
using k8s.Models;
using Telelaunch.Net;

namespace Telelaunch.Cluster;

/// <summary>Follows one agent pod from its creation until it is ready or can't be.</summary>
/// <remarks>
/// Two watches feed one loop: the Pod's status says how far it is, Events say what the status doesn't. What can't pass by itself
/// fails at once. What may pass (no node yet, a volume not there yet) is told at once and fails after <see cref="Grace"/>, or,
/// when the cluster says that it adds a node, at the time-out.
/// </remarks>
internal sealed class AgentPodStart(ClusterConnection connection, AgentPodOptions options, Action<AgentProgress> report, TimeProvider time)
{
    /// <summary>How long an obstacle that may pass is given.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    private readonly Lock _reporting = new();
    private readonly long _began = time.GetTimestamp();
    private readonly HashSet<string> _noticed = [];
    private string _podName = AgentPod.NameOf(options.SessionId);
    private AgentPhase _reached = AgentPhase.Notice;
    private PodObstacle? _podObstacle;
    private PodObstacle? _eventObstacle;
    private long _obstacleSince;
    private bool _isAddingNode;
    private string? _lastProbeFailure;

    public void Notice(string text)
    {
        lock (_reporting)
            report(new(AgentPhase.Notice, time.GetElapsedTime(_began), text));
    }

    public async Task WaitUntilReadyAsync(V1Pod pod, CancellationToken cancellationToken)
    {
        _podName = pod.Metadata.Name;
        Reach(AgentPhase.Created, null);
        // A Deployment's Pod may be ready before it is found, and then no event would tell.
        See(pod);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var sightings = Channel.CreateUnbounded<(V1Pod? Pod, Corev1Event? Event)>();
        var watch = new AgentPodWatch(connection, pod, sightings.Writer, time);
        var running = watch.RunAsync(stop.Token);
        try
        {
            await FollowAsync(sightings.Reader, cancellationToken);
        }
        finally
        {
            await stop.CancelAsync();
            await running;
        }
    }

    private async Task FollowAsync(ChannelReader<(V1Pod? Pod, Corev1Event? Event)> sightings, CancellationToken cancellationToken)
    {
        while (_reached != AgentPhase.Ready)
        {
            var isSeen = await WaitForSightingAsync(sightings, cancellationToken);
            cancellationToken.ThrowIfCancellationRequested();
            if (!isSeen)
                throw Obstacle() is { } lasting ? await ExplainAsync(lasting, cancellationToken) : TimedOut();
            while (_reached != AgentPhase.Ready && sightings.TryRead(out var sighting))
            {
                if (sighting.Pod is { } seen)
                    See(seen);
                else
                    See(sighting.Event!);
                if (Obstacle() is { MayPass: false } obstacle)
                    throw await ExplainAsync(obstacle, cancellationToken);
            }
        }
    }

    /// <summary>False when the time-out, or the grace of an obstacle, is over first.</summary>
    private async Task<bool> WaitForSightingAsync(ChannelReader<(V1Pod? Pod, Corev1Event? Event)> sightings, CancellationToken cancellationToken)
    {
        var left = options.Timeout - time.GetElapsedTime(_began);
        if (Obstacle() is not null && !_isAddingNode)
        {
            var grace = Grace - time.GetElapsedTime(_obstacleSince);
            left = grace < left ? grace : left;
        }

        if (left <= TimeSpan.Zero)
            return false;
        try
        {
            return await sightings.WaitToReadAsync(cancellationToken).AsTask().WaitAsync(left, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    private void See(V1Pod pod)
    {
        var container = pod.Status?.ContainerStatuses?.FirstOrDefault(status => status.Name == options.ContainerName) ?? pod.Status?.ContainerStatuses?.FirstOrDefault();
        if (!string.IsNullOrEmpty(pod.Spec?.NodeName) || HasCondition(pod, "PodScheduled"))
            Reach(AgentPhase.Scheduled, pod.Spec?.NodeName);
        if (container?.State?.Running is not null)
        {
            Reach(AgentPhase.ImagePulled, null);
            _eventObstacle = null;
        }

        if (HasCondition(pod, "Ready") && pod.Metadata.DeletionTimestamp is null)
            Reach(AgentPhase.Ready, null);
        SetObstacle(ref _podObstacle, PodObstacle.Of(pod));
    }

    private void See(Corev1Event podEvent)
    {
        switch (podEvent.Reason)
        {
            case "Pulled":
                Reach(AgentPhase.ImagePulled, podEvent.Message);
                break;
            case "TriggeredScaleUp":
                _isAddingNode = true;
                NoticeOnce(podEvent.Reason, $"The cluster adds a node: {podEvent.Message}");
                break;
            case "Unhealthy":
                _lastProbeFailure = podEvent.Message;
                break;
            case "FailedToRetrieveImagePullSecret":
                NoticeOnce(podEvent.Reason, podEvent.Message);
                break;
            default:
                if (PodObstacle.Of(podEvent) is { } obstacle && _reached < AgentPhase.ImagePulled)
                    SetObstacle(ref _eventObstacle, obstacle);
                break;
        }
    }

    private void SetObstacle(ref PodObstacle? current, PodObstacle? seen)
    {
        if (seen is not null && Obstacle() is null)
            _obstacleSince = time.GetTimestamp();
        current = seen;
        // The Secret is made right after its Pod: that a kubelet looks in between is no news.
        var isOwnSecretYetToCome = seen?.Cause.Contains($"secret \"{AgentPod.NameOf(options.SessionId)}\" not found", StringComparison.Ordinal) == true;
        if (seen is { MayPass: true } && !isOwnSecretYetToCome)
            NoticeOnce(seen.Code, seen.Cause);
    }

    private PodObstacle? Obstacle() => _podObstacle ?? _eventObstacle;

    /// <summary>Reports a phase once, and those before it that weren't seen.</summary>
    private void Reach(AgentPhase phase, string? detail)
    {
        while (_reached < phase)
        {
            _reached++;
            lock (_reporting)
                report(new(_reached, time.GetElapsedTime(_began), _reached == phase ? detail : null));
        }
    }

    private void NoticeOnce(string key, string text)
    {
        if (_noticed.Add(key))
            Notice(text);
    }

    private async Task<ClusterException> ExplainAsync(PodObstacle obstacle, CancellationToken cancellationToken)
    {
        var log = obstacle.HasEnded ? await ReadLogAsync(cancellationToken) : "";
        return new(obstacle.Code, log.Length == 0 || obstacle.Cause.Contains(log, StringComparison.Ordinal) ? obstacle.Cause : $"{obstacle.Cause}\n{log}", obstacle.Remedy);
    }

    /// <summary>The last lines of the agent's log; empty where they can't be had, since they are an addition only.</summary>
    private async Task<string> ReadLogAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await connection.CallAsync(
                new ApiCall("get", "pods/log", options.Namespace),
                async (client, token) =>
                {
                    await using var log = await client.CoreV1.ReadNamespacedPodLogAsync(
                        _podName, options.Namespace, container: options.ContainerName, tailLines: 10, limitBytes: 4096, cancellationToken: token);
                    using var reader = new StreamReader(log);
                    return (await reader.ReadToEndAsync(token)).TrimEnd();
                },
                cancellationToken);
        }
        catch (ClusterException)
        {
            return "";
        }
    }

    private ClusterException TimedOut()
    {
        var waitsFor = _reached switch
        {
            AgentPhase.Created => "it has no node yet",
            AgentPhase.Scheduled => $"its image {options.Image} isn't there yet",
            _ => "its container runs and isn't ready" + (_lastProbeFailure is null ? "" : $" ({_lastProbeFailure})"),
        };
        return new(
            "agent-timeout",
            $"The agent pod {_podName} isn't ready after {options.Timeout.TotalSeconds:0} s: {waitsFor}.",
            "Raise --agent-timeout if the cluster only is slow (the first pull of an image is); `kubectl describe pod` shows more while it starts.");
    }

    private static bool HasCondition(V1Pod pod, string type) =>
        pod.Status?.Conditions?.Any(condition => condition.Type == type && condition.Status == "True") == true;
}
