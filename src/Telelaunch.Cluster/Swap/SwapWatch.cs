using System.Text.Json.Nodes;
using Telelaunch.Net;

namespace Telelaunch.Cluster;

/// <summary>Follows a swapped workload while its session lasts and says what others do to it.</summary>
public sealed class SwapWatch(ClusterConnection connection, Swap swap, Action<string> say, TimeProvider time)
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private int _replicas;
    private string _templateHash = swap.Claim.TemplateHash;
    private bool _isEnded;

    /// <summary>Runs until cancelled, which it doesn't throw. Without the right to watch it ends at once, in silence: nothing depends on it.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var plan = swap.Plan;
        var path = $"{Workload.CollectionOf(plan.Namespace, plan.Kind)}?watch=true&fieldSelector={Uri.EscapeDataString("metadata.name=" + plan.Name)}";
        try
        {
            while (true)
            {
                try
                {
                    await foreach (var (type, item) in ObjectWatch.ReadAsync(connection, new ApiCall("watch", plan.Kind.Plural() + ".apps", plan.Namespace), path, cancellationToken))
                        See(type, new Workload(plan.Kind, JsonNode.Parse(item.GetRawText())!.AsObject()));
                }
                catch (ClusterException error) when (error.Code != "forbidden")
                {
                    // The network is away for a while; the tunnel tells of that.
                }
                await Task.Delay(Pause, time, cancellationToken);
            }
        }
        catch (ClusterException)
        {
            // Not allowed to watch.
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The session ends.
        }
    }

    private void See(string type, Workload workload)
    {
        if (_isEnded || type is not ("ADDED" or "MODIFIED" or "DELETED")) return;
        if (type == "DELETED")
        {
            _isEnded = true;
            say($"{swap.Plan} was deleted by somebody: there is nothing to put back, and no Service may lead here any more");
            return;
        }
        if (workload.Claim?.Session != swap.Claim.Session)
        {
            _isEnded = true;
            say(workload.Claim is { } other
                ? $"the swap of {swap.Plan} was taken over: {other.WhoAndSince} stands in for it now, and shares its callers with this process"
                : $"the swap of {swap.Plan} was ended by somebody: it has {RestoreResult.CountOf(workload.Replicas)} again, and they share its callers with this process");
            return;
        }
        if (workload.Replicas != _replicas)
        {
            say(workload.Replicas == 0
                ? $"{swap.Plan} has 0 replicas again: its callers come here alone"
                : $"somebody scaled {swap.Plan} to {workload.Replicas}: its Pods share the callers with this process, and that number stays at the end");
            _replicas = workload.Replicas;
        }
        if (workload.TemplateHash != _templateHash)
        {
            _templateHash = workload.TemplateHash;
            say($"{swap.Plan} was rolled out anew: the process still stands in for its older Pods; environment and volumes are those; at the end the new ones come");
        }
    }
}
