using System.Text.Json.Nodes;
using Telelaunch.Net;

namespace Telelaunch.Cluster.Tests;

public sealed class SessionLeaseTests : IAsyncLifetime
{
    private const string Forbidden = """{"kind":"Status","message":"leases.coordination.k8s.io is forbidden: User \"dev\" cannot","reason":"Forbidden","code":403}""";

    private readonly ManualTime _time = new();
    private readonly TaskCompletionSource _lost = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private TestCluster _cluster = null!;
    private ClusterConnection _connection = null!;
    private TestLease _api = null!;

    public async Task InitializeAsync()
    {
        _cluster = await TestCluster.StartAsync();
        _connection = _cluster.Connect();
        _api = new(_cluster.Server);
    }

    public async Task DisposeAsync()
    {
        _connection.Dispose();
        await _cluster.DisposeAsync();
    }

    [Fact]
    public async Task Lease_SaysWhoseItIsAndForHowLong_InTimesWithAFraction()
    {
        var lease = await CreateAsync();

        Assert.Equal(("telelaunch-s1", "play", "lease-uid"), (lease.Name, lease.Namespace, lease.Uid));
        var made = JsonNode.Parse(_cluster.Server.Seen.Single(request => request.Method == "POST").Body)!;
        Assert.Equal("coordination.k8s.io/v1 Lease", $"{made["apiVersion"]} {made["kind"]}");
        Assert.Equal("""{"telelaunch.dev/session":"s1","telelaunch.dev/owner":"jane_at_desk"}""", made["metadata"]!["labels"]!.ToJsonString());
        Assert.Equal(LauncherIdentity.OfThisProcess(), (string?)made["metadata"]!["annotations"]!["telelaunch.dev/launcher"]);
        Assert.Equal(
            """{"holderIdentity":"jane@desk","leaseDurationSeconds":60,"acquireTime":"1970-01-01T00:00:00.000000Z","renewTime":"1970-01-01T00:00:00.000000Z"}""",
            made["spec"]!.ToJsonString());
    }

    [Fact]
    public void Time_HasSixDigitsOfAFraction()
    {
        Assert.Equal("1970-01-01T00:00:00.000000Z", SessionLease.Now(_time));
        _time.Advance(TimeSpan.FromTicks(12_345_678));
        Assert.Equal("1970-01-01T00:00:01.234567Z", SessionLease.Now(_time));
    }

    [Fact]
    public async Task Renewals_ComeEvery10Seconds()
    {
        var lease = await CreateAsync();
        using var stop = new CancellationTokenSource();
        await ReadRenewalAsync();
        var renewing = lease.RenewAsync(_lost.SetResult, stop.Token);

        for (var renewal = 1; renewal <= 3; renewal++)
        {
            await _time.WaitForTimerAsync(SessionLease.RenewInterval);
            _time.Advance(SessionLease.RenewInterval);
            Assert.Equal($"1970-01-01T00:00:{10 * renewal}.000000Z", await ReadRenewalAsync());
        }

        await stop.CancelAsync();
        await renewing;
        Assert.False(_lost.Task.IsCompleted);
        Assert.All(_cluster.Server.Seen.Where(request => request.Method == "PATCH"), request => Assert.Equal(["spec"], JsonNode.Parse(request.Body)!.AsObject().Select(field => field.Key)));
    }

    [Fact]
    public async Task LeaseThatSomebodyDeleted_IsToldOnceAndNotRenewedAnyMore()
    {
        var lease = await CreateAsync();
        var renewing = lease.RenewAsync(_lost.SetResult, CancellationToken.None);
        _api.Delete();

        await _time.WaitForTimerAsync(SessionLease.RenewInterval);
        _time.Advance(SessionLease.RenewInterval);

        await renewing;
        Assert.True(_lost.Task.IsCompletedSuccessfully);
    }

    [Fact]
    public async Task ServerThatIsAway_IsAskedAgainAfter2Seconds()
    {
        var lease = await CreateAsync();
        using var stop = new CancellationTokenSource();
        var failures = 0;
        _api.BeforeRenewal = async context =>
        {
            if (failures++ == 2) return false;
            if (failures == 1) context.Abort();
            else await TestApiServer.WriteAsync(context, 500, "etcdserver: no leader", "text/plain");
            return true;
        };
        await ReadRenewalAsync();
        var renewing = lease.RenewAsync(_lost.SetResult, stop.Token);

        await _time.WaitForTimerAsync(SessionLease.RenewInterval);
        _time.Advance(SessionLease.RenewInterval);
        foreach (var _ in (int[])[1, 2])
        {
            await _time.WaitForTimerAsync(TimeSpan.FromSeconds(2));
            _time.Advance(TimeSpan.FromSeconds(2));
        }

        Assert.Equal("1970-01-01T00:00:14.000000Z", await ReadRenewalAsync());
        await _time.WaitForTimerAsync(SessionLease.RenewInterval);
        await stop.CancelAsync();
        await renewing;
        Assert.False(_lost.Task.IsCompleted);
    }

    [Fact]
    public async Task WithoutTheRightToMakeIt_ThatIsSaid()
    {
        _cluster.Server.On("POST " + TestLease.Collection, 403, Forbidden);

        Assert.Equal("forbidden", (await Assert.ThrowsAsync<ClusterException>(CreateAsync)).Code);
    }

    [Fact]
    public async Task WithoutTheRightToRenewIt_ThereIsNone()
    {
        _cluster.Server.On("PATCH " + TestLease.Path, 403, Forbidden);

        Assert.Equal("forbidden", (await Assert.ThrowsAsync<ClusterException>(CreateAsync)).Code);
        Assert.Null(_api.Json);
    }

    [Fact]
    public async Task LeaseWhoseAnswerIsLost_IsDeleted()
    {
        var isMade = false;
        _cluster.Server.On("POST " + TestLease.Collection, context =>
        {
            _api.Put();
            isMade = true;
            context.Abort();
            return Task.CompletedTask;
        });

        await Assert.ThrowsAsync<ClusterException>(CreateAsync);

        Assert.True(isMade);
        Assert.Null(_api.Json);
    }

    [Fact]
    public async Task Cancelled_NoneIsMade()
    {
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => SessionLease.CreateAsync(_connection, "play", "s1", new("jane", "desk"), _time, new CancellationToken(canceled: true)));

        Assert.DoesNotContain(_cluster.Server.Seen, request => request.Method == "POST");
    }

    [Fact]
    public async Task Delete_TakesWhatItOwnsWithIt_AndTwiceIsNoError()
    {
        var lease = await CreateAsync();

        await lease.DeleteAsync(CancellationToken.None);
        await lease.DeleteAsync(CancellationToken.None);

        Assert.Null(_api.Json);
        Assert.All(
            _cluster.Server.Seen.Where(request => request.Method == "DELETE"),
            request => Assert.Equal("""{"apiVersion":"v1","kind":"DeleteOptions","propagationPolicy":"Background"}""", JsonNode.Parse(request.Body)!.ToJsonString()));
    }

    [Fact]
    public async Task Sighting_ChangesWithEachRenewal_AndTellsWhenItIsGone()
    {
        var missing = await SightAsync();
        _api.Put();
        var (first, same) = (await SightAsync(), await SightAsync());
        _api.Renew();
        var renewed = await SightAsync();
        _api.Delete();

        Assert.True(missing.IsGone);
        Assert.False(first.IsGone);
        Assert.Equal(first, same);
        Assert.NotEqual(first.Version, renewed.Version);
        Assert.True((await SightAsync()).IsGone);
    }

    [Fact]
    public async Task LeaseThatIsBeingDeleted_IsGone()
    {
        _cluster.Server.On("GET " + TestLease.Path, 200, """{"metadata":{"name":"telelaunch-s1","resourceVersion":"7","deletionTimestamp":"2026-11-23T00:00:00Z"}}""");

        Assert.True((await SightAsync()).IsGone);
    }

    [Fact]
    public async Task Sweep_DeletesTheLeasesOfDeadLaunchersOfThisMachineAlone()
    {
        var parts = LauncherIdentity.OfThisProcess().Split('/');
        var dead = $"{parts[0]}/{parts[1]}/1";
        var leases = new JsonArray(Lease("dead", dead), Lease("kept", dead), Lease("alive", LauncherIdentity.OfThisProcess()), Lease("elsewhere", "another-boot.1/2/3"), Lease("unknown", null));
        _cluster.Server.On("GET " + TestLease.Collection, 200, new JsonObject { ["items"] = leases }.ToJsonString());
        _cluster.Server.On($"DELETE {TestLease.Collection}/telelaunch-dead", 200, """{"kind":"Status","status":"Success"}""");

        await SessionLease.SweepAsync(_connection, "play", new("jane", "desk"), ["kept"], CancellationToken.None);

        Assert.Equal($"{TestLease.Collection}/telelaunch-dead", Assert.Single(_cluster.Server.Seen, request => request.Method == "DELETE").Path);
        Assert.Contains("labelSelector=telelaunch.dev%2Fsession%2Ctelelaunch.dev%2Fowner%3Djane_at_desk", _cluster.Server.Seen.First().Query, StringComparison.OrdinalIgnoreCase);

        static JsonNode Lease(string session, string? launcher) => new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["name"] = "telelaunch-" + session,
                ["labels"] = new JsonObject { ["telelaunch.dev/session"] = session },
                ["annotations"] = launcher is null ? null : new JsonObject { ["telelaunch.dev/launcher"] = launcher },
            },
        };
    }

    private Task<SessionLease> CreateAsync() => SessionLease.CreateAsync(_connection, "play", "s1", new("jane", "desk"), _time, CancellationToken.None);

    private Task<LeaseSighting> SightAsync() => LeaseSighting.ReadAsync(_connection, "play", "telelaunch-s1", CancellationToken.None);

    private async Task<string> ReadRenewalAsync() => await _api.Renewals.ReadAsync();
}
