using System.Text.Json.Nodes;
using Telelaunch.Net;

namespace Telelaunch.Cluster.Tests;

public sealed class SwapTests : IAsyncLifetime
{
    private readonly ManualTime _time = new();

    private TestCluster _cluster = null!;
    private ClusterConnection _connection = null!;
    private TestWorkload _workload = null!;

    public async Task InitializeAsync()
    {
        _cluster = await TestCluster.StartAsync();
        _connection = _cluster.Connect();
        _workload = TestWorkload.Deployment(_cluster.Server);
    }

    public async Task DisposeAsync()
    {
        _connection.Dispose();
        await _cluster.DisposeAsync();
    }

    [Fact]
    public async Task Claim_IsOneWriteOfTheAnnotationAlone_WithTheVersionThatWasRead()
    {
        var before = _workload.Json;

        var swap = await ClaimAsync();

        var patch = JsonNode.Parse(Assert.Single(_workload.Patched))!;
        Assert.Equal(["metadata"], patch.AsObject().Select(field => field.Key));
        Assert.Equal(["annotations", "resourceVersion"], patch["metadata"]!.AsObject().Select(field => field.Key).Order());
        Assert.Equal((string?)before["metadata"]!["resourceVersion"], (string?)patch["metadata"]!["resourceVersion"]);
        Assert.Equal(SwapClaim.Annotation, Assert.Single(patch["metadata"]!["annotations"]!.AsObject()).Key);
        Assert.Equal(swap.Claim, SwapClaim.TryParse(_workload.Claim!));
        Assert.Equal(
            ("s1", "jane@desk", 2, "nginx", LauncherIdentity.OfThisProcess(), 60, DateTimeOffset.UnixEpoch),
            (swap.Claim.Session, swap.Claim.Owner, swap.Claim.Replicas, swap.Claim.Container, swap.Claim.Launcher, swap.Claim.ExpirySeconds, swap.Claim.Since));
        Assert.Equal(before["spec"]!.ToJsonString(), _workload.Json["spec"]!.ToJsonString());
    }

    [Fact]
    public async Task WorkloadThatWasChangedSinceItWasRead_IsNotClaimed()
    {
        var plan = await PlanAsync();
        _workload.Edit(json => json["spec"]!["template"]!["spec"]!["containers"]![0]!["image"] = "example/debian:2");

        var error = await Assert.ThrowsAsync<ClusterException>(() => ClaimAsync(plan));

        Assert.Equal("api-conflict", error.Code);
        Assert.Null(_workload.Claim);
    }

    [Fact]
    public async Task TwoWhoClaimAtOnce_OneGetsItAndTheOtherLearnsWho()
    {
        var (one, other) = (await PlanAsync(), await PlanAsync());

        var claims = await Task.WhenAll(TryAsync(one, "s1"), TryAsync(other, "s2"));

        Assert.Single(_workload.Patched);
        var lost = Assert.Single(claims, claim => claim is not null)!;
        Assert.Equal("api-conflict", lost.Code);
        var error = await Assert.ThrowsAsync<ClusterException>(async () => await ClaimAsync(await PlanAsync(), "s3"));
        Assert.Equal("swapped-already", error.Code);
        Assert.Contains("jane@desk since 1970-01-01 00:00 UTC", error.Message, StringComparison.Ordinal);
        Assert.Contains("telelaunch restore deployment/hello -n default", error.Remedy, StringComparison.Ordinal);

        async Task<ClusterException?> TryAsync(SwapPlan plan, string session)
        {
            try
            {
                await ClaimAsync(plan, session);
                return null;
            }
            catch (ClusterException failure)
            {
                return failure;
            }
        }
    }

    [Fact]
    public async Task AnnotationThatNobodyCanRead_IsRespectedAllTheSame()
    {
        _workload.Edit(json => json["metadata"]!["annotations"]![SwapClaim.Annotation] = "mine!");
        _workload.Settle();

        var error = await Assert.ThrowsAsync<ClusterException>(async () => await ClaimAsync(await PlanAsync()));

        Assert.Equal("swapped-already", error.Code);
        Assert.Contains("can't be read", error.Message, StringComparison.Ordinal);
        Assert.Equal("mine!", _workload.Claim);
    }

    [Fact]
    public async Task WithoutTheRightToPatch_TheRightIsSaidAndNothingIsClaimed()
    {
        var plan = await PlanAsync();
        _workload.Refuse("PATCH", 403, TestAgentApi.Data("refusals/forbidden")["body"]!);

        Assert.Equal("forbidden", (await Assert.ThrowsAsync<ClusterException>(() => ClaimAsync(plan))).Code);
        Assert.Null(_workload.Claim);
    }

    [Fact]
    public async Task CancelledBeforeTheClaim_NothingIsClaimed()
    {
        var plan = await PlanAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Swap.ClaimAsync(_connection, plan, "s1", new("jane", "desk"), _time, new CancellationToken(canceled: true)));

        Assert.Null(_workload.Claim);
    }

    [Fact]
    public async Task ScaleDown_WaitsUntilTheControllerHasSeenItAndNoPodIsLeft()
    {
        var swap = await ClaimAsync();
        var scaling = swap.ScaleDownAsync(CancellationToken.None);
        var states = TestAgentApi.Data("workloads/deployment-scale").AsArray().Take(4).Select(line => line!["object"]!).ToList();
        // As recorded: not seen yet, seen, one Pod ending, none.
        for (var state = 0; state < 3; state++)
        {
            await _time.WaitForTimerAsync(TimeSpan.FromMilliseconds(100));
            Assert.False(scaling.IsCompleted);
            Report(states[state], state == 0 ? -1 : 0);
            if (state == 2) break;
            _time.Advance(TimeSpan.FromMilliseconds(100));
        }
        _time.Advance(TimeSpan.FromMilliseconds(100));

        Assert.True(await scaling);
        Assert.Equal(0, _workload.Replicas);
        Assert.Equal("""{"spec":{"replicas":0},"metadata":{"resourceVersion":"1002"}}""", _workload.Patched.Last());

        void Report(JsonNode state, int behind)
        {
            var status = state["status"]!.DeepClone();
            status["observedGeneration"] = (long)_workload.Json["metadata"]!["generation"]! + behind;
            _workload.Report(status);
        }
    }

    [Fact]
    public async Task ZeroPodsOfAnOlderGeneration_AreNotTakenForTheEnd()
    {
        _workload.Report(JsonNode.Parse("""{"observedGeneration":3}""")!);
        var swap = await ClaimAsync();

        var scaling = swap.ScaleDownAsync(CancellationToken.None);
        await _time.WaitForTimerAsync(TimeSpan.FromMilliseconds(100));
        Assert.False(scaling.IsCompleted);
        _workload.Report(JsonNode.Parse("""{"observedGeneration":4}""")!);
        _time.Advance(TimeSpan.FromMilliseconds(100));

        Assert.True(await scaling);
    }

    [Fact]
    public async Task PodsThatDontGo_AreSaidAfter15Seconds()
    {
        var swap = await ClaimAsync();

        var scaling = swap.ScaleDownAsync(CancellationToken.None);
        await _time.WaitForTimerAsync(TimeSpan.FromMilliseconds(100));
        _time.Advance(TimeSpan.FromSeconds(16));

        Assert.False(await scaling);
    }

    [Fact]
    public async Task SomebodyEditsBetweenReadAndScaleDown_BothChangesHold()
    {
        var swap = await ClaimAsync();
        var edits = 0;
        _workload.BeforePatch = () =>
        {
            if (edits++ == 0) _workload.Edit(json => json["metadata"]!["labels"]!["edited"] = "yes");
            return Task.CompletedTask;
        };

        var scaling = swap.ScaleDownAsync(CancellationToken.None);
        await _time.WaitForTimerAsync(TimeSpan.FromMilliseconds(100));
        Assert.Equal(2, _workload.Replicas);
        _time.Advance(TimeSpan.FromMilliseconds(100));
        await _time.WaitForTimerAsync(TimeSpan.FromMilliseconds(100));
        _workload.Report(JsonNode.Parse("""{"observedGeneration":5}""")!);
        _time.Advance(TimeSpan.FromMilliseconds(100));

        Assert.True(await scaling);
        Assert.Equal((0, "yes"), (_workload.Replicas, (string?)_workload.Json["metadata"]!["labels"]!["edited"]));
    }

    [Fact]
    public async Task SwapThatWasEndedMeanwhile_DoesntScaleDown()
    {
        var swap = await ClaimAsync();
        _workload.Edit(json => json["metadata"]!["annotations"]!.AsObject().Remove(SwapClaim.Annotation));

        var error = await Assert.ThrowsAsync<ClusterException>(() => swap.ScaleDownAsync(CancellationToken.None));

        Assert.Equal(("swap-lost", 2), (error.Code, _workload.Replicas));
    }

    [Fact]
    public async Task SwapThatAnotherSessionHasTakenOver_SaysWho()
    {
        var swap = await ClaimAsync();
        var other = (swap.Claim with { Session = "s2", Owner = "bob@lap" }).ToText();
        _workload.Edit(json => json["metadata"]!["annotations"]![SwapClaim.Annotation] = other);

        var error = await Assert.ThrowsAsync<ClusterException>(() => swap.ScaleDownAsync(CancellationToken.None));

        Assert.Equal(("swap-lost", 2), (error.Code, _workload.Replicas));
        Assert.Contains("bob@lap since", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SwapThatIsEndedInTheMomentOfScalingDown_DoesntScaleDown()
    {
        var swap = await ClaimAsync();
        _workload.BeforePatch = () =>
        {
            _workload.BeforePatch = null;
            _workload.Edit(json => json["metadata"]!["annotations"]!.AsObject().Remove(SwapClaim.Annotation));
            return Task.CompletedTask;
        };

        var scaling = swap.ScaleDownAsync(CancellationToken.None);
        await _time.WaitForTimerAsync(TimeSpan.FromMilliseconds(100));
        _time.Advance(TimeSpan.FromMilliseconds(100));

        Assert.Equal("swap-lost", (await Assert.ThrowsAsync<ClusterException>(() => scaling)).Code);
        Assert.Equal(2, _workload.Replicas);
    }

    [Fact]
    public async Task WorkloadDeletedMeanwhile_IsSaid()
    {
        var swap = await ClaimAsync();
        _workload.Delete();

        Assert.Equal("workload-not-found", (await Assert.ThrowsAsync<ClusterException>(() => swap.ScaleDownAsync(CancellationToken.None))).Code);
    }

    [Fact]
    public async Task WorkloadOfZeroReplicas_NeedsNoScaling()
    {
        _workload.Scale(0);
        _workload.Report(JsonNode.Parse("""{"observedGeneration":4}""")!);
        var swap = await ClaimAsync();

        Assert.True(await swap.ScaleDownAsync(CancellationToken.None));
        Assert.Equal(RestoreOutcome.Restored, (await swap.RestoreAsync(CancellationToken.None)).Outcome);

        Assert.Equal((0, null), (_workload.Replicas, _workload.Claim));
    }

    [Theory]
    [InlineData(WorkloadKind.Deployment)]
    [InlineData(WorkloadKind.StatefulSet)]
    [InlineData(WorkloadKind.ReplicaSet)]
    public async Task WholeSwap_LeavesTheWorkloadByteForByteAsItWas(WorkloadKind kind)
    {
        _workload = kind switch
        {
            WorkloadKind.StatefulSet => TestWorkload.StatefulSet(_cluster.Server),
            _ => new(_cluster.Server, kind, TestAgentApi.Data("workloads/deployment")),
        };
        var before = _workload.Text;

        var swap = await ClaimAsync();
        await ScaleDownAsync(swap);
        Assert.NotEqual(before, _workload.Text);
        var result = await swap.RestoreAsync(CancellationToken.None);

        Assert.Equal(new(RestoreOutcome.Restored, 2, TemplateChanged: false), result);
        Assert.Equal(before, _workload.Text);
        Assert.Equal(3, _workload.Patched.Count);
    }

    [Fact]
    public async Task WorkloadWithoutAnyAnnotation_HasNoneAfterwards()
    {
        _workload.Edit(json => json["metadata"]!.AsObject().Remove("annotations"));
        _workload.Settle();
        var before = _workload.Text;

        var swap = await ClaimAsync();
        await swap.RestoreAsync(CancellationToken.None);

        Assert.Equal(before, _workload.Text);
    }

    private Task<SwapPlan> PlanAsync() => SwapPlan.ReadAsync(_connection, "default", new(_workload.Kind, _workload.Name, null), isForSwap: true, CancellationToken.None);

    private Task<Swap> ClaimAsync(SwapPlan plan, string session = "s1") => Swap.ClaimAsync(_connection, plan, session, new("jane", "desk"), _time, CancellationToken.None);

    private async Task<Swap> ClaimAsync() => await ClaimAsync(await PlanAsync());

    /// <summary>Scales down while the controller does its part.</summary>
    private async Task ScaleDownAsync(Swap swap)
    {
        var scaling = swap.ScaleDownAsync(CancellationToken.None);
        await _time.WaitForTimerAsync(TimeSpan.FromMilliseconds(100));
        _workload.Report(new JsonObject { ["observedGeneration"] = _workload.Json["metadata"]!["generation"]!.DeepClone() });
        _time.Advance(TimeSpan.FromMilliseconds(100));
        Assert.True(await scaling);
    }
}
