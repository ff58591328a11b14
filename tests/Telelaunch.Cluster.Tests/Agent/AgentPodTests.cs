using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using k8s;
using k8s.Models;
using Telelaunch.Net;

namespace Telelaunch.Cluster.Tests;

public class AgentPodTests
{
    private readonly ConcurrentQueue<AgentProgress> _progress = new();
    private readonly Channel<bool> _reported = Channel.CreateUnbounded<bool>();

    [Fact]
    public async Task RecordedLifeCycle_ReportsEachPhaseOnceAndInOrder()
    {
        await using var cluster = await TestCluster.StartAsync();
        var api = new TestAgentApi(cluster.Server);
        using var connection = cluster.Connect();
        foreach (var line in TestAgentApi.Data("pod-states/life-cycle").AsArray().TakeWhile(line => line!["object"]!["metadata"]!["deletionTimestamp"] is null))
            api.SendPod(line!["object"]!, (string)line["type"]!);

        var pod = await StartAsync(connection);

        Assert.Equal([AgentPhase.Created, AgentPhase.Scheduled, AgentPhase.ImagePulled, AgentPhase.Ready], _progress.Select(progress => progress.Phase));
        Assert.Equal((TestAgentApi.PodName, "pod-uid", "play"), (pod.Name, pod.Uid, pod.Namespace));
        Assert.Empty(api.Deleted);
        Assert.True(_progress.Select(progress => progress.Elapsed).SequenceEqual(_progress.Select(progress => progress.Elapsed).Order()));
    }

    [Theory]
    [InlineData("image-cannot-be-pulled", "image-pull-failed", "registry.example.com/nosuch/agent:1")]
    [InlineData("image-not-present-never", "image-pull-failed", "ErrImageNeverPull")]
    [InlineData("unsafe-sysctl-refused", "sysctl-forbidden", "not allowlisted")]
    [InlineData("run-as-non-root-refused", "container-config", "will run as root")]
    [InlineData("config-missing", "container-config", "CreateContainerConfigError")]
    [InlineData("command-not-found", "container-start-failed", "RunContainerError")]
    [InlineData("failed", "agent-ended", "exit code 7")]
    [InlineData("completed", "agent-ended", "exit code 0")]
    [InlineData("out-of-memory", "agent-ended", "OOMKilled")]
    [InlineData("deadline-exceeded", "agent-ended", "DeadlineExceeded")]
    public async Task BlockedPod_FailsAtOnceAndIsRemoved(string state, string code, string said)
    {
        await using var cluster = await TestCluster.StartAsync();
        var data = TestAgentApi.Data("pod-states/" + state);
        var api = new TestAgentApi(cluster.Server) { PodUid = (string)data["pod"]!["metadata"]!["uid"]! };
        using var connection = cluster.Connect();
        api.SendPod(data["pod"]!);

        // The time stands still, so nothing but the state itself can end this.
        var error = await Assert.ThrowsAsync<ClusterException>(() => StartAsync(connection, new ManualTime()));

        Assert.Equal(code, error.Code);
        Assert.Contains(said, error.Message, StringComparison.Ordinal);
        Assert.NotEmpty(error.Remedy);
        AssertRemoved(api);
    }

    [Fact]
    public async Task AgentThatEnds_LeavesItsLastWords()
    {
        await using var cluster = await TestCluster.StartAsync();
        var api = new TestAgentApi(cluster.Server);
        using var connection = cluster.Connect();
        api.SendPod(TestAgentApi.Data("pod-states/failed")["pod"]!);

        var error = await Assert.ThrowsAsync<ClusterException>(() => StartAsync(connection));

        Assert.EndsWith("\nlast words", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("unschedulable", "unschedulable", "nodes are available")]
    [InlineData("volume-missing", "volume-mount-failed", "MountVolume.SetUp failed")]
    public async Task ObstacleThatMayPass_IsToldAtOnceAndFailsAfterItsGrace(string state, string code, string said)
    {
        await using var cluster = await TestCluster.StartAsync();
        var data = TestAgentApi.Data("pod-states/" + state);
        var api = new TestAgentApi(cluster.Server) { PodUid = (string)data["pod"]!["metadata"]!["uid"]! };
        using var connection = cluster.Connect();
        var time = new ManualTime();
        api.SendPod(data["pod"]!);
        foreach (var podEvent in data["events"]!.AsArray())
            api.SendEvent(podEvent!);

        var starting = StartAsync(connection, time);
        await time.WaitForTimerAsync(AgentPodStart.Grace);
        Assert.False(starting.IsCompleted);
        Assert.Contains(_progress, progress => progress.Phase == AgentPhase.Notice && progress.Detail!.Contains(said, StringComparison.Ordinal));
        time.Advance(AgentPodStart.Grace);
        var error = await Assert.ThrowsAsync<ClusterException>(() => starting);

        Assert.Equal(code, error.Code);
        Assert.Contains(said, error.Message, StringComparison.Ordinal);
        AssertRemoved(api);
    }

    [Fact]
    public async Task UnschedulableWhileANodeIsAdded_WaitsForTheTimeout()
    {
        await using var cluster = await TestCluster.StartAsync();
        var data = TestAgentApi.Data("pod-states/unschedulable");
        var api = new TestAgentApi(cluster.Server) { PodUid = (string)data["pod"]!["metadata"]!["uid"]! };
        using var connection = cluster.Connect();
        var time = new ManualTime();
        var scaling = new JsonObject { ["type"] = "Normal", ["reason"] = "TriggeredScaleUp", ["message"] = "pod triggered scale-up", ["involvedObject"] = new JsonObject { ["uid"] = api.PodUid }, ["metadata"] = new JsonObject() };
        api.SendEvent(scaling);
        var starting = StartAsync(connection, time);
        await NoticeAsync("adds a node");
        api.SendPod(data["pod"]!);
        await NoticeAsync("No node takes");

        await time.WaitForTimerAsync(TimeSpan.FromSeconds(60));
        time.Advance(AgentPodStart.Grace);
        api.SendPod(data["pod"]!);
        await time.WaitForTimerAsync(TimeSpan.FromSeconds(50));
        Assert.False(starting.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(50));

        Assert.Equal("unschedulable", (await Assert.ThrowsAsync<ClusterException>(() => starting)).Code);
    }

    [Fact]
    public async Task NotReadyInTime_SaysWhatItWaitsFor()
    {
        await using var cluster = await TestCluster.StartAsync();
        var data = TestAgentApi.Data("pod-states/not-ready");
        var api = new TestAgentApi(cluster.Server) { PodUid = (string)data["pod"]!["metadata"]!["uid"]! };
        using var connection = cluster.Connect();
        var time = new ManualTime();
        api.SendPod(data["pod"]!);

        var starting = StartAsync(connection, time);
        await ProgressAsync(progress => progress.Phase == AgentPhase.ImagePulled);
        await time.WaitForTimerAsync(TimeSpan.FromSeconds(60));
        time.Advance(TimeSpan.FromSeconds(60));
        var error = await Assert.ThrowsAsync<ClusterException>(() => starting);

        Assert.Equal("agent-timeout", error.Code);
        Assert.Contains("isn't ready", error.Message, StringComparison.Ordinal);
        AssertRemoved(api);
    }

    [Fact]
    public async Task WatchThatEnds_IsTakenUpFromAFreshRead()
    {
        await using var cluster = await TestCluster.StartAsync();
        var api = new TestAgentApi(cluster.Server) { ReadAnswer = ReadyPod().ToJsonString() };
        using var connection = cluster.Connect();
        api.SendLine(TestAgentApi.Data("refusals/watch-410")["body"]!.ToJsonString());
        api.EndWatch();

        await StartAsync(connection);

        Assert.Equal(AgentPhase.Ready, _progress.Last().Phase);
    }

    [Fact]
    public async Task PodThatSomebodyDeletes_FailsTheStart()
    {
        await using var cluster = await TestCluster.StartAsync();
        var api = new TestAgentApi(cluster.Server);
        using var connection = cluster.Connect();
        api.SendPod(TestAgentApi.Data("pod-states/not-ready")["pod"]!, "DELETED");

        Assert.Equal("agent-deleted", (await Assert.ThrowsAsync<ClusterException>(() => StartAsync(connection))).Code);
    }

    [Fact]
    public async Task Cancellation_RemovesPodAndSecret()
    {
        await using var cluster = await TestCluster.StartAsync();
        var api = new TestAgentApi(cluster.Server);
        using var connection = cluster.Connect();
        using var cancel = new CancellationTokenSource();

        var starting = StartAsync(connection, cancellationToken: cancel.Token);
        await api.Watched.Task;
        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => starting);
        AssertRemoved(api);
    }

    [Fact]
    public async Task CancellationWhileThePodIsBeingMade_WaitsForTheAnswerAndRemovesIt()
    {
        await using var cluster = await TestCluster.StartAsync();
        var api = new TestAgentApi(cluster.Server);
        using var connection = cluster.Connect();
        using var cancel = new CancellationTokenSource();
        cluster.Server.Gate = async context =>
        {
            if (context.Request.Method == "POST" && context.Request.Path.Value!.EndsWith("/pods", StringComparison.Ordinal))
                await cancel.CancelAsync();
            return false;
        };

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => StartAsync(connection, cancellationToken: cancel.Token));
        AssertRemoved(api);
    }

    [Fact]
    public async Task SecretRefused_RemovesThePod()
    {
        await using var cluster = await TestCluster.StartAsync();
        var api = new TestAgentApi(cluster.Server);
        cluster.Server.On("POST /api/v1/namespaces/play/secrets", 403, """{"kind":"Status","message":"secrets is forbidden: User \"dev\" cannot create resource \"secrets\" in API group \"\" in the namespace \"play\"","code":403}""");
        using var connection = cluster.Connect();

        var error = await Assert.ThrowsAsync<ClusterException>(() => StartAsync(connection));

        Assert.Equal("forbidden", error.Code);
        Assert.Contains("cannot create resource \"secrets\"", error.Message, StringComparison.Ordinal);
        Assert.Contains("telelaunch rbac", error.Remedy, StringComparison.Ordinal);
        AssertRemoved(api);
    }

    [Theory]
    [InlineData("pod-security", "pod-security", "seccompProfile")]
    [InlineData("quota", "quota-exceeded", "exceeded quota")]
    [InlineData("service-account", "service-account-not-found", "nosuch")]
    [InlineData("namespace-missing", "namespace-not-found", "doesn't exist")]
    [InlineData("namespace-terminating", "namespace-terminating", "being deleted")]
    [InlineData("limit-range", "limit-range", "maximum memory usage")]
    [InlineData("forbidden", "forbidden", "cannot create resource \"pods\"")]
    public async Task PodRefused_TellsWhyAndLeavesNothingToDelete(string refusal, string code, string said)
    {
        await using var cluster = await TestCluster.StartAsync();
        var api = new TestAgentApi(cluster.Server);
        var data = TestAgentApi.Data("refusals/" + refusal);
        cluster.Server.On("POST /api/v1/namespaces/play/pods", (int)data["status"]!, data["body"]!.ToJsonString());
        using var connection = cluster.Connect();

        var error = await Assert.ThrowsAsync<ClusterException>(() => StartAsync(connection));

        Assert.Equal(code, error.Code);
        Assert.Contains(said, error.Message, StringComparison.Ordinal);
        Assert.Empty(api.Deleted);
    }

    [Fact]
    public async Task WebhookRefusal_IsQuoted()
    {
        await using var cluster = await TestCluster.StartAsync();
        _ = new TestAgentApi(cluster.Server);
        cluster.Server.On("POST /api/v1/namespaces/play/pods", 400, """{"kind":"Status","message":"admission webhook \"policy.example.com\" denied the request: images must come from registry.example.com","code":400}""");
        using var connection = cluster.Connect();

        var error = await Assert.ThrowsAsync<ClusterException>(() => StartAsync(connection));

        Assert.Equal("admission-denied", error.Code);
        Assert.Contains("images must come from", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WithoutTheRightToWatchEvents_StartsAllTheSame()
    {
        await using var cluster = await TestCluster.StartAsync();
        var api = new TestAgentApi(cluster.Server);
        cluster.Server.On("GET /api/v1/namespaces/play/events", 403, """{"kind":"Status","message":"events is forbidden","code":403}""");
        using var connection = cluster.Connect();
        api.SendPod(ReadyPod());

        await StartAsync(connection);
    }

    [Fact]
    public async Task Objects_AreRestrictedCleanAndTheSecretBelongsToThePod()
    {
        await using var cluster = await TestCluster.StartAsync();
        var api = new TestAgentApi(cluster.Server);
        using var connection = cluster.Connect();
        api.SendPod(ReadyPod());

        await StartAsync(connection);

        var pod = JsonNode.Parse(api.Request("POST /api/v1/namespaces/play/pods").Body)!;
        var container = pod["spec"]!["containers"]![0]!;
        Assert.Equal("""{"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]},"readOnlyRootFilesystem":true}""", container["securityContext"]!.ToJsonString());
        Assert.Equal("true", pod["spec"]!["securityContext"]!["runAsNonRoot"]!.ToJsonString());
        Assert.Null(pod["spec"]!["securityContext"]!["runAsUser"]);
        Assert.Equal("RuntimeDefault", (string?)pod["spec"]!["securityContext"]!["seccompProfile"]!["type"]);
        Assert.False((bool)pod["spec"]!["automountServiceAccountToken"]!);
        Assert.Equal("""{"limits":{"cpu":"1","memory":"256Mi"},"requests":{"cpu":"25m","memory":"64Mi"}}""", container["resources"]!.ToJsonString());
        Assert.Equal("jane_at_desk", (string?)pod["metadata"]!["labels"]!["telelaunch.dev/owner"]);
        Assert.Equal(292, (int)pod["spec"]!["volumes"]![0]!["secret"]!["defaultMode"]!);
        var secret = JsonNode.Parse(api.Request("POST /api/v1/namespaces/play/secrets").Body)!;
        Assert.Equal("pod-uid", (string?)secret["metadata"]!["ownerReferences"]![0]!["uid"]);
        Assert.Equal("""{"secret":"AQI=","ssh_host_ed25519_key":"Aw==","authorized_keys":"BA=="}""", secret["data"]!.ToJsonString());
        Assert.DoesNotContain("AQI=", AgentPod.Describe(TestAgentApi.Options), StringComparison.Ordinal);
        Assert.Equal("List", (string?)JsonNode.Parse(AgentPod.Describe(TestAgentApi.Options))!["kind"]);
    }

    [Fact]
    public async Task DeleteOfAnotherPodOfTheSameName_IsLeftAlone()
    {
        await using var cluster = await TestCluster.StartAsync();
        _ = new TestAgentApi(cluster.Server);
        var conflict = TestAgentApi.Data("refusals/precondition-409");
        cluster.Server.On($"DELETE /api/v1/namespaces/play/pods/{TestAgentApi.PodName}", 409, conflict["body"]!.ToJsonString());
        cluster.Server.On($"DELETE /api/v1/namespaces/play/secrets/{TestAgentApi.PodName}", 404, """{"kind":"Status","message":"secrets \"x\" not found","code":404}""");
        using var connection = cluster.Connect();

        await AgentPod.DeleteAsync(connection, "play", TestAgentApi.PodName, "other-uid", CancellationToken.None);

        Assert.Contains("\"uid\":\"other-uid\"", cluster.Server.Seen.Single(request => request.Path.Contains("/pods/", StringComparison.Ordinal)).Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sweep_DeletesWhatHasEndedAndWhatNeverStarted()
    {
        await using var cluster = await TestCluster.StartAsync();
        static JsonObject Pod(string name, string phase, DateTime created) => new()
        {
            ["metadata"] = new JsonObject { ["name"] = name, ["uid"] = "uid-" + name, ["creationTimestamp"] = created.ToString("yyyy-MM-ddTHH:mm:ssZ"), ["annotations"] = new JsonObject { ["telelaunch.dev/start-timeout-seconds"] = "60" } },
            ["status"] = new JsonObject { ["phase"] = phase },
        };
        var longAgo = DateTime.UtcNow.AddHours(-1);
        var list = new JsonObject
        {
            ["kind"] = "PodList",
            ["apiVersion"] = "v1",
            ["metadata"] = new JsonObject(),
            ["items"] = new JsonArray(Pod("failed", "Failed", DateTime.UtcNow), Pod("done", "Succeeded", longAgo), Pod("running", "Running", longAgo), Pod("stuck", "Pending", longAgo), Pod("starting", "Pending", DateTime.UtcNow)),
        };
        cluster.Server.On("GET /api/v1/namespaces/play/pods", 200, list.ToJsonString());
        using var connection = cluster.Connect();

        Assert.Equal(3, await AgentPod.SweepAsync(connection, "play", new("jane", "desk"), CancellationToken.None));

        var deleted = cluster.Server.Seen.Where(request => request.Method == "DELETE" && request.Path.Contains("/pods/", StringComparison.Ordinal)).Select(request => Path.GetFileName(request.Path));
        Assert.Equal(["done", "failed", "stuck"], deleted.Order());
        Assert.Contains("labelSelector=telelaunch.dev%2Fsession%2Ctelelaunch.dev%2Fowner%3Djane_at_desk", cluster.Server.Seen.First().Query, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("Never", "terminated", true)]
    [InlineData("Never", "running", false)]
    [InlineData("Always", "terminated", false)]
    public void PodWhoseOtherContainersRunOn_IsLeftBehindOnceItsAgentHasEndedForGood(string restartPolicy, string state, bool isLeftBehind)
    {
        var pod = KubernetesJson.Deserialize<V1Pod>(new JsonObject
        {
            ["metadata"] = new JsonObject(),
            ["spec"] = new JsonObject
            {
                ["restartPolicy"] = restartPolicy,
                ["containers"] = JsonNode.Parse("""[{"name":"sidecar","volumeMounts":[{"name":"x","mountPath":"/x"}]},{"name":"main","volumeMounts":[{"name":"telelaunch-session","mountPath":"/etc/telelaunch/session"}]}]"""),
            },
            ["status"] = new JsonObject
            {
                ["phase"] = "Running",
                ["containerStatuses"] = new JsonArray(
                    new JsonObject { ["name"] = "sidecar", ["state"] = new JsonObject { [isLeftBehind ? "running" : "terminated"] = new JsonObject() } },
                    new JsonObject { ["name"] = "main", ["state"] = new JsonObject { [state] = new JsonObject() } }),
            },
        }.ToJsonString());

        Assert.Equal(isLeftBehind, AgentPod.IsLeftBehind(pod, DateTime.UtcNow));
    }

    [Theory]
    [InlineData("jane", "desk", "jane_at_desk")]
    [InlineData("j.doe", "desk-1.example", "j.doe_at_desk-1.example")]
    public void OwnerLabel_IsReadableWhereItCanBe(string user, string host, string label) => Assert.Equal(label, new AgentOwner(user, host).Label);

    [Fact]
    public void OwnerLabel_IsALabelAndUniqueWhereItCannotBeReadable()
    {
        AgentOwner[] owners = [new("jäne", "desk"), new("j_ne", "désk"), new("-x-", "y-"), new(new string('a', 80), "h"), new(new string('a', 81), "h")];

        Assert.All(owners, owner => Assert.Matches("^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$", owner.Label));
        Assert.Equal(owners.Length, owners.Select(owner => owner.Label).Distinct().Count());
    }

    private Task<AgentPod> StartAsync(ClusterConnection connection, TimeProvider? time = null, CancellationToken cancellationToken = default) => AgentPod.StartAsync(
        connection,
        TestAgentApi.Options,
        TestAgentApi.Secret,
        new AgentPodStart(connection, TestAgentApi.Options, Report, time ?? TimeProvider.System),
        cancellationToken);

    private void Report(AgentProgress progress)
    {
        _progress.Enqueue(progress);
        _reported.Writer.TryWrite(true);
    }

    private Task NoticeAsync(string text) => ProgressAsync(progress => progress.Detail?.Contains(text, StringComparison.Ordinal) == true);

    private async Task ProgressAsync(Func<AgentProgress, bool> wanted)
    {
        while (!_progress.Any(wanted))
            await _reported.Reader.ReadAsync();
    }

    private static JsonNode ReadyPod() => TestAgentApi.Data("pod-states/life-cycle").AsArray()
        .First(line => KubernetesJson.Deserialize<V1Pod>(line!["object"]!).Status.Conditions?.Any(condition => condition is { Type: "Ready", Status: "True" }) == true)!["object"]!;

    private static void AssertRemoved(TestAgentApi api) =>
        Assert.Equal(["pods/" + TestAgentApi.PodName, "secrets/" + TestAgentApi.PodName], api.Deleted.Select(deleted => deleted.Path.Replace("/api/v1/namespaces/play/", "", StringComparison.Ordinal)).Order());
}
