using Telelaunch.Attach;
using Telelaunch.Cli.Session;
using Telelaunch.Cluster;
using Telelaunch.Linux;
using Telelaunch.Net;

namespace Telelaunch.Cli.Guard;

/// <summary>Removes what a dead launcher has left.</summary>
internal static class SessionRemoval
{
    /// <summary>How long it is tried; afterwards the agent ends itself, because its client is gone, and the restorer in the cluster has put the workload back.</summary>
    private static readonly TimeSpan LongestTry = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    public static async Task RunAsync(GuardedSession session, ProcessHandle? command, CancellationToken cancellationToken)
    {
        // As when a terminal closes: the command may save what it has, and its network is gone anyway.
        command?.HangUp();
        if (session is { Attached: { } attached, Directory: { } directory }) await DetachAsync(attached, directory, cancellationToken);
        RemoveDirectory(session.Directory);
        RemoveDirectory(session.FetchedDirectory);
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bound.CancelAfter(LongestTry);
        // What others wait for comes first.
        if (session is { Workload: not null }) await RepeatAsync(session, RestoreAsync, bound.Token);
        if (session is { NewDeployment: not null }) await RepeatAsync(session, DeleteDeploymentAsync, bound.Token);
        if (session is { Pod: not null }) await RepeatAsync(session, DeletePodAsync, bound.Token);
        if (session is { HasLease: true }) await RepeatAsync(session, DeleteLeaseAsync, bound.Token);
    }

    /// <summary>The process is to go on outside. One that isn't told, or doesn't listen, finds out by itself at its next call.</summary>
    private static async Task DetachAsync(GuardedProcess attached, string directory, CancellationToken cancellationToken)
    {
        try
        {
            var process = await new DotnetProcesses().FindAsync(attached.ProcessId, cancellationToken);
            if (process is { DiagnosticsSocket: { } socket } && process.StartTime == attached.StartTime)
                await RuntimeAttach.CarryOutAsync(socket, attached.Shim, AttachVerb.Detach, directory, cancellationToken);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The order can't be written: the shim's folder is gone.
        }
    }

    private static Task RestoreAsync(GuardedSession session, ClusterConnection connection, CancellationToken cancellationToken)
    {
        var workload = WorkloadReference.TryParse(session.Workload!)!;
        return SwapRestore.RunAsync(connection, session.PodNamespace!, workload.Kind, workload.Name, session.Session, TimeProvider.System, cancellationToken);
    }

    private static Task DeleteDeploymentAsync(GuardedSession session, ClusterConnection connection, CancellationToken cancellationToken) =>
        NewDeployment.DeleteAsync(connection, session.PodNamespace!, session.NewDeployment!, session.Session!, cancellationToken);

    private static Task DeletePodAsync(GuardedSession session, ClusterConnection connection, CancellationToken cancellationToken) =>
        AgentPod.DeleteAsync(connection, session.PodNamespace!, session.Pod!, podUid: null, cancellationToken);

    private static Task DeleteLeaseAsync(GuardedSession session, ClusterConnection connection, CancellationToken cancellationToken) =>
        SessionLease.DeleteAsync(connection, session.PodNamespace!, session.Pod!, cancellationToken);

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

    private static async Task RepeatAsync(GuardedSession session, Func<GuardedSession, ClusterConnection, CancellationToken, Task> remove, CancellationToken bound)
    {
        while (!bound.IsCancellationRequested)
        {
            try
            {
                using var connection = ClusterAccess.Connect(new(session.Kubeconfig, session.Context, session.Namespace, session.As, Token: null));
                await remove(session, connection, bound);
                return;
            }
            catch (Exception error) when (error is ClusterException or UsageException or OperationCanceledException)
            {
                await Task.Delay(Pause, bound).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            }
        }
    }
}
