using System.Text.Json;
using Telelaunch.Cli.Guard;
using Telelaunch.Cluster;
using Telelaunch.Cluster.Tests;

namespace Telelaunch.Cli.Swap.Tests;

/// <summary>The guard of a launcher that died while its session stood in for a workload.</summary>
public sealed class SwapGuardTests : IAsyncLifetime
{
    private TestCluster _cluster = null!;
    private TestLease _lease = null!;
    private TestWorkload _workload = null!;
    private string _before = "";

    public async Task InitializeAsync()
    {
        _cluster = await TestCluster.StartAsync();
        _lease = new(_cluster.Server);
        _lease.Put();
        var deployment = TestAgentApi.Data("workloads/deployment");
        deployment["metadata"]!["namespace"] = "play";
        _workload = new(_cluster.Server, WorkloadKind.Deployment, deployment);
        _before = _workload.Text;
        foreach (var resource in (string[])["pods", "secrets"]) _cluster.Server.On($"DELETE /api/v1/namespaces/play/{resource}/telelaunch-s1", 200, """{"kind":"Status","status":"Success"}""");
        using var connection = _cluster.Connect();
        var plan = await SwapPlan.ReadAsync(connection, "play", new(WorkloadKind.Deployment, "hello", null), isForSwap: true, CancellationToken.None);
        await Telelaunch.Cluster.Swap.ClaimAsync(connection, plan, "s1", new("jane", "desk"), TimeProvider.System, CancellationToken.None);
        _workload.Scale(0);
    }

    public async Task DisposeAsync() => await _cluster.DisposeAsync();

    [Fact]
    public async Task LauncherGone_PutsTheWorkloadBackFirst_ThenRemovesPodAndLease()
    {
        await GuardAsync(Session);

        Assert.Equal(_before, _workload.Text);
        Assert.Null(_lease.Json);
        var changes = _cluster.Server.Seen.Where(request => request.Method is "PATCH" or "DELETE").Select(request => $"{request.Method} {request.Path.Split('/')[^2]}").Where(change => change != "DELETE secrets").ToList();
        Assert.Equal(["PATCH deployments", "PATCH deployments", "DELETE pods", "DELETE leases"], changes);
    }

    [Fact]
    public async Task LauncherThatHadPutItBack_LeavesTheGuardNothing()
    {
        var asked = _cluster.Server.Seen.Count;

        await GuardAsync(Session, Session with { Done = true });

        Assert.Equal(asked, _cluster.Server.Seen.Count);
    }

    [Fact]
    public async Task SwapOfAnotherSession_IsLeftAsItIs()
    {
        var before = _workload.Text;

        await GuardAsync(Session with { Session = "s2" });

        Assert.Equal(before, _workload.Text);
    }

    private GuardedSession Session => new()
    {
        Kubeconfig = Path.Combine(_cluster.Directory, "config"),
        Context = "test",
        Namespace = "play",
        Pod = "telelaunch-s1",
        PodNamespace = "play",
        Session = "s1",
        Workload = "deployment/hello",
        HasLease = true,
    };

    private static async Task GuardAsync(params GuardedSession[] told)
    {
        using var lines = new StringReader(string.Concat(told.Select(session => JsonSerializer.Serialize(session, GuardJson.Default.GuardedSession) + "\n")));
        await new GuardWatch(SessionRemoval.RunAsync).RunAsync(lines, CancellationToken.None);
    }
}
