using Telelaunch.Cli.Session;
using Telelaunch.Cluster;
using Telelaunch.Net;

namespace Telelaunch.Cli.Guard;

/// <summary>Removes what a dead launcher has left.</summary>
internal static class SessionRemoval
{
    /// <summary>How long the pod's deletion is tried; afterwards the agent ends itself, because its client is gone.</summary>
    private static readonly TimeSpan LongestTry = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    public static async Task RunAsync(GuardedSession session, CommandHandle? command, CancellationToken cancellationToken)
    {
        // As when a terminal closes: the command may save what it has, and its network is gone anyway.
        command?.HangUp();
        RemoveDirectory(session.Directory);
        if (session is { Pod: { } pod, PodNamespace: { } podNamespace }) await DeletePodAsync(session, podNamespace, pod, cancellationToken);
    }

    private static void RemoveDirectory(string? directory)
    {
        try
        {
            if (directory is not null) Directory.Delete(directory, recursive: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Gone already, or the next session sweeps it.
        }
    }

    private static async Task DeletePodAsync(GuardedSession session, string podNamespace, string pod, CancellationToken cancellationToken)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bound.CancelAfter(LongestTry);
        while (!bound.IsCancellationRequested)
        {
            try
            {
                using var connection = ClusterAccess.Connect(new(session.Kubeconfig, session.Context, session.Namespace, session.As, Token: null));
                await AgentPod.DeleteAsync(connection, podNamespace, pod, podUid: null, bound.Token);
                return;
            }
            catch (Exception error) when (error is ClusterException or UsageException or OperationCanceledException)
            {
                await Task.Delay(Pause, bound.Token).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            }
        }
    }
}
