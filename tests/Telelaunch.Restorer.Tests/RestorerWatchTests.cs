using System.Collections.Concurrent;
using Telelaunch.Cluster;
using Telelaunch.Cluster.Tests;

namespace Telelaunch.Restorer.Tests;

public sealed class RestorerWatchTests : IAsyncLifetime, IDisposable
{
    /// <summary>As many looks at an unchanged Lease as make its session dead.</summary>
    private const int LooksUntilDeath = 20;

    private const string Away = "etcdserver: no leader";

    private readonly ManualTime _time = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<string> _log = new();

    private TestCluster _cluster = null!;
    private ClusterConnection _connection = null!;
    private TestLease _lease = null!;
    private TestWorkload _workload = null!;
    private string _before = "";

    private string ReadyPath => Path.Combine(_cluster.Directory, "lease-seen");

    public async Task InitializeAsync()
    {
        _cluster = await TestCluster.StartAsync();
        _connection = _cluster.Connect();
        _lease = new(_cluster.Server);
        _lease.Put();
        var deployment = TestAgentApi.Data("workloads/deployment");
        deployment["metadata"]!["namespace"] = "play";
        _workload = new(_cluster.Server, WorkloadKind.Deployment, deployment);
        _before = _workload.Text;
        await ClaimAsync("s1");
        _workload.Scale(0);
    }

    public async Task DisposeAsync()
    {
        _connection.Dispose();
        await _cluster.DisposeAsync();
    }

    public void Dispose() => _stop.Dispose();

    [Fact]
    public async Task LeaseThatIsntRenewedFor60Seconds_IsDead_AndTheWorkloadIsPutBackWithin90()
    {
        var watching = Watch();
        await LookAsync(LooksUntilDeath - 1);
        await SettleAsync();
        Assert.Equal(57, _time.GetUtcNow().Second);
        Assert.NotNull(_workload.Claim);

        await LookAsync(1);
        await watching;

        Assert.Equal(_before, _workload.Text);
        Assert.Null(_lease.Json);
        Assert.InRange(_time.GetUtcNow() - DateTimeOffset.UnixEpoch, TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(75));
        Assert.Contains("the Lease wasn't renewed for 60 s: its session is dead", _log);
        Assert.Contains("deployment/hello is put back: 2 replicas", _log);
    }

    [Fact]
    public async Task LeaseThatIsRenewed_IsAliveHoweverLongItLasts()
    {
        var watching = Watch();
        for (var renewal = 0; renewal < 20; renewal++)
        {
            await LookAsync(LooksUntilDeath - 1);
            await SettleAsync();
            _lease.Renew();
        }
        await LookAsync(1);
        Assert.False(watching.IsCompleted);
        Assert.Equal(0, _workload.Replicas);

        await LookAsync(LooksUntilDeath);
        await watching;
        Assert.Equal(_before, _workload.Text);
    }

    [Fact]
    public async Task WhileTheServerIsAway_NothingIsCounted()
    {
        var watching = Watch();
        await LookAsync(LooksUntilDeath - 2);
        await SettleAsync();
        _cluster.Server.Gate = async context =>
        {
            await TestApiServer.WriteAsync(context, 500, Away, "text/plain");
            return true;
        };
        await LookAsync(100);
        await SettleAsync();
        _cluster.Server.Gate = null;
        Assert.Contains(_log, line => line.Contains(Away, StringComparison.Ordinal));

        await LookAsync(1);
        await SettleAsync();
        Assert.Equal(0, _workload.Replicas);
        _lease.Renew();
        await LookAsync(LooksUntilDeath);
        await SettleAsync();
        Assert.Equal(0, _workload.Replicas);
        await LookAsync(1);
        await watching;
        Assert.Equal(_before, _workload.Text);
    }

    [Fact]
    public async Task AfterItsOwnRestart_ItCountsAnew()
    {
        var first = Watch();
        await LookAsync(LooksUntilDeath - 1);
        await SettleAsync();
        await _stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);

        using var stop = new CancellationTokenSource();
        var second = Watch(cancellationToken: stop.Token);
        await LookAsync(LooksUntilDeath - 1);
        await SettleAsync();
        Assert.Equal(0, _workload.Replicas);
        await LookAsync(1);
        await second;
        Assert.Equal(_before, _workload.Text);
    }

    [Fact]
    public async Task LeaseThatIsGone_MeansThatNobodyElsePutsItBack()
    {
        _lease.Delete();

        await Watch();

        Assert.Equal(_before, _workload.Text);
        Assert.Contains("the Lease is gone", _log);
    }

    [Fact]
    public async Task LeaseThatGoesInTheMidst_EndsTheWaiting()
    {
        var watching = Watch();
        await LookAsync(2);
        await SettleAsync();
        _lease.Delete();
        await LookAsync(1);

        await watching;
        Assert.Equal(_before, _workload.Text);
    }

    [Fact]
    public async Task RestoreThatFails_IsToldAndRepeated()
    {
        _lease.Delete();
        var patches = 0;
        _workload.BeforePatch = () => ++patches <= 3 ? throw new InvalidOperationException("a server that breaks down") : Task.CompletedTask;

        var watching = Watch();
        for (var attempt = 1; attempt <= 3; attempt++) await RetryAsync();
        await watching;

        Assert.Equal(_before, _workload.Text);
        Assert.Equal(3, _log.Count(line => line.StartsWith("failed to restore deployment/hello: ", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task ClaimThatCannotBeRead_IsWaitedForUntilSomebodyHasPutItBack()
    {
        _lease.Delete();
        _workload.Edit(json => json["metadata"]!["annotations"]![SwapClaim.Annotation] = "edited by hand");
        var watching = Watch();
        await RetryAsync();
        await SettleAsync();
        Assert.False(watching.IsCompleted);
        _workload.Edit(json => json["metadata"]!["annotations"]!.AsObject().Remove(SwapClaim.Annotation));

        await RetryAsync();
        await watching;

        Assert.Contains("deployment/hello was put back before", _log);
    }

    [Fact]
    public async Task LeaseThatCannotBeDeleted_IsTriedAgain()
    {
        var deletions = 0;
        _cluster.Server.Gate = async context =>
        {
            if (context.Request.Method != "DELETE" || ++deletions > 2) return false;
            await TestApiServer.WriteAsync(context, 500, Away, "text/plain");
            return true;
        };
        var watching = Watch();
        await LookAsync(LooksUntilDeath);
        await RetryAsync();
        await RetryAsync();
        await watching;

        Assert.Null(_lease.Json);
        Assert.Equal(_before, _workload.Text);
    }

    [Fact]
    public async Task SwapOfAnotherSession_IsLeftAsItIs()
    {
        _workload.Edit(json => json["metadata"]!["annotations"]!.AsObject().Remove(SwapClaim.Annotation));
        _workload.Scale(2);
        await ClaimAsync("s2");
        var before = _workload.Text;
        _lease.Delete();

        await Watch();

        Assert.Equal(before, _workload.Text);
        Assert.Contains("deployment/hello is another session's by now", _log);
    }

    [Fact]
    public async Task WorkloadThatWasScaledMeanwhile_KeepsItsNumber()
    {
        _workload.Scale(5);
        _lease.Delete();

        await Watch();

        Assert.Equal((5, null), (_workload.Replicas, _workload.Claim));
        Assert.Contains("deployment/hello was scaled meanwhile and keeps its 5 replicas", _log);
    }

    [Fact]
    public async Task WorkloadThatWasDeleted_IsNothingToPutBack()
    {
        _workload.Delete();
        _lease.Delete();

        await Watch();

        Assert.Contains("deployment/hello was deleted meanwhile", _log);
    }

    [Fact]
    public async Task WithoutAWorkload_OnlyTheLeaseGoes()
    {
        var before = _workload.Text;
        var asked = _cluster.Server.Seen.Count;
        var watching = Watch(new("telelaunch-s1", null, null));
        await LookAsync(LooksUntilDeath);
        await watching;

        Assert.Null(_lease.Json);
        Assert.Equal(before, _workload.Text);
        Assert.All(_cluster.Server.Seen.Skip(asked), request => Assert.Equal(TestLease.Path, request.Path));
    }

    [Fact]
    public async Task Probe_IsAnsweredOnceTheLeaseWasSeen()
    {
        var reads = 0;
        _cluster.Server.Gate = async context =>
        {
            if (++reads > 2) return false;
            await TestApiServer.WriteAsync(context, 403, """{"kind":"Status","message":"leases.coordination.k8s.io \"telelaunch-s1\" is forbidden","code":403}""");
            return true;
        };
        var watching = Watch();
        await LookAsync(1);
        await SettleAsync();
        Assert.False(File.Exists(ReadyPath));

        await LookAsync(1);
        await SettleAsync();
        Assert.True(File.Exists(ReadyPath));

        await _stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => watching);
    }

    private Task Watch(RestorerTask? task = null, CancellationToken? cancellationToken = null) => new RestorerWatch(
        _connection, "play", task ?? new("telelaunch-s1", new(WorkloadKind.Deployment, "hello", null), "s1"), _time, _log.Enqueue)
    { ReadyPath = ReadyPath }.RunAsync(cancellationToken ?? _stop.Token);

    /// <summary>Waits until it has looked and rests.</summary>
    private Task SettleAsync() => _time.WaitForTimerAsync(RestorerWatch.Interval);

    /// <summary>Lets it look so many times more, one interval after the other.</summary>
    private async Task LookAsync(int times)
    {
        for (var look = 0; look < times; look++)
        {
            await SettleAsync();
            _time.Advance(RestorerWatch.Interval);
        }
    }

    private async Task RetryAsync()
    {
        await _time.WaitForTimerAsync(TimeSpan.FromSeconds(2));
        _time.Advance(TimeSpan.FromSeconds(2));
    }

    private async Task ClaimAsync(string session)
    {
        var plan = await SwapPlan.ReadAsync(_connection, "play", new(WorkloadKind.Deployment, "hello", null), isForSwap: false, CancellationToken.None);
        await Swap.ClaimAsync(_connection, plan, session, new("jane", "desk"), _time, CancellationToken.None);
    }
}
