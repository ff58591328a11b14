using System.Text.Json.Nodes;
using Telelaunch.Net;

namespace Telelaunch.Cluster.Tests;

public sealed class SwappedWorkloadTests : IAsyncLifetime
{
    private const string Apps = "/apis/apps/v1/namespaces/default/";
    private const string Forbidden = """{"kind":"Status","message":"forbidden","reason":"Forbidden","code":403}""";

    private TestCluster _cluster = null!;
    private ClusterConnection _connection = null!;

    public async Task InitializeAsync()
    {
        _cluster = await TestCluster.StartAsync();
        _connection = _cluster.Connect();
        foreach (var kind in (string[])["deployments", "statefulsets", "replicasets"]) List(kind);
    }

    public async Task DisposeAsync()
    {
        _connection.Dispose();
        await _cluster.DisposeAsync();
    }

    [Fact]
    public async Task List_HasEveryWorkloadThatCanBeSwapped_AndWhoStandsInForIt()
    {
        List("deployments", Item("hello"), Item("web", Claim("s1").ToText()), Item("telelaunch-s1-restorer", label: "telelaunch.dev/restorer"));
        List("statefulsets", Item("db", "by hand"));
        List("replicasets", Item("hello-9f476f6c4", owner: "hello"), Item("alone"));

        var found = await ListAsync();

        Assert.Equal(["deployment/hello", "deployment/web", "statefulset/db", "replicaset/alone"], found.Select(workload => workload.ToString()));
        Assert.Equal([false, true, true, false], found.Select(workload => workload.IsSwapped));
        Assert.Equal(Claim("s1"), found[1].Claim);
        Assert.Null(found[2].Claim);
    }

    [Fact]
    public async Task KindThatMayNotBeListed_IsLeftOut()
    {
        List("deployments", Item("hello"));
        _cluster.Server.On($"GET {Apps}statefulsets", 403, Forbidden);
        _cluster.Server.On($"GET {Apps}replicasets", 403, Forbidden);

        Assert.Equal("deployment/hello", Assert.Single(await ListAsync()).ToString());
    }

    [Fact]
    public async Task NothingThatMayBeListed_IsRefused()
    {
        foreach (var kind in (string[])["deployments", "statefulsets", "replicasets"]) _cluster.Server.On($"GET {Apps}{kind}", 403, Forbidden);

        Assert.Equal("forbidden", (await Assert.ThrowsAsync<ClusterException>(ListAsync)).Code);
    }

    [Fact]
    public async Task Find_IsNothingWhereThereIsNone()
    {
        var workload = TestWorkload.Deployment(_cluster.Server);
        var reference = new WorkloadReference(WorkloadKind.Deployment, "hello", null);
        Assert.Equal(2, (await SwappedWorkload.FindAsync(_connection, "default", reference, CancellationToken.None))!.Replicas);

        workload.Delete();

        Assert.Null(await SwappedWorkload.FindAsync(_connection, "default", reference, CancellationToken.None));
    }

    [Fact]
    public async Task SessionOfThisMachine_LivesAsLongAsItsLauncher()
    {
        var parts = LauncherIdentity.OfThisProcess().Split('/');

        Assert.Equal(SessionLife.Alive, await LifeAsync(Claim("s1") with { Launcher = LauncherIdentity.OfThisProcess() }));
        Assert.Equal(SessionLife.Dead, await LifeAsync(Claim("s1") with { Launcher = $"{parts[0]}/{parts[1]}/1" }));
        Assert.DoesNotContain(_cluster.Server.Seen, request => request.Path.Contains("/pods/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task WorkloadThatASessionMade_IsTold_AndIsDeadOnlyWhereItsLauncherIsSeenToBe()
    {
        var parts = LauncherIdentity.OfThisProcess().Split('/');
        List("deployments", Made("mine", LauncherIdentity.OfThisProcess()), Made("dead", $"{parts[0]}/{parts[1]}/1"), Made("elsewhere", "another-boot.1/2/3"), Made("unknown", null));

        var found = await ListAsync();

        Assert.All(found, workload => Assert.Equal("s1", workload.MadeBy?.Session));
        Assert.All(found, workload => Assert.False(workload.IsSwapped));
        Assert.Equal(
            [SessionLife.Alive, SessionLife.Dead, SessionLife.Alive, SessionLife.Alive],
            await Task.WhenAll(found.Select(workload => workload.FindLifeAsync(_connection, CancellationToken.None))));

        static JsonNode Made(string name, string? launcher)
        {
            var item = Item(name, label: "telelaunch.dev/session");
            if (launcher is not null) item["metadata"]!["annotations"]!["telelaunch.dev/launcher"] = launcher;
            return item;
        }
    }

    [Theory]
    [InlineData("""{"status":{"phase":"Running"}}""", SessionLife.Alive)]
    [InlineData("""{"status":{"phase":"Pending"}}""", SessionLife.Alive)]
    [InlineData("""{"status":{"phase":"Succeeded"}}""", SessionLife.Dead)]
    [InlineData("""{"status":{"phase":"Failed"}}""", SessionLife.Dead)]
    [InlineData("""{"metadata":{"deletionTimestamp":"2026-11-23T00:00:00Z"},"status":{"phase":"Running"}}""", SessionLife.Dead)]
    [InlineData("""{"status":{"phase":"Running","containerStatuses":[{"name":"sidecar","state":{"running":{}}},{"name":"main","state":{"running":{}}}]}}""", SessionLife.Alive)]
    [InlineData("""{"status":{"phase":"Running","containerStatuses":[{"name":"sidecar","state":{"terminated":{"exitCode":0}}},{"name":"main","state":{"running":{}}}]}}""", SessionLife.Alive)]
    [InlineData("""{"status":{"phase":"Running","containerStatuses":[{"name":"sidecar","state":{"running":{}}},{"name":"main","state":{"terminated":{"exitCode":0}}}]}}""", SessionLife.Dead)]
    public async Task SessionOfAnotherMachine_LivesAsLongAsItsAgent(string pod, SessionLife life)
    {
        var json = JsonNode.Parse(pod)!;
        if (json["metadata"] is null) json["metadata"] = new JsonObject();
        _cluster.Server.On("GET /api/v1/namespaces/default/pods/telelaunch-s1", 200, json.ToJsonString());

        Assert.Equal(life, await LifeAsync(Claim("s1")));
    }

    [Fact]
    public async Task SessionWithoutAPodOrWithoutAClaimThatCanBeRead_IsDead()
    {
        _cluster.Server.On("GET /api/v1/namespaces/default/pods/telelaunch-s1", 404, """{"kind":"Status","message":"pods \"telelaunch-s1\" not found","code":404}""");

        Assert.Equal(SessionLife.Dead, await LifeAsync(Claim("s1")));
        Assert.Equal(SessionLife.Dead, await LifeAsync(null));
    }

    [Fact]
    public async Task ServerThatIsAway_DoesntMakeASessionDead()
    {
        _cluster.Server.On("GET /api/v1/namespaces/default/pods/telelaunch-s1", 500, "etcdserver: no leader", "text/plain");

        Assert.Equal("api-error", (await Assert.ThrowsAsync<ClusterException>(() => LifeAsync(Claim("s1")))).Code);
    }

    private Task<SessionLife> LifeAsync(SwapClaim? claim) => new SwappedWorkload(WorkloadKind.Deployment, "default", "web", 0, IsSwapped: true, claim).FindLifeAsync(_connection, CancellationToken.None);

    private Task<IReadOnlyList<SwappedWorkload>> ListAsync() => SwappedWorkload.ListAsync(_connection, "default", CancellationToken.None);

    private static SwapClaim Claim(string session) => new() { Session = session, Owner = "jane@desk", Since = DateTimeOffset.UnixEpoch, Replicas = 2, Container = "main", TemplateHash = "00", Launcher = "another-boot.1/2/3" };

    private void List(string kind, params JsonNode[] items) => _cluster.Server.On($"GET {Apps}{kind}", 200, new JsonObject { ["items"] = new JsonArray(items) }.ToJsonString());

    private static JsonNode Item(string name, string? claim = null, string? owner = null, string? label = null)
    {
        var item = TestAgentApi.Data("workloads/deployment");
        item["metadata"]!["name"] = name;
        if (claim is not null) item["metadata"]!["annotations"]![SwapClaim.Annotation] = claim;
        if (owner is not null) item["metadata"]!["ownerReferences"] = new JsonArray(new JsonObject { ["kind"] = "Deployment", ["name"] = owner, ["controller"] = true });
        if (label is not null) item["metadata"]!["labels"]![label] = "s1";
        return item;
    }
}
