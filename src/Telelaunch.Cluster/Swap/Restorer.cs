using System.Text.Json.Nodes;
using k8s.Models;
using Telelaunch.Net;

namespace Telelaunch.Cluster;

/// <summary>The program in the cluster that puts a workload back when its session has died; started and removed with the session.</summary>
public static class Restorer
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    /// <summary>Cleaning up must not hold up a launcher that is asked to end.</summary>
    private static readonly TimeSpan CleanUpTime = TimeSpan.FromSeconds(10);

    /// <summary>Makes it and waits until it runs. When it throws, all of it is gone again.</summary>
    /// <param name="plan">Null where nothing has to be put back and only what the session made has to go.</param>
    /// <exception cref="ClusterException"><c>forbidden</c> where this user may not make Roles; <c>restorer-not-ready</c>; and those of every call.</exception>
    public static async Task StartAsync(ClusterConnection connection, SessionLease lease, AgentPodOptions options, SwapPlan? plan, TimeProvider time, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(lease);
        ArgumentNullException.ThrowIfNull(options);
        var workload = plan?.Workload;
        try
        {
            // The Role first: it is what users lack the right for, and then nothing else need be made.
            await CreateAsync("roles.rbac.authorization.k8s.io", "apis/rbac.authorization.k8s.io/v1", RestorerManifest.Role(lease, options, workload));
            await CreateAsync("serviceaccounts", "api/v1", RestorerManifest.ServiceAccount(lease, options));
            await CreateAsync("rolebindings.rbac.authorization.k8s.io", "apis/rbac.authorization.k8s.io/v1", RestorerManifest.RoleBinding(lease, options));
            await CreateAsync("deployments.apps", "apis/apps/v1", RestorerManifest.Deployment(lease, options, workload));
            await WaitUntilReadyAsync(connection, lease, options, time, cancellationToken);
        }
        catch
        {
            await RemoveAsync(connection, lease, time);
            throw;
        }

        async Task CreateAsync(string resource, string group, JsonObject body)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var path = $"{group}/namespaces/{Uri.EscapeDataString(lease.Namespace)}/{resource.Split('.')[0]}";
            await connection.CreateJsonAsync(new ApiCall("create", resource, lease.Namespace), path, body, CancellationToken.None);
        }
    }

    private static async Task WaitUntilReadyAsync(ClusterConnection connection, SessionLease lease, AgentPodOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        var path = $"{Workload.CollectionOf(lease.Namespace, WorkloadKind.Deployment)}/{RestorerManifest.NameOf(lease)}";
        var began = time.GetTimestamp();
        while (true)
        {
            var status = (await connection.ReadJsonAsync(new ApiCall("get", "deployments.apps", lease.Namespace), path, cancellationToken))["status"];
            if (Workload.Number(status, "readyReplicas") > 0) return;
            // What the API server refuses a Pod for stands here: a quota, Pod Security.
            var refused = (status?["conditions"] as JsonArray ?? []).FirstOrDefault(condition => Workload.Text(condition, "type") == "ReplicaFailure" && Workload.Text(condition, "status") == "True");
            if (refused is not null || time.GetElapsedTime(began) > options.Timeout)
            {
                throw new ClusterException(
                    "restorer-not-ready",
                    $"The restorer {RestorerManifest.NameOf(lease)} doesn't become ready{(refused is null ? $" within {options.Timeout.TotalSeconds:0} s" : ": " + Workload.Text(refused, "message"))}.",
                    "Raise --agent-timeout if the cluster only is slow; `kubectl describe pod` shows more while it starts.");
            }
            await Task.Delay(Pause, time, cancellationToken);
        }
    }

    /// <summary>The Lease's end would take them as well; but the session may go on without a restorer.</summary>
    private static async Task RemoveAsync(ClusterConnection connection, SessionLease lease, TimeProvider time)
    {
        using var deadline = new CancellationTokenSource(CleanUpTime, time);
        foreach (var (resource, group) in ((string, string)[])[("deployments.apps", "apis/apps/v1"), ("rolebindings.rbac.authorization.k8s.io", "apis/rbac.authorization.k8s.io/v1"),
            ("roles.rbac.authorization.k8s.io", "apis/rbac.authorization.k8s.io/v1"), ("serviceaccounts", "api/v1")])
        {
            try
            {
                await connection.DeleteAsync(
                    new ApiCall("delete", resource, lease.Namespace),
                    $"{group}/namespaces/{Uri.EscapeDataString(lease.Namespace)}/{resource.Split('.')[0]}/{RestorerManifest.NameOf(lease)}",
                    new V1DeleteOptions { ApiVersion = "v1", Kind = "DeleteOptions", PropagationPolicy = "Background" },
                    deadline.Token);
            }
            catch (Exception error) when (error is ClusterException or OperationCanceledException)
            {
                // Not made, not ours to delete, or the API server is away: it goes with the Lease.
            }
        }
    }
}
