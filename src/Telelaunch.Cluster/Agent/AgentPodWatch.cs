using System.Threading.Channels;
using k8s;
using k8s.Models;
using Telelaunch.Net;

namespace Telelaunch.Cluster;

/// <summary>Watches a Pod and its Events, and writes every state seen into a channel.</summary>
/// <remarks>
/// Both watches go on after the server ends them (time-out, 410, a dropped connection): the Pod's starts again from a fresh read.
/// An error that isn't an end of stream completes the channel with it. Without the right to watch Events there are none.
/// </remarks>
internal sealed class AgentPodWatch(ClusterConnection connection, V1Pod pod, ChannelWriter<(V1Pod? Pod, Corev1Event? Event)> sightings, TimeProvider time)
{
    /// <summary>A server that ends every watch at once must not be asked in a tight loop.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    private readonly string _namespace = pod.Metadata.NamespaceProperty;
    private readonly string _name = pod.Metadata.Name;

    /// <summary>Ends with cancellation, which it doesn't throw, or when the Pod can't be followed any more.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var events = WatchEventsAsync(stop.Token);
        await WatchPodAsync(cancellationToken);
        await stop.CancelAsync();
        await events;
    }

    private async Task WatchPodAsync(CancellationToken cancellationToken)
    {
        var resourceVersion = pod.Metadata.ResourceVersion;
        var call = new ApiCall("watch", "pods", _namespace);
        try
        {
            while (true)
            {
                var path = $"{Collection("pods")}?watch=true&fieldSelector={Uri.EscapeDataString("metadata.name=" + _name)}&resourceVersion={resourceVersion}";
                await foreach (var (type, item) in ObjectWatch.ReadAsync(connection, call, path, cancellationToken))
                {
                    if (type is "ADDED" or "MODIFIED" or "DELETED")
                        sightings.TryWrite((Seen(type, KubernetesJson.Deserialize<V1Pod>(item)), null));
                }

                await Task.Delay(Pause, time, cancellationToken);
                var fresh = await connection.CallAsync(
                    new ApiCall("get", "pods", _namespace),
                    (client, token) => client.CoreV1.ReadNamespacedPodAsync(_name, _namespace, cancellationToken: token),
                    cancellationToken);
                resourceVersion = fresh.Metadata.ResourceVersion;
                sightings.TryWrite((fresh, null));
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            sightings.TryComplete();
        }
        catch (ClusterException error) when (error.Code == "api-not-found")
        {
            var gone = PodObstacle.Deleted(_name);
            sightings.TryComplete(new ClusterException(gone.Code, gone.Cause, gone.Remedy, error));
        }
        catch (Exception error)
        {
            sightings.TryComplete(error);
        }
    }

    private async Task WatchEventsAsync(CancellationToken cancellationToken)
    {
        var call = new ApiCall("watch", "events", _namespace);
        // Without a resourceVersion the present ones come first.
        var path = $"{Collection("events")}?watch=true&fieldSelector={Uri.EscapeDataString($"involvedObject.name={_name},involvedObject.kind=Pod")}";
        try
        {
            while (true)
            {
                await foreach (var (type, item) in ObjectWatch.ReadAsync(connection, call, path, cancellationToken))
                {
                    if (type is not ("ADDED" or "MODIFIED"))
                        continue;
                    var podEvent = KubernetesJson.Deserialize<Corev1Event>(item);
                    if (podEvent.InvolvedObject?.Uid == pod.Metadata.Uid)
                        sightings.TryWrite((null, podEvent));
                }

                await Task.Delay(Pause, time, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Nobody waits any more.
        }
        catch (ClusterException)
        {
            // Events only explain; the Pod's own watch says whether the API server is still there.
        }
    }

    /// <summary>The state of a Pod that was deleted looks alive.</summary>
    private static V1Pod Seen(string type, V1Pod seen)
    {
        if (type == "DELETED")
            seen.Metadata.DeletionTimestamp ??= seen.Metadata.CreationTimestamp ?? DateTime.UnixEpoch;
        return seen;
    }

    private string Collection(string resource) => $"api/v1/namespaces/{Uri.EscapeDataString(_namespace)}/{resource}";
}
