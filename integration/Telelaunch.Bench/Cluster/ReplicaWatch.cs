namespace Telelaunch.Bench.Cluster;

/// <summary>Follows how many Pods of a Deployment's own are ready; a Pod that stands in for them isn't counted.</summary>
internal sealed class ReplicaWatch : IAsyncDisposable
{
    /// <summary>Longest that replicas may take; reaching it ends the run, nothing waits for it.</summary>
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(3);

    private readonly ChildProcess _kubectl;
    private readonly string _deployment;

    private ReplicaWatch(ChildProcess kubectl, string deployment)
    {
        _kubectl = kubectl;
        _deployment = deployment;
    }

    /// <summary>Begins with what is there now, so that no change after this is missed.</summary>
    public static ReplicaWatch Start(BenchNamespace cluster, string deployment) => new(
        // The field is absent while it is 0.
        cluster.StartKubectl(["get", "deployment", deployment, "--watch", "-o", "jsonpath={.status.readyReplicas}{\"\\n\"}"], endsWithItsInput: false), deployment);

    /// <summary>Waits for the change to so many ready Pods, or takes it where it has happened since the last one waited for.</summary>
    /// <exception cref="BenchException">It doesn't come within three minutes, or can't be followed any more.</exception>
    public async Task WaitAsync(int ready, CancellationToken cancellationToken)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bound.CancelAfter(Bound);
        try
        {
            while (Count(await _kubectl.ReadLineAsync(bound.Token)) != ready)
            {
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new BenchException(
                $"deployment/{_deployment} hasn't {ready} ready Pods after {Bound.TotalMinutes} minutes.", "Look at its events: kubectl describe; the cluster may lack room for one more Pod.");
        }
    }

    public ValueTask DisposeAsync() => _kubectl.DisposeAsync();

    /// <summary>The number of one line; an empty one is 0, and null is none.</summary>
    internal static int? Count(string line) => line.Trim() switch
    {
        "" => 0,
        var text when int.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out int count) => count,
        _ => null,
    };
}
