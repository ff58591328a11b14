using System.Globalization;
using System.Text.Json.Nodes;
using k8s.Models;
using Telelaunch.Net;

namespace Telelaunch.Cluster;

/// <summary>The Lease (coordination.k8s.io/v1) that a session renews: a sign of life, and the owner of everything that the session makes in the cluster.</summary>
/// <remarks>With the Lease goes, by the cluster's garbage collector, all that names it as owner: agent Pod, Secret, restorer and its Role.</remarks>
public sealed class SessionLease
{
    /// <summary>How often it is renewed.</summary>
    public static readonly TimeSpan RenewInterval = TimeSpan.FromSeconds(10);

    /// <summary>So old it says that its session is dead.</summary>
    public static readonly TimeSpan Expiry = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(2);

    /// <summary>Cleaning up must not hold up a launcher that is asked to end.</summary>
    private static readonly TimeSpan CleanUpTime = TimeSpan.FromSeconds(10);

    private readonly ClusterConnection _connection;
    private readonly TimeProvider _time;

    private SessionLease(ClusterConnection connection, string podNamespace, string name, string uid, TimeProvider time)
    {
        _connection = connection;
        _time = time;
        Namespace = podNamespace;
        Name = name;
        Uid = uid;
    }

    public string Namespace { get; }

    /// <summary>As the session's Pod: <see cref="AgentPod.NameOf"/>.</summary>
    public string Name { get; }

    public string Uid { get; }

    /// <summary>Makes it. When it throws, there is none.</summary>
    /// <exception cref="ClusterException"><c>forbidden</c> where this user may not make Leases, or not renew them; and those of every call.</exception>
    public static async Task<SessionLease> CreateAsync(ClusterConnection connection, string podNamespace, string session, AgentOwner owner, TimeProvider time, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(owner);
        ArgumentNullException.ThrowIfNull(time);
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            var lease = await MakeAsync(connection, podNamespace, session, owner, time);
            // A Lease that can be made and not renewed would have the restorer end a session that lives.
            await lease.RenewOnceAsync(CancellationToken.None);
            return lease;
        }
        catch (ClusterException)
        {
            // Also where no answer came: it may have been made all the same.
            await DeleteQuietlyAsync(connection, podNamespace, AgentPod.NameOf(session), time);
            throw;
        }
    }

    // Not cancelled on its way: it could be made all the same, with nobody to remove it.
    private static async Task<SessionLease> MakeAsync(ClusterConnection connection, string podNamespace, string session, AgentOwner owner, TimeProvider time)
    {
        var made = await connection.CreateJsonAsync(
            new ApiCall("create", "leases.coordination.k8s.io", podNamespace),
            CollectionOf(podNamespace),
            new JsonObject
            {
                ["apiVersion"] = "coordination.k8s.io/v1",
                ["kind"] = "Lease",
                ["metadata"] = new JsonObject
                {
                    ["name"] = AgentPod.NameOf(session),
                    ["labels"] = new JsonObject { [AgentPodManifest.SessionLabel] = session, [AgentPodManifest.OwnerLabel] = owner.Label },
                    ["annotations"] = new JsonObject { [NewDeployment.LauncherAnnotation] = LauncherIdentity.OfThisProcess() },
                },
                ["spec"] = new JsonObject
                {
                    ["holderIdentity"] = owner.Text,
                    ["leaseDurationSeconds"] = (int)Expiry.TotalSeconds,
                    ["acquireTime"] = Now(time),
                    ["renewTime"] = Now(time),
                },
            },
            CancellationToken.None);
        return new(connection, podNamespace, AgentPod.NameOf(session), Workload.Text(made["metadata"], "uid"), time);
    }

    /// <summary>Renews until cancelled, which it doesn't throw.</summary>
    /// <param name="lost">Called once when the Lease is gone; then this ends.</param>
    public async Task RenewAsync(Action lost, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lost);
        var pause = RenewInterval;
        try
        {
            while (true)
            {
                await Task.Delay(pause, _time, cancellationToken);
                pause = await TryRenewAsync(cancellationToken) switch
                {
                    true => RenewInterval,
                    false => RetryInterval,
                    null => Timeout.InfiniteTimeSpan,
                };
                if (pause == Timeout.InfiniteTimeSpan)
                {
                    lost();
                    return;
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The session ends.
        }
    }

    /// <summary>Deletes it, and with it everything that it owns. That it is gone already is no error.</summary>
    public Task DeleteAsync(CancellationToken cancellationToken) => DeleteAsync(_connection, Namespace, Name, cancellationToken);

    /// <summary>The same by its name.</summary>
    public static async Task DeleteAsync(ClusterConnection connection, string podNamespace, string name, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        try
        {
            await connection.DeleteAsync(
                new ApiCall("delete", "leases.coordination.k8s.io", podNamespace),
                PathOf(podNamespace, name),
                new V1DeleteOptions { ApiVersion = "v1", Kind = "DeleteOptions", PropagationPolicy = "Background" },
                cancellationToken);
        }
        catch (ClusterException error) when (error.Code is "api-not-found" or "namespace-not-found")
        {
            // Gone already.
        }
    }

    /// <summary>Deletes the Leases, with all that belongs to them, of an owner's sessions whose launcher on this machine is known to have ended.</summary>
    /// <remarks>A session whose workload is still swapped keeps its Lease: the restorer needs it.</remarks>
    /// <param name="kept">Sessions to be left alone.</param>
    /// <exception cref="ClusterException"><c>forbidden</c> where listing Leases isn't allowed, which a caller may pass over; and those of every call.</exception>
    public static async Task SweepAsync(ClusterConnection connection, string podNamespace, AgentOwner owner, IReadOnlyCollection<string> kept, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(owner);
        ArgumentNullException.ThrowIfNull(kept);
        var selector = Uri.EscapeDataString($"{AgentPodManifest.SessionLabel},{AgentPodManifest.OwnerLabel}={owner.Label}");
        var list = await connection.ReadJsonAsync(new ApiCall("list", "leases.coordination.k8s.io", podNamespace), $"{CollectionOf(podNamespace)}?labelSelector={selector}", cancellationToken);
        foreach (var lease in (list["items"] as JsonArray ?? []).OfType<JsonObject>())
        {
            var metadata = lease["metadata"]!;
            if (kept.Contains(Workload.Text(metadata["labels"], AgentPodManifest.SessionLabel))) continue;
            if (LauncherIdentity.IsAlive(Workload.Text(metadata["annotations"], NewDeployment.LauncherAnnotation)) == false)
                await DeleteAsync(connection, podNamespace, Workload.Text(metadata, "name"), cancellationToken);
        }
    }

    /// <summary>As an owner in the metadata of what the session makes.</summary>
    /// <param name="isController">A Pod with a controller isn't adopted by a ReplicaSet or StatefulSet whose selector matches it.</param>
    internal V1OwnerReference AsOwner(bool isController) =>
        new() { ApiVersion = "coordination.k8s.io/v1", Kind = "Lease", Name = Name, Uid = Uid, Controller = isController ? true : null };

    internal static string CollectionOf(string podNamespace) => $"apis/coordination.k8s.io/v1/namespaces/{Uri.EscapeDataString(podNamespace)}/leases";

    internal static string PathOf(string podNamespace, string name) => $"{CollectionOf(podNamespace)}/{Uri.EscapeDataString(name)}";

    /// <summary>A MicroTime: without a fraction of a second the API server refuses it.</summary>
    internal static string Now(TimeProvider time) => time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);

    private Task<JsonObject> RenewOnceAsync(CancellationToken cancellationToken) => _connection.PatchJsonAsync(
        new ApiCall("patch", "leases.coordination.k8s.io", Namespace),
        PathOf(Namespace, Name),
        new JsonObject { ["spec"] = new JsonObject { ["renewTime"] = Now(_time) } },
        cancellationToken);

    private static async Task DeleteQuietlyAsync(ClusterConnection connection, string podNamespace, string name, TimeProvider time)
    {
        using var deadline = new CancellationTokenSource(CleanUpTime, time);
        try
        {
            await DeleteAsync(connection, podNamespace, name, deadline.Token);
        }
        catch (Exception error) when (error is ClusterException or OperationCanceledException)
        {
            // Nothing belongs to it yet; the next restore sweeps it.
        }
    }

    /// <returns>Null when the Lease is gone.</returns>
    private async Task<bool?> TryRenewAsync(CancellationToken cancellationToken)
    {
        try
        {
            await RenewOnceAsync(cancellationToken);
            return true;
        }
        catch (ClusterException error) when (error.Code is "api-not-found" or "namespace-not-found")
        {
            return null;
        }
        catch (ClusterException)
        {
            // The network, or the server, is away for a while; the tunnel tells of that.
            return false;
        }
    }
}
