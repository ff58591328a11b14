using System.Text.Json.Nodes;
using Telelaunch.Net;

namespace Telelaunch.Cluster.Tests;

public sealed class NewDeploymentTests : IAsyncLifetime
{
    private const string Deployments = "/apis/apps/v1/namespaces/play/deployments";
    private const string Services = "/api/v1/namespaces/play/services";
    private const string Secrets = "/api/v1/namespaces/play/secrets";
    private const string Exists = """{"kind":"Status","message":"\"web\" already exists","reason":"AlreadyExists","code":409}""";
    private const string Forbidden = """{"kind":"Status","message":"forbidden","reason":"Forbidden","code":403}""";

    private TestCluster _cluster = null!;
    private ClusterConnection _connection = null!;

    public async Task InitializeAsync()
    {
        _cluster = await TestCluster.StartAsync();
        _connection = _cluster.Connect();
        foreach (var collection in (string[])[Deployments, Services, Secrets])
        {
            _cluster.Server.On("POST " + collection, context =>
            {
                var made = JsonNode.Parse(_cluster.Server.Seen.Last(request => request.Trace == context.TraceIdentifier).Body)!;
                made["metadata"]!["uid"] = "uid-of-" + collection.Split('/')[^1];
                return TestApiServer.WriteAsync(context, 201, made.ToJsonString());
            });
            _cluster.Server.On($"DELETE {collection}/web", 200, """{"kind":"Status","status":"Success"}""");
        }
        _cluster.Server.On("GET /api/v1/namespaces/play/pods", 200, """{"items":[{"metadata":{"name":"web-1-x","namespace":"play","uid":"p"}}]}""");
    }

    public async Task DisposeAsync()
    {
        _connection.Dispose();
        await _cluster.DisposeAsync();
    }

    [Fact]
    public async Task Objects_AreADeploymentThatOwnsTheSecretAndTheService()
    {
        var pod = await CreateAsync(8080, 9090);

        Assert.Equal("web-1-x", pod.Metadata.Name);
        Assert.Equal([Deployments, Secrets, Services], Made().Select(request => request.Path));
        var (deployment, secret, service) = (Body(Deployments), Body(Secrets), Body(Services));
        Assert.All([secret, service], owned => Assert.Equal("""[{"apiVersion":"apps/v1","kind":"Deployment","name":"web","uid":"uid-of-deployments"}]""", owned["metadata"]!["ownerReferences"]!.ToJsonString()));
        Assert.Equal("telelaunch-s1", (string?)secret["metadata"]!["name"]);
        Assert.Equal(("web", 1, "Recreate"), ((string?)deployment["metadata"]!["name"], (int)deployment["spec"]!["replicas"]!, (string?)deployment["spec"]!["strategy"]!["type"]));
        Assert.Equal(LauncherIdentity.OfThisProcess(), (string?)deployment["metadata"]!["annotations"]!["telelaunch.dev/launcher"]);
        Assert.Null(deployment["metadata"]!["ownerReferences"]);
    }

    [Fact]
    public async Task Service_LeadsToThePortsOfThatPodAlone()
    {
        await CreateAsync(8080, 9090);

        var (deployment, service) = (Body(Deployments), Body(Services));
        Assert.Equal("web", (string?)service["metadata"]!["name"]);
        Assert.Equal(
            """[{"name":"tcp-8080","port":8080,"protocol":"TCP","targetPort":8080},{"name":"tcp-9090","port":9090,"protocol":"TCP","targetPort":9090}]""",
            service["spec"]!["ports"]!.ToJsonString());
        var labels = deployment["spec"]!["template"]!["metadata"]!["labels"]!;
        Assert.Equal("""{"app":"web","telelaunch.dev/session":"s1"}""", service["spec"]!["selector"]!.ToJsonString());
        Assert.All((JsonObject[])[service["spec"]!["selector"]!.AsObject(), deployment["spec"]!["selector"]!["matchLabels"]!.AsObject()], selector =>
            Assert.All(selector, label => Assert.Equal((string?)label.Value, (string?)labels[label.Key])));
    }

    [Fact]
    public async Task Pod_IsTheAgentsRestrictedAndComesAgainAfterItsEnd()
    {
        await CreateAsync(8080);

        var pod = Body(Deployments)["spec"]!["template"]!["spec"]!;
        Assert.Empty(RestrictedPod.Violations(pod));
        Assert.Equal("Always", (string?)pod["restartPolicy"]);
        Assert.Equal("""[{"containerPort":8080,"protocol":"TCP"}]""", pod["containers"]![0]!["ports"]!.ToJsonString());
    }

    [Fact]
    public async Task WithoutPorts_ThereIsNoService()
    {
        await CreateAsync();

        Assert.Equal([Deployments, Secrets], Made().Select(request => request.Path));
    }

    [Fact]
    public async Task Lease_OwnsTheDeployment()
    {
        var lease = await TestLease.CreateAsync(_cluster.Server, _connection);

        var json = new NewDeployment("web", [80]).Json(TestAgentApi.Options with { Lease = lease });

        Assert.Equal("lease-uid", (string?)json["metadata"]!["ownerReferences"]![0]!["uid"]);
        Assert.Null(json["spec"]!["template"]!["metadata"]!["ownerReferences"]);
    }

    [Theory]
    [InlineData(Deployments, "a Deployment web")]
    [InlineData(Services, "a Service web")]
    public async Task NameThatIsTaken_IsSaidWithWhatElseThereIs(string collection, string said)
    {
        _cluster.Server.On("POST " + collection, 409, Exists);

        var error = await Assert.ThrowsAsync<ClusterException>(() => CreateAsync(80));

        Assert.Equal("workload-exists", error.Code);
        Assert.Contains(said, error.Message, StringComparison.Ordinal);
        Assert.Contains("--swap-deployment web", error.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PodThatIsRefused_IsSaid()
    {
        _cluster.Server.On("GET /api/v1/namespaces/play/pods", 200, """{"items":[]}""");
        _cluster.Server.On($"GET {Deployments}/web", 200, """{"metadata":{"name":"web"},"status":{"conditions":[{"type":"ReplicaFailure","status":"True","message":"exceeded quota: small"}]}}""");

        var error = await Assert.ThrowsAsync<ClusterException>(() => CreateAsync(80));

        Assert.Equal("agent-pod-not-created", error.Code);
        Assert.Contains("exceeded quota: small", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_ThatFailsOnATakenName_LeavesTheOthersObjects()
    {
        _cluster.Server.On("POST " + Deployments, 409, Exists);
        Found(Deployments, "s9");
        Found(Services, "s9");
        var options = TestAgentApi.Options with { NewDeployment = new("web", [80]) };

        var error = await Assert.ThrowsAsync<ClusterException>(() => AgentPod.StartAsync(_connection, options, TestAgentApi.Secret, _ => { }, CancellationToken.None));

        Assert.Equal("workload-exists", error.Code);
        Assert.Empty(Deleted());
    }

    [Fact]
    public async Task Start_ThatFailsOnATakenService_RemovesItsOwnDeployment()
    {
        _cluster.Server.On("POST " + Services, 409, Exists);
        Found(Deployments, "s1");
        Found(Services, "s9");
        var options = TestAgentApi.Options with { NewDeployment = new("web", [80]) };

        await Assert.ThrowsAsync<ClusterException>(() => AgentPod.StartAsync(_connection, options, TestAgentApi.Secret, _ => { }, CancellationToken.None));

        Assert.Equal([Deployments + "/web"], Deleted().Select(request => request.Path));
    }

    [Fact]
    public async Task Delete_RemovesTheServiceFirst_AndOnlyThoseThatItHasSeen()
    {
        Found(Deployments, "s1");
        Found(Services, "s1");

        await DeleteAsync();

        Assert.Equal([Services + "/web", Deployments + "/web"], Deleted().Select(request => request.Path));
        Assert.All(Deleted(), request => Assert.Equal("""{"uid":"u"}""", JsonNode.Parse(request.Body)!["preconditions"]!.ToJsonString()));
    }

    [Fact]
    public async Task Delete_LeavesWhatIsAnothersOrNobodys()
    {
        Found(Deployments, "s2");
        Found(Services, null);

        await DeleteAsync();

        Assert.Empty(Deleted());
    }

    [Fact]
    public async Task Delete_OfWhatIsGone_IsNoError() => await DeleteAsync();

    [Theory]
    [InlineData("GET")]
    [InlineData("DELETE")]
    public async Task ServiceThatMayNotBeDeleted_DoesntKeepTheDeploymentWhichOwnsIt(string verb)
    {
        Found(Deployments, "s1");
        Found(Services, "s1");
        _cluster.Server.On($"{verb} {Services}/web", 403, Forbidden);

        await DeleteAsync();

        Assert.Equal(Deployments + "/web", Deleted().Last().Path);
    }

    [Fact]
    public async Task DeploymentThatMayNotBeDeleted_IsSaid()
    {
        Found(Deployments, "s1");
        _cluster.Server.On($"DELETE {Deployments}/web", 403, Forbidden);

        Assert.Equal("forbidden", (await Assert.ThrowsAsync<ClusterException>(DeleteAsync)).Code);
    }

    private Task<k8s.Models.V1Pod> CreateAsync(params int[] ports)
    {
        var deployment = new NewDeployment("web", ports);
        return deployment.CreateAsync(_connection, TestAgentApi.Options with { NewDeployment = deployment }, TestAgentApi.Secret, CancellationToken.None);
    }

    private Task DeleteAsync() => NewDeployment.DeleteAsync(_connection, "play", "web", "s1", CancellationToken.None);

    private void Found(string collection, string? session) => _cluster.Server.On($"GET {collection}/web", 200, new JsonObject
    {
        ["metadata"] = new JsonObject { ["name"] = "web", ["uid"] = "u", ["labels"] = session is null ? null : new JsonObject { ["telelaunch.dev/session"] = session } },
    }.ToJsonString());

    private IEnumerable<SeenRequest> Made() => _cluster.Server.Seen.Where(request => request.Method == "POST");

    private IEnumerable<SeenRequest> Deleted() => _cluster.Server.Seen.Where(request => request.Method == "DELETE");

    private JsonNode Body(string collection) => JsonNode.Parse(Made().Single(request => request.Path == collection).Body)!;
}
