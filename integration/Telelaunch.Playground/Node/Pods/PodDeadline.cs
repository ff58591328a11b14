using System.Text.Json.Nodes;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Node.Pods;

/// <summary>A pod's <c>activeDeadlineSeconds</c>, counted from its start; it may be set and shortened while the pod lives.</summary>
internal sealed class PodDeadline(DateTimeOffset start, TimeProvider time)
{
    public const string Reason = "DeadlineExceeded";
    public const string Message = "Pod was active on the node longer than the specified deadline";

    // A timer can't wait for the longest deadline that is allowed (68 years).
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(1);

    private volatile State _state = new(null, new(TaskCreationOptions.RunContinuationsAsynchronously));

    public void Update(JsonObject pod)
    {
        DateTimeOffset? end = pod.At("spec", "activeDeadlineSeconds") is { } seconds ? start.AddSeconds(seconds.Number()) : null;
        Interlocked.Exchange(ref _state, new(end, new(TaskCreationOptions.RunContinuationsAsynchronously))).Change.SetResult();
    }

    /// <summary>Ends when the deadline has passed.</summary>
    public async Task PassAsync(CancellationToken cancellation)
    {
        while (true)
        {
            var (end, change) = _state;
            var left = end - time.GetUtcNow() ?? LongestWait;
            if (left <= TimeSpan.Zero)
                return;
            try
            {
                await change.Task.WaitAsync(left < LongestWait ? left : LongestWait, time, cancellation);
            }
            catch (TimeoutException)
            {
                // The clock says whether it was that long.
            }
        }
    }

    private sealed record State(DateTimeOffset? End, TaskCompletionSource Change);
}
