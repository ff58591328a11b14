using Telelaunch.Bench.Cluster;
using Telelaunch.Bench.Measurement;

namespace Telelaunch.Bench.Routes;

/// <summary>Opens the ways that are compared in the other direction: from an application in the cluster to a server on this machine.</summary>
/// <param name="caller">Where the applications run.</param>
/// <param name="opener">Starts what leads them here, through the API server or over a distance.</param>
/// <param name="server">Path of the server's program.</param>
internal sealed class ReverseRouteOpener(BenchNamespace cluster, CallerPod caller, RouteOpener opener, string server)
{
    public const string SshPeer = "ssh -R";

    /// <summary>A session of <c>telelaunch run --expose</c> with the server in it.</summary>
    /// <param name="carrier"><c>ssh</c> or <c>direct</c>.</param>
    public async Task<Route> TelelaunchAsync(string carrier, CancellationToken cancellationToken)
    {
        var local = new LocalServer(server);
        var served = new AwaitedLines(local.ServedLines);
        string[] before = await cluster.AgentPodsAsync(cancellationToken);
        var telelaunch = opener.StartTelelaunch(carrier, "quiet", local.Command, served.Take, local.ExposeOptions, endsWithItsInput: false);
        try
        {
            await telelaunch.WhileRunningAsync(served.Seen.WaitAsync, cancellationToken);
            string pod = (await cluster.AgentPodsAsync(cancellationToken)).Except(before).Single();
            return await RouteAsync($"telelaunch-{carrier}", "shim", carrier, pod, ProcessSet.Of(telelaunch.Id), [telelaunch], cancellationToken);
        }
        catch
        {
            await telelaunch.DisposeAsync();
            throw;
        }
    }

    /// <summary>Telepresence 1's shape: application → sshd in a pod → port-forward → ssh client → server; OpenSSH's default ciphers.</summary>
    /// <remarks>With a session beside the forwards, because its connects take 40 ms longer without one: the peer is what it can be.</remarks>
    public async Task<Route> SshAsync(CancellationToken cancellationToken)
    {
        var local = new LocalServer(server);
        var process = await local.StartAsync(cancellationToken);
        OpenSshClient? ssh = null;
        try
        {
            ssh = await opener.StartSshAsync(local.RemoteForwards, hasSession: true, LocalServer.ForwardedLines, cancellationToken);
            return await RouteAsync(
                SshPeer, SshPeer, null, BenchNamespace.Sshd, ProcessSet.Of(ssh.ProcessId, Environment.ProcessId), [process, ssh], cancellationToken);
        }
        catch
        {
            if (ssh is not null)
                await ssh.DisposeAsync();
            await process.DisposeAsync();
            throw;
        }
    }

    private async Task<Route> RouteAsync(
        string name, string method, string? carrier, string pod, ProcessSet local, IReadOnlyList<IAsyncDisposable> parts, CancellationToken cancellationToken)
    {
        string address = await cluster.PodAddressAsync(pod, cancellationToken);
        var app = await caller.OpenAsync(cancellationToken);
        return new(name, method, app, new(address, BenchNamespace.BytesPort), new(address, BenchNamespace.GreetingPort)) { Carrier = carrier, Local = local, Pod = pod, Parts = parts };
    }
}
