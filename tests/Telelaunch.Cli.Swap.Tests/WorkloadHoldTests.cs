using System.Text;
using Telelaunch.Cli.Output;
using Telelaunch.Cli.Session;
using Telelaunch.Cluster;
using Telelaunch.Cluster.Tests;
using Telelaunch.Net;

namespace Telelaunch.Cli.Swap.Tests;

public sealed class WorkloadHoldTests : IAsyncLifetime, IDisposable
{
    private const string Forbidden = """{"kind":"Status","message":"leases.coordination.k8s.io is forbidden: User \"dev\" cannot","code":403}""";

    private readonly MemoryStream _errors = new();

    private TestCluster _cluster = null!;
    private ClusterConnection _connection = null!;
    private TestWorkload _workload = null!;
    private WorkloadHold _hold = null!;

    private static AgentPodOptions Pod => new() { Namespace = "default", SessionId = "s1", Owner = AgentOwner.OfThisUser() };

    private string Said => Encoding.UTF8.GetString(_errors.ToArray());

    public async Task InitializeAsync()
    {
        _cluster = await TestCluster.StartAsync();
        _connection = _cluster.Connect();
        _workload = TestWorkload.Deployment(_cluster.Server);
        _hold = WorkloadHold.Nothing(_connection, new Screen(Stream.Null, _errors), TimeProvider.System);
    }

    public async Task DisposeAsync()
    {
        await _hold.DisposeAsync();
        _connection.Dispose();
        await _cluster.DisposeAsync();
    }

    public void Dispose() => _errors.Dispose();

    [Fact]
    public async Task ClaimWhoseAnswerIsLost_IsTakenBackInSilence()
    {
        var before = _workload.Text;
        var answers = 0;
        _workload.AfterPatch = () => answers++ == 0;

        await Assert.ThrowsAsync<ClusterException>(ClaimAsync);
        Assert.NotNull(_workload.Claim);

        Assert.True(await _hold.RestoreAsync());
        Assert.Equal(before, _workload.Text);
        Assert.Empty(Said);
    }

    [Fact]
    public async Task ClaimWhoseAnswerIsLost_IsLeftToTheGuardWhereTheServerStaysAway()
    {
        _workload.AfterPatch = () => true;
        await Assert.ThrowsAsync<ClusterException>(ClaimAsync);
        _workload.Refuse("GET", 500, "etcdserver: no leader");

        Assert.False(await _hold.RestoreAsync());
        Assert.Contains("telelaunch restore deployment/hello -n default", Said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WorkloadThatWasChangedSinceItWasRead_IsReadAnewAndClaimed()
    {
        var plan = await PlanAsync();
        _workload.Settle();

        await _hold.ClaimAsync(plan, Pod, PlanAsync, _ => { }, CancellationToken.None);

        Assert.NotNull(_workload.Claim);
        Assert.True(await _hold.RestoreAsync());
        Assert.Contains("deployment/hello is put back: 2 replicas", Said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task DeadSessionOfOnesOwn_IsPutBackFirst()
    {
        await ClaimBeforeAsync(AgentOwner.OfThisUser(), isDead: true);
        _workload.Scale(0);
        _workload.Settle();
        List<string> notes = [];
        // The controller sees the restore when it is looked at for the second time, as it does a moment later.
        var reads = 0;
        _workload.BeforeRead = () =>
        {
            if (_workload.Replicas == 2 && ++reads == 2) _workload.Settle();
            return Task.CompletedTask;
        };

        await _hold.ClaimAsync(await PlanAsync(), Pod, PlanAsync, notes.Add, CancellationToken.None);

        Assert.Equal(2, _hold.Swap!.Claim.Replicas);
        Assert.Contains("a session of yours that died", Assert.Single(notes), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task SessionThatLivesOrIsSomebodyElses_IsRespected(bool isOwn)
    {
        await ClaimBeforeAsync(isOwn ? AgentOwner.OfThisUser() : new("bob", "lap"), isDead: !isOwn);
        var before = _workload.Text;

        Assert.Equal("swapped-already", (await Assert.ThrowsAsync<ClusterException>(ClaimAsync)).Code);

        Assert.True(await _hold.RestoreAsync());
        Assert.Equal(before, _workload.Text);
        Assert.Empty(Said);
    }

    [Theory]
    [InlineData(WorkloadKind.Deployment, true)]
    [InlineData(WorkloadKind.ReplicaSet, false)]
    public async Task WithoutALease_OnlyWhatCannotAdoptTheAgentsPodIsSwapped(WorkloadKind kind, bool isSwapped)
    {
        _workload = new(_cluster.Server, kind, TestAgentApi.Data("workloads/deployment"));
        _cluster.Server.On("POST /apis/coordination.k8s.io/v1/namespaces/default/leases", 403, Forbidden);
        await ClaimAsync();

        if (isSwapped)
        {
            Assert.False(await _hold.TryCreateLeaseAsync(Pod, CancellationToken.None));
            return;
        }
        var error = await Assert.ThrowsAsync<ClusterException>(() => _hold.TryCreateLeaseAsync(Pod, CancellationToken.None));
        Assert.Equal("forbidden", error.Code);
        Assert.Contains("adopted by replicaset/hello", error.Message, StringComparison.Ordinal);
    }

    private async Task ClaimAsync() => await _hold.ClaimAsync(await PlanAsync(), Pod, PlanAsync, _ => { }, CancellationToken.None);

    private Task<SwapPlan> PlanAsync() => SwapPlan.ReadAsync(_connection, "default", new(_workload.Kind, "hello", null), isForSwap: true, CancellationToken.None);

    private async Task ClaimBeforeAsync(AgentOwner owner, bool isDead)
    {
        var claim = (await Telelaunch.Cluster.Swap.ClaimAsync(_connection, await PlanAsync(), "s9", owner, TimeProvider.System, CancellationToken.None)).Claim;
        var parts = claim.Launcher.Split('/');
        if (isDead) _workload.Edit(json => json["metadata"]!["annotations"]![SwapClaim.Annotation] = (claim with { Launcher = $"{parts[0]}/{parts[1]}/1" }).ToText());
        _workload.Settle();
    }
}
