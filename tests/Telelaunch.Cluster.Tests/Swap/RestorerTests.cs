using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Telelaunch.Net;

namespace Telelaunch.Cluster.Tests;

public sealed class RestorerTests : IAsyncLifetime
{
    private const string Roles = "/apis/rbac.authorization.k8s.io/v1/namespaces/play/roles";
    private const string Bindings = "/apis/rbac.authorization.k8s.io/v1/namespaces/play/rolebindings";
    private const string Accounts = "/api/v1/namespaces/play/serviceaccounts";
    private const string Deployments = "/apis/apps/v1/namespaces/play/deployments";
    private const string Name = "telelaunch-s1-restorer";

    private static readonly string[] s_collections = [Roles, Accounts, Bindings, Deployments];

    private readonly ManualTime _time = new();
    private readonly ConcurrentDictionary<string, JsonObject> _made = new();
    private readonly ConcurrentQueue<string> _order = new();

    private TestCluster _cluster = null!;
    private ClusterConnection _connection = null!;
    private SessionLease _lease = null!;
    private string _status = """{"readyReplicas":1}""";

    public async Task InitializeAsync()
    {
        _cluster = await TestCluster.StartAsync();
        _connection = _cluster.Connect();
        _lease = await TestLease.CreateAsync(_cluster.Server, _connection, _time);
        foreach (var collection in s_collections)
        {
            _cluster.Server.On("POST " + collection, context => CreateAsync(context, collection));
            _cluster.Server.On($"DELETE {collection}/{Name}", context => DeleteAsync(context, collection));
        }
        _cluster.Server.On($"GET {Deployments}/{Name}", context => TestApiServer.WriteAsync(context, 200, $$"""{"metadata":{"name":"{{Name}}"},"status":{{_status}}}"""));
    }

    public async Task DisposeAsync()
    {
        _connection.Dispose();
        await _cluster.DisposeAsync();
    }

    [Theory]
    [InlineData(WorkloadKind.Deployment, "deployments")]
    [InlineData(WorkloadKind.StatefulSet, "statefulsets")]
    [InlineData(WorkloadKind.ReplicaSet, "replicasets")]
    public void Role_GivesOneLeaseAndOneWorkloadAndNothingElse(WorkloadKind kind, string plural)
    {
        var role = RestorerManifest.Role(_lease, TestAgentApi.Options, new(kind, TestAgentApi.Data("workloads/deployment").AsObject()));

        Assert.Equal(
            $$"""[{"apiGroups":["coordination.k8s.io"],"resourceNames":["telelaunch-s1"],"resources":["leases"],"verbs":["get","delete"]},{"apiGroups":["apps"],"resourceNames":["hello"],"resources":["{{plural}}"],"verbs":["get","patch"]}]""",
            role["rules"]!.ToJsonString());
    }

    [Fact]
    public void RoleWithoutAWorkload_GivesTheLeaseAlone() => Assert.Equal(
        """[{"apiGroups":["coordination.k8s.io"],"resourceNames":["telelaunch-s1"],"resources":["leases"],"verbs":["get","delete"]}]""",
        RestorerManifest.Role(_lease, TestAgentApi.Options, workload: null)["rules"]!.ToJsonString());

    [Fact]
    public void RightsThatTheRoleGives_AreThoseThatTheUserIsAskedFor()
    {
        // Whoever makes a Role must have what it gives, or the API server refuses it as an escalation.
        foreach (var kind in Enum.GetValues<WorkloadKind>())
        {
            var role = RestorerManifest.Role(_lease, TestAgentApi.Options, new(kind, TestAgentApi.Data("workloads/deployment").AsObject()));
            var given = role["rules"]!.AsArray().SelectMany(rule => rule!["verbs"]!.AsArray().Select(verb => $"{verb} {rule["resources"]![0]}.{rule["apiGroups"]![0]}"));

            Assert.Empty(given.Except(ClusterRights.OfSwap(new(kind, "hello", null)).Select(right => right.ToString())));
        }
    }

    [Fact]
    public async Task Objects_BelongToTheLeaseAndBindTheRoleToTheAccountThatThePodRunsAs()
    {
        await StartAsync();

        Assert.Equal(s_collections, _order);
        Assert.All(_made.Values, made =>
        {
            Assert.Equal(Name, (string?)made["metadata"]!["name"]);
            Assert.Equal("""[{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","name":"telelaunch-s1","uid":"lease-uid"}]""", made["metadata"]!["ownerReferences"]!.ToJsonString());
            Assert.Equal("telelaunch", (string?)made["metadata"]!["labels"]!["app.kubernetes.io/managed-by"]);
            // By this label agent pods are swept and listed.
            Assert.Null(made["metadata"]!["labels"]!["telelaunch.dev/session"]);
        });
        Assert.Equal($$"""{"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"{{Name}}"}""", _made[Bindings]["roleRef"]!.ToJsonString());
        Assert.Equal($$"""[{"kind":"ServiceAccount","name":"{{Name}}","namespace":"play"}]""", _made[Bindings]["subjects"]!.ToJsonString());
        Assert.False((bool)_made[Accounts]["automountServiceAccountToken"]!);
        var pod = _made[Deployments]["spec"]!["template"]!["spec"]!;
        Assert.Equal(Name, (string?)pod["serviceAccountName"]);
        Assert.True((bool)pod["automountServiceAccountToken"]!);
    }

    [Fact]
    public async Task Pod_IsRestrictedAndKnowsItsLeaseAndItsWorkload()
    {
        await StartAsync();

        var deployment = _made[Deployments]["spec"]!;
        var pod = deployment["template"]!["spec"]!;
        var container = Assert.Single(pod["containers"]!.AsArray())!;
        Assert.Empty(RestrictedPod.Violations(pod));
        Assert.True((bool)container["securityContext"]!["readOnlyRootFilesystem"]!);
        Assert.Null(pod["securityContext"]!["runAsUser"]);
        Assert.Equal("""["/usr/bin/telelaunch-restorer","telelaunch-s1","deployment/hello","s1"]""", container["command"]!.ToJsonString());
        Assert.Equal("""["/usr/bin/telelaunch-restorer","ready"]""", container["readinessProbe"]!["exec"]!["command"]!.ToJsonString());
        Assert.Equal(AgentPodOptions.DefaultImage, (string?)container["image"]);
        Assert.Equal((1, "Recreate"), ((int)deployment["replicas"]!, (string?)deployment["strategy"]!["type"]));
        var labels = deployment["template"]!["metadata"]!["labels"]!;
        Assert.All(deployment["selector"]!["matchLabels"]!.AsObject(), label => Assert.Equal((string?)label.Value, (string?)labels[label.Key]));
        Assert.Contains(deployment["selector"]!["matchLabels"]!.AsObject(), label => (string?)label.Value == "s1");
    }

    [Fact]
    public async Task RestorerWithoutAWorkload_KnowsItsLeaseAlone()
    {
        await Restorer.StartAsync(_connection, _lease, TestAgentApi.Options with { ImagePullSecret = "registry" }, plan: null, _time, CancellationToken.None);

        var pod = _made[Deployments]["spec"]!["template"]!["spec"]!;
        Assert.Equal("""["/usr/bin/telelaunch-restorer","telelaunch-s1"]""", pod["containers"]![0]!["command"]!.ToJsonString());
        Assert.Equal("""[{"name":"registry"}]""", pod["imagePullSecrets"]!.ToJsonString());
    }

    [Theory]
    [InlineData(Roles, 0)]
    [InlineData(Accounts, 1)]
    [InlineData(Bindings, 2)]
    [InlineData(Deployments, 3)]
    public async Task WhatIsForbiddenInTheMidst_LeavesNothingBehind(string collection, int madeBefore)
    {
        var refusal = TestAgentApi.Data("refusals/role-escalation");
        _cluster.Server.On("POST " + collection, (int)refusal["status"]!, refusal["body"]!.ToJsonString());

        var error = await Assert.ThrowsAsync<ClusterException>(StartAsync);

        Assert.Equal("forbidden", error.Code);
        Assert.Contains("not currently held", error.Message, StringComparison.Ordinal);
        Assert.Equal(madeBefore, _order.Count);
        Assert.Empty(_made);
    }

    [Fact]
    public async Task ObjectThatMayNotBeDeleted_DoesntKeepTheOthersFromBeing()
    {
        _cluster.Server.On($"DELETE {Bindings}/{Name}", 403, """{"kind":"Status","message":"forbidden","code":403}""");
        _cluster.Server.On("POST " + Deployments, 403, """{"kind":"Status","message":"deployments.apps is forbidden","code":403}""");

        Assert.Contains("deployments.apps", (await Assert.ThrowsAsync<ClusterException>(StartAsync)).Message, StringComparison.Ordinal);
        Assert.Equal([Bindings], _made.Keys);
    }

    [Fact]
    public async Task RestorerThatIsNotReadyInTime_IsRemovedAndSaid()
    {
        _status = "{}";
        var starting = StartAsync();
        await _time.WaitForTimerAsync(TimeSpan.FromSeconds(1));
        _time.Advance(TimeSpan.FromSeconds(61));

        var error = await Assert.ThrowsAsync<ClusterException>(() => starting);

        Assert.Equal("restorer-not-ready", error.Code);
        Assert.Contains("within 60 s", error.Message, StringComparison.Ordinal);
        Assert.Empty(_made);
    }

    [Fact]
    public async Task RestorerWhosePodIsRefused_IsSaidAtOnce()
    {
        // The time stands still, so nothing but the refusal can end this.
        _status = """{"conditions":[{"type":"ReplicaFailure","status":"True","message":"exceeded quota: small"}]}""";

        var error = await Assert.ThrowsAsync<ClusterException>(StartAsync);

        Assert.Equal("restorer-not-ready", error.Code);
        Assert.Contains("exceeded quota: small", error.Message, StringComparison.Ordinal);
        Assert.Empty(_made);
    }

    [Fact]
    public async Task RestorerThatBecomesReady_IsWaitedFor()
    {
        _status = "{}";
        var starting = StartAsync();
        await _time.WaitForTimerAsync(TimeSpan.FromSeconds(1));
        Assert.False(starting.IsCompleted);
        _status = """{"replicas":1,"readyReplicas":1}""";
        _time.Advance(TimeSpan.FromSeconds(1));

        await starting;

        Assert.Equal(4, _made.Count);
    }

    [Fact]
    public async Task Cancellation_RemovesWhatWasMade()
    {
        using var cancel = new CancellationTokenSource();
        _status = "{}";
        var starting = StartAsync(cancel.Token);
        await _time.WaitForTimerAsync(TimeSpan.FromSeconds(1));

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => starting);
        Assert.Empty(_made);
    }

    [Fact]
    public async Task ServerThatDoesntAnswerAnyMore_HoldsTheEndUpFor10SecondsAtMost()
    {
        using var stop = new CancellationTokenSource();
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _cluster.Server.On("POST " + Deployments, 403, """{"kind":"Status","message":"deployments.apps is forbidden","code":403}""");
        _cluster.Server.On($"DELETE {Deployments}/{Name}", async context =>
        {
            asked.TrySetResult();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(static _ => { }, TaskScheduler.Default);
        });

        var starting = StartAsync();
        await asked.Task;
        _time.Advance(TimeSpan.FromSeconds(10));

        Assert.Equal("forbidden", (await Assert.ThrowsAsync<ClusterException>(() => starting)).Code);
    }

    private Task StartAsync() => StartAsync(CancellationToken.None);

    private async Task StartAsync(CancellationToken cancellationToken)
    {
        _ = TestWorkload.Deployment(_cluster.Server);
        var plan = await SwapPlan.ReadAsync(_connection, "default", new(WorkloadKind.Deployment, "hello", null), isForSwap: true, CancellationToken.None);
        await Restorer.StartAsync(_connection, _lease, TestAgentApi.Options, plan, _time, cancellationToken);
    }

    private Task CreateAsync(HttpContext context, string collection)
    {
        var body = _cluster.Server.Seen.Last(request => request.Trace == context.TraceIdentifier).Body;
        _made[collection] = JsonNode.Parse(body)!.AsObject();
        _order.Enqueue(collection);
        return TestApiServer.WriteAsync(context, 201, body);
    }

    private Task DeleteAsync(HttpContext context, string collection) => _made.TryRemove(collection, out _)
        ? TestApiServer.WriteAsync(context, 200, """{"kind":"Status","status":"Success"}""")
        : TestApiServer.WriteAsync(context, 404, """{"kind":"Status","message":"not found","code":404}""");
}
