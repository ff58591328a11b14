using System.Text.Json.Nodes;
using Telelaunch.Net;

namespace Telelaunch.Cluster.Tests;

public sealed class SwapPlanTests : IAsyncLifetime
{
    private const string Forbidden = """{"kind":"Status","message":"forbidden: User \"dev\" cannot","reason":"Forbidden","code":403}""";

    private TestCluster _cluster = null!;
    private ClusterConnection _connection = null!;

    public async Task InitializeAsync()
    {
        _cluster = await TestCluster.StartAsync();
        _connection = _cluster.Connect();
        foreach (var list in (string[])["/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers", "/apis/policy/v1/namespaces/default/poddisruptionbudgets", "/api/v1/namespaces/default/pods"])
            List(list);
    }

    public async Task DisposeAsync()
    {
        _connection.Dispose();
        await _cluster.DisposeAsync();
    }

    [Fact]
    public async Task RecordedDeployment_IsReadAndNothingIsChanged()
    {
        _ = TestWorkload.Deployment(_cluster.Server);

        var plan = await ReadAsync("hello");

        Assert.Equal(("deployment/hello", "nginx", "default"), (plan.ToString(), plan.Container, plan.Namespace));
        Assert.Equal([80], plan.DeclaredPorts);
        Assert.Empty(plan.Findings);
        Assert.All(_cluster.Server.Seen, request => Assert.Equal("GET", request.Method));
    }

    [Fact]
    public async Task Patches_AreWhatASwapSends()
    {
        _ = TestWorkload.Deployment(_cluster.Server);

        var patches = (await ReadAsync("hello")).DescribePatches("telelaunch-s1");

        Assert.Equal(["deployment/hello", "pod/telelaunch-s1", "deployment/hello", "deployment/hello"], patches.Select(patch => patch.Name));
        Assert.Contains(SwapClaim.Annotation, patches[0].Patch, StringComparison.Ordinal);
        Assert.Equal("""{"metadata":{"labels":{"app":"hello"}}}""", patches[1].Patch);
        Assert.Equal("""{"spec":{"replicas":0}}""", patches[2].Patch);
        Assert.Equal("""{"metadata":{"annotations":{"telelaunch.dev/swap":null}},"spec":{"replicas":2}}""", patches[3].Patch);
    }

    [Fact]
    public async Task MissingWorkload_IsSaidWithWhatToLookFor()
    {
        _cluster.Server.On("GET /apis/apps/v1/namespaces/default/deployments/nosuch", 404, """{"kind":"Status","message":"deployments.apps \"nosuch\" not found","code":404}""");

        var error = await RefusedAsync("nosuch");

        Assert.Equal("workload-not-found", error.Code);
        Assert.Contains("kubectl get deployments -n default", error.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WithoutTheRightToReadIt_TheRightIsSaid()
    {
        _cluster.Server.On("GET /apis/apps/v1/namespaces/default/deployments/hello", 403, Forbidden);

        Assert.Equal("forbidden", (await RefusedAsync("hello")).Code);
    }

    [Fact]
    public async Task SeveralContainersWithoutAChoice_AreRefusedAndNamed()
    {
        TwoContainers();

        var error = await RefusedAsync("hello");

        Assert.Equal("container-ambiguous", error.Code);
        Assert.Contains("nginx, logs", error.Message, StringComparison.Ordinal);
        Assert.Contains("--swap deployment/hello/container/nginx", error.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ContainerThatIsNamed_IsTheSwappedOne()
    {
        TwoContainers();

        var plan = await ReadAsync("hello:logs");

        Assert.Equal("logs", plan.Container);
        Assert.Equal([9100], plan.DeclaredPorts);
        Assert.Empty(plan.Findings);
    }

    [Fact]
    public async Task ContainerThatIsNone_IsRefusedWithTheOnesThatThereAre()
    {
        TwoContainers();

        var error = await RefusedAsync("hello:nosuch");

        Assert.Equal("container-not-found", error.Code);
        Assert.Contains("nginx, logs", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task DefaultContainerAnnotation_ChoosesAndIsSaid()
    {
        DefaultContainer("logs");

        var plan = await ReadAsync("hello");

        Assert.Equal("logs", plan.Container);
        Assert.Equal("container-by-annotation", Assert.Single(plan.Findings).Code);
        Assert.Equal("nginx", (await ReadAsync("hello:nginx")).Container);
    }

    [Fact]
    public async Task DefaultContainerAnnotationOfNone_LeavesTheChoiceOpen()
    {
        DefaultContainer("gone");

        Assert.Equal("container-ambiguous", (await RefusedAsync("hello")).Code);
    }

    [Fact]
    public async Task DeclaredPorts_AreTheTcpOnesEachOnce()
    {
        _ = new TestWorkload(_cluster.Server, WorkloadKind.Deployment, TestAgentApi.Data("workloads/everything"));

        var plan = await SwapPlan.ReadAsync(_connection, "play", WorkloadReference.TryParse("shop:main")!, isForSwap: true, CancellationToken.None);

        Assert.Equal([80, 5000], plan.DeclaredPorts);
    }

    [Fact]
    public async Task WhatRefuses_IsThrown_ButNotWhereTheWorkloadIsOnlyLookedAt()
    {
        TestWorkload.Deployment(_cluster.Server).Edit(json => json["spec"]!["template"]!["spec"]!["hostNetwork"] = true);

        Assert.Equal("workload-on-host-network", (await RefusedAsync("hello")).Code);
        Assert.DoesNotContain((await ReadAsync("hello", isForSwap: false)).Findings, finding => finding.Refuses);
    }

    [Fact]
    public async Task ChangeOfAMomentAgo_IsWaitedForUntilTheControllerHasSeenIt()
    {
        var time = new ManualTime();
        var workload = TestWorkload.Deployment(_cluster.Server);
        workload.Scale(3);

        var reading = SwapPlan.ReadAsync(_connection, "default", new(WorkloadKind.Deployment, "hello", null), isForSwap: true, CancellationToken.None, time);
        await time.WaitForTimerAsync(TimeSpan.FromMilliseconds(100));
        workload.Settle();
        time.Advance(TimeSpan.FromMilliseconds(100));

        Assert.Empty((await reading).Findings);
    }

    [Fact]
    public async Task ChangeThatTheControllerDoesntSee_IsRefusedInTheEnd()
    {
        var time = new ManualTime();
        TestWorkload.Deployment(_cluster.Server).Scale(3);

        var reading = SwapPlan.ReadAsync(_connection, "default", new(WorkloadKind.Deployment, "hello", null), isForSwap: true, CancellationToken.None, time);
        for (var pause = 1; pause < 20; pause++)
        {
            await time.WaitForTimerAsync(TimeSpan.FromMilliseconds(100));
            time.Advance(TimeSpan.FromMilliseconds(100));
        }

        Assert.Equal("rollout-progressing", (await Assert.ThrowsAsync<ClusterException>(() => reading)).Code);
    }

    [Fact]
    public async Task Autoscaler_IsSaid()
    {
        _ = TestWorkload.Deployment(_cluster.Server);
        List(
            "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers",
            """{"metadata":{"name":"a"},"spec":{"scaleTargetRef":{"apiVersion":"apps/v1","kind":"Deployment","name":"hello"}}}""",
            """{"metadata":{"name":"other"},"spec":{"scaleTargetRef":{"apiVersion":"apps/v1","kind":"Deployment","name":"other"}}}""",
            """{"metadata":{"name":"set"},"spec":{"scaleTargetRef":{"apiVersion":"apps/v1","kind":"StatefulSet","name":"hello"}}}""");

        var finding = Assert.Single((await ReadAsync("hello")).Findings);

        Assert.Equal("autoscaler", finding.Code);
        Assert.Contains("HorizontalPodAutoscaler a.", finding.Cause, StringComparison.Ordinal);
    }

    [Fact]
    public async Task KedasAutoscaler_ScalesUpFromZeroAndIsToldApart()
    {
        _ = TestWorkload.Deployment(_cluster.Server);
        List(
            "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers",
            """{"metadata":{"name":"keda-hpa-hello","labels":{"scaledobject.keda.sh/name":"hello"}},"spec":{"scaleTargetRef":{"kind":"Deployment","name":"hello"}}}""");

        var finding = Assert.Single((await ReadAsync("hello")).Findings);

        Assert.Contains("KEDA", finding.Cause, StringComparison.Ordinal);
        Assert.Contains("autoscaling.keda.sh/paused", finding.Remedy, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"matchLabels":{"app":"hello"}}""", true)]
    [InlineData("""{"matchLabels":{"app":"other"}}""", false)]
    [InlineData("""{"matchLabels":{"app":"hello","tier":"web"}}""", false)]
    [InlineData("""{"matchExpressions":[{"key":"app","operator":"In","values":["x","hello"]}]}""", true)]
    [InlineData("""{"matchExpressions":[{"key":"app","operator":"In","values":["x"]}]}""", false)]
    [InlineData("""{"matchExpressions":[{"key":"app","operator":"NotIn","values":["x"]}]}""", true)]
    [InlineData("""{"matchExpressions":[{"key":"app","operator":"NotIn","values":["hello"]}]}""", false)]
    [InlineData("""{"matchExpressions":[{"key":"tier","operator":"NotIn","values":["x"]}]}""", true)]
    [InlineData("""{"matchExpressions":[{"key":"app","operator":"Exists"}]}""", true)]
    [InlineData("""{"matchExpressions":[{"key":"tier","operator":"Exists"}]}""", false)]
    [InlineData("""{"matchExpressions":[{"key":"tier","operator":"DoesNotExist"}]}""", true)]
    [InlineData("""{"matchLabels":{"app":"hello"},"matchExpressions":[{"key":"app","operator":"DoesNotExist"}]}""", false)]
    [InlineData("{}", true)]
    [InlineData("null", false)]
    public async Task DisruptionBudgetThatCoversIt_IsSaid(string selector, bool covers)
    {
        _ = TestWorkload.Deployment(_cluster.Server);
        List("/apis/policy/v1/namespaces/default/poddisruptionbudgets", $$$"""{"metadata":{"name":"keep-one"},"spec":{"selector":{{{selector}}},"minAvailable":1}}""");

        var findings = (await ReadAsync("hello")).Findings;

        Assert.Equal(covers ? ["disruption-budget"] : [], findings.Select(finding => finding.Code));
        if (covers) Assert.Contains("keep-one", findings[0].Cause, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ListsThatThisUserMayNotSee_HoldNothingUp()
    {
        _ = TestWorkload.Deployment(_cluster.Server);
        foreach (var list in (string[])["/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers", "/apis/policy/v1/namespaces/default/poddisruptionbudgets", "/api/v1/namespaces/default/pods"])
            _cluster.Server.On("GET " + list, 403, Forbidden);

        var plan = await ReadAsync("hello");

        Assert.Equal("autoscaler-unknown", Assert.Single(plan.Findings).Code);
        Assert.Null(plan.RunningPod);
    }

    [Fact]
    public async Task ServerThatFails_IsAnErrorNotAnEmptyList()
    {
        _ = TestWorkload.Deployment(_cluster.Server);
        _cluster.Server.On("GET /apis/policy/v1/namespaces/default/poddisruptionbudgets", 500, "etcdserver: no leader", "text/plain");

        Assert.Equal("api-error", (await RefusedAsync("hello")).Code);
    }

    [Theory]
    [InlineData("""["ReadWriteOnce"]""", "node-1")]
    [InlineData("""["ReadWriteOnce","ReadWriteMany"]""", null)]
    [InlineData("""["ReadOnlyMany"]""", null)]
    public async Task VolumeOfOneNode_PinsTheAgentToTheNodeOfARunningPod(string modes, string? node)
    {
        WithClaim(modes);
        List("/api/v1/namespaces/default/pods", Pod("hello-1", "node-0", phase: "Pending"), Pod("hello-2", "node-0", isEnding: true), Pod("hello-3", "node-0", session: "x"), Pod("hello-4", "node-1"), Pod("hello-5", "node-2"));

        var plan = await ReadAsync("hello");

        Assert.Equal("hello-4", plan.RunningPod);
        Assert.Equal(node, NodeOf(plan));
        Assert.Contains("?labelSelector=app%3Dhello", _cluster.Server.Seen.Single(request => request.Path.EndsWith("/pods", StringComparison.Ordinal)).Query, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData(403)]
    [InlineData(404)]
    public async Task ClaimThatCannotBeSeen_CountsAsOneNodes(int status)
    {
        WithClaim("[]");
        _cluster.Server.On("GET /api/v1/namespaces/default/persistentvolumeclaims/files", status, """{"kind":"Status","message":"persistentvolumeclaims \"files\" no"}""");
        List("/api/v1/namespaces/default/pods", Pod("hello-1", "node-1"));

        Assert.Equal("node-1", NodeOf(await ReadAsync("hello")));
    }

    [Fact]
    public async Task VolumeOfOnePod_IsRefusedWhileTheWorkloadRuns()
    {
        var workload = WithClaim("""["ReadWriteOncePod"]""");

        Assert.Equal("volume-exclusive", (await RefusedAsync("hello")).Code);

        workload.Scale(0);
        workload.Settle();
        Assert.DoesNotContain((await ReadAsync("hello")).Findings, finding => finding.Refuses);
    }

    [Fact]
    public async Task StatefulSetsOwnVolumes_PinTheAgentToTheNodeOfTheFirstPod()
    {
        var workload = TestWorkload.StatefulSet(_cluster.Server);
        workload.Edit(json => json["spec"]!["volumeClaimTemplates"] = JsonNode.Parse("""[{"metadata":{"name":"data"},"spec":{"accessModes":["ReadWriteOnce"]}}]"""));
        workload.Settle();
        // In the order of the API server: by name.
        List("/api/v1/namespaces/default/pods", Pod("db-0", "node-0", phase: "Pending"), Pod("db-1", "node-1"));
        var withoutFirst = await ReadAsync("sts/db");
        Assert.Equal(("db-1", null), (withoutFirst.RunningPod, NodeOf(withoutFirst)));

        List("/api/v1/namespaces/default/pods", Pod("another", "node-7"), Pod("db-0", "node-0"), Pod("db-1", "node-1"));
        var plan = await ReadAsync("sts/db");

        Assert.Equal(("db-0", "node-0"), (plan.RunningPod, NodeOf(plan)));
    }

    [Fact]
    public async Task StatefulSetOfReadWriteOncePod_IsRefused()
    {
        var workload = TestWorkload.StatefulSet(_cluster.Server);
        workload.Edit(json => json["spec"]!["volumeClaimTemplates"] = JsonNode.Parse("""[{"metadata":{"name":"data"},"spec":{"accessModes":["ReadWriteOncePod"]}}]"""));
        workload.Settle();

        Assert.Equal("volume-exclusive", (await RefusedAsync("sts/db")).Code);
    }

    [Theory]
    [InlineData("""{"matchLabels":{"a":"1","b":""}}""", "a=1,b=")]
    [InlineData("""{"matchLabels":{"a":"1"},"matchExpressions":[{"key":"t","operator":"In","values":["x","y"]},{"key":"u","operator":"NotIn","values":["z"]},{"key":"v","operator":"Exists"},{"key":"w","operator":"DoesNotExist"}]}""", "a=1,t in (x,y),u notin (z),v,!w")]
    [InlineData("{}", null)]
    [InlineData("null", null)]
    public void Selector_IsWrittenAsAQuery(string selector, string? text) => Assert.Equal(text, SwapSurroundings.SelectorText(JsonNode.Parse(selector)));

    private async Task<SwapPlan> ReadAsync(string reference, bool isForSwap = true) => await SwapPlan.ReadAsync(_connection, "default", WorkloadReference.TryParse(reference)!, isForSwap, CancellationToken.None);

    private async Task<ClusterException> RefusedAsync(string reference)
    {
        var error = await Assert.ThrowsAsync<ClusterException>(() => ReadAsync(reference));
        Assert.NotEmpty(error.Remedy);
        Assert.All(_cluster.Server.Seen, request => Assert.Equal("GET", request.Method));
        return error;
    }

    private TestWorkload TwoContainers()
    {
        var workload = TestWorkload.Deployment(_cluster.Server);
        workload.Edit(json => json["spec"]!["template"]!["spec"]!["containers"]!.AsArray().Add(JsonNode.Parse("""{"name":"logs","image":"example/logs:1","ports":[{"containerPort":9100}]}""")));
        return workload.Settle();
    }

    private void DefaultContainer(string name)
    {
        var workload = TwoContainers();
        workload.Edit(json => json["spec"]!["template"]!["metadata"]!["annotations"] = new JsonObject { ["kubectl.kubernetes.io/default-container"] = name });
        workload.Settle();
    }

    private TestWorkload WithClaim(string modes)
    {
        var workload = TestWorkload.Deployment(_cluster.Server);
        workload.Edit(json => json["spec"]!["template"]!["spec"]!["volumes"] = JsonNode.Parse("""[{"name":"files","persistentVolumeClaim":{"claimName":"files"}},{"name":"tmp","emptyDir":{}}]"""));
        _cluster.Server.On("GET /api/v1/namespaces/default/persistentvolumeclaims/files", 200, $$$"""{"spec":{"accessModes":{{{modes}}},"volumeMode":"Filesystem"},"metadata":{"name":"files"}}""");
        return workload.Settle();
    }

    private void List(string path, params string[] items) => _cluster.Server.On("GET " + path, 200, $$"""{"kind":"List","apiVersion":"v1","metadata":{},"items":[{{string.Join(",", items)}}]}""");

    private static string Pod(string name, string node, string phase = "Running", bool isEnding = false, string? session = null) => new JsonObject
    {
        ["metadata"] = new JsonObject
        {
            ["name"] = name,
            ["labels"] = session is null ? null : new JsonObject { ["telelaunch.dev/session"] = session },
            ["deletionTimestamp"] = isEnding ? "2026-11-23T00:00:00Z" : null,
        },
        ["spec"] = new JsonObject { ["nodeName"] = node },
        ["status"] = new JsonObject { ["phase"] = phase },
    }.ToJsonString();

    private static string? NodeOf(SwapPlan plan) => (string?)AgentPodManifest.PodJson(TestAgentApi.Options with { Namespace = "default", StandIn = plan.StandIn() })
        ["spec"]!["affinity"]?["nodeAffinity"]?["requiredDuringSchedulingIgnoredDuringExecution"]?["nodeSelectorTerms"]![0]!["matchFields"]![0]!["values"]![0];
}
