using System.Text.Json.Nodes;
using Telelaunch.Net;

namespace Telelaunch.Cluster.Tests;

public sealed class SwapRestoreTests : IAsyncLifetime
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

    // The states that a swap of a workload of 2 replicas may leave, and those that others make of them.
    [Theory]
    [InlineData(false, 2, RestoreOutcome.NotSwapped, 2, 0)]
    [InlineData(false, 0, RestoreOutcome.NotSwapped, 0, 0)]
    [InlineData(false, 5, RestoreOutcome.NotSwapped, 5, 0)]
    [InlineData(true, 2, RestoreOutcome.Restored, 2, 1)]
    [InlineData(true, 0, RestoreOutcome.Restored, 2, 1)]
    [InlineData(true, 1, RestoreOutcome.ScaledMeanwhile, 1, 1)]
    [InlineData(true, 5, RestoreOutcome.ScaledMeanwhile, 5, 1)]
    public async Task EveryState_IsPutBackInOneWriteAtMost_AndASecondTimeNothingHappens(bool isClaimed, int replicas, RestoreOutcome outcome, int replicasAfterwards, int writes)
    {
        var before = _workload.Json;
        if (isClaimed) await ClaimAsync();
        if (replicas != 2) _workload.Scale(replicas);

        var result = await RestoreAsync();
        var patched = _workload.Patched.Count - (isClaimed ? 1 : 0);
        var again = await RestoreAsync();

        Assert.Equal(new(outcome, replicasAfterwards, TemplateChanged: false), result);
        Assert.Equal(new(RestoreOutcome.NotSwapped, replicasAfterwards, TemplateChanged: false), again);
        Assert.Equal(writes, patched);
        Assert.Equal(patched + (isClaimed ? 1 : 0), _workload.Patched.Count);
        before["spec"]!["replicas"] = replicasAfterwards;
        Assert.Equal(TextOf(before), _workload.Text);
    }

    [Fact]
    public async Task RestoreOfWhatWasZero_LeavesZero()
    {
        _workload.Scale(0);
        _workload.Settle();
        await ClaimAsync();

        Assert.Equal(new(RestoreOutcome.Restored, 0, TemplateChanged: false), await RestoreAsync());
        Assert.Null(_workload.Claim);
    }

    [Fact]
    public async Task ScaledUpFromZeroMeanwhile_Stays()
    {
        _workload.Scale(0);
        _workload.Settle();
        await ClaimAsync();
        _workload.Scale(1);

        Assert.Equal(new(RestoreOutcome.ScaledMeanwhile, 1, TemplateChanged: false), await RestoreAsync());
    }

    [Fact]
    public async Task TwoAtOnce_RestoreItOnce()
    {
        var before = _workload.Text;
        await ClaimAsync();
        _workload.Scale(0);
        // Both have read it before either writes.
        var reads = 0;
        var bothHaveRead = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _workload.BeforePatch = () =>
        {
            if (++reads == 2) bothHaveRead.TrySetResult();
            return bothHaveRead.Task;
        };

        var both = Task.WhenAll(RestoreAsync(), RestoreAsync());
        await _time.WaitForTimerAsync(TimeSpan.FromMilliseconds(100));
        _time.Advance(TimeSpan.FromMilliseconds(100));

        Assert.Equal([RestoreOutcome.Restored, RestoreOutcome.NotSwapped], (await both).Select(result => result.Outcome).Order());
        Assert.All(await both, result => Assert.Equal(2, result.Replicas));
        Assert.Equal(before, _workload.Text);
        Assert.Equal(2, _workload.Patched.Count);
    }

    [Fact]
    public async Task SomebodyEditsBetweenReadAndWrite_TheEditHoldsAndItIsPutBack()
    {
        await ClaimAsync();
        _workload.Scale(0);
        BeforeFirstPatch(() => _workload.Edit(json => json["metadata"]!["labels"]!["edited"] = "yes"));

        var result = await PassConflictAsync(RestoreAsync());

        Assert.Equal(new(RestoreOutcome.Restored, 2, TemplateChanged: false), result);
        Assert.Equal((2, null, "yes"), (_workload.Replicas, _workload.Claim, (string?)_workload.Json["metadata"]!["labels"]!["edited"]));
    }

    [Fact]
    public async Task SomebodyScalesBetweenReadAndWrite_TheirNumberHolds()
    {
        await ClaimAsync();
        _workload.Scale(0);
        BeforeFirstPatch(() => _workload.Scale(7));

        Assert.Equal(new(RestoreOutcome.ScaledMeanwhile, 7, TemplateChanged: false), await PassConflictAsync(RestoreAsync()));
        Assert.Equal((7, null), (_workload.Replicas, _workload.Claim));
    }

    [Fact]
    public async Task DeletedBetweenReadAndWrite_IsNothingToPutBack()
    {
        await ClaimAsync();
        BeforeFirstPatch(_workload.Delete);

        Assert.Equal(new(RestoreOutcome.Deleted, 0, TemplateChanged: false), await PassConflictAsync(RestoreAsync()));
    }

    [Fact]
    public async Task RecreatedBetweenReadAndWrite_IsLeftAsItIs()
    {
        var fresh = _workload.Json;
        await ClaimAsync();
        _workload.Scale(0);
        BeforeFirstPatch(() => _workload.Put(fresh));

        Assert.Equal(new(RestoreOutcome.NotSwapped, 2, TemplateChanged: false), await PassConflictAsync(RestoreAsync()));
        Assert.Equal(TextOf(fresh), _workload.Text);
    }

    [Fact]
    public async Task Deleted_IsNothingToPutBack()
    {
        await ClaimAsync();
        _workload.Delete();

        Assert.Equal(new(RestoreOutcome.Deleted, 0, TemplateChanged: false), await RestoreAsync());
    }

    [Fact]
    public async Task NamespaceDeleted_IsNothingToPutBack()
    {
        _workload.Refuse("GET", 404, TestAgentApi.Data("refusals/namespace-missing")["body"]!);

        Assert.Equal(RestoreOutcome.Deleted, (await RestoreAsync()).Outcome);
    }

    [Fact]
    public async Task TemplateChangedMeanwhile_StaysAndIsTold()
    {
        await ClaimAsync();
        _workload.Scale(0);
        _workload.Edit(json => json["spec"]!["template"]!["metadata"]!["annotations"] = new JsonObject { ["kubectl.kubernetes.io/restartedAt"] = "2026-11-23T00:00:00Z" });
        var template = _workload.Json["spec"]!["template"]!.ToJsonString();

        Assert.Equal(new(RestoreOutcome.Restored, 2, TemplateChanged: true), await RestoreAsync());
        Assert.Equal(template, _workload.Json["spec"]!["template"]!.ToJsonString());
    }

    [Fact]
    public async Task OtherChangesMeanwhile_StayAndAreNoNewTemplate()
    {
        await ClaimAsync();
        _workload.Edit(json =>
        {
            json["spec"]!["replicas"] = 0;
            json["spec"]!["paused"] = true;
            json["metadata"]!["annotations"]!["note"] = "theirs";
        });

        Assert.Equal(new(RestoreOutcome.Restored, 2, TemplateChanged: false), await RestoreAsync());
        Assert.True((bool)_workload.Json["spec"]!["paused"]!);
        Assert.Equal("theirs", (string?)_workload.Json["metadata"]!["annotations"]!["note"]);
    }

    [Fact]
    public async Task AnotherSessionsSwap_IsLeftAsItIs_UnlessAnyonesIsAskedFor()
    {
        await ClaimAsync("s2");
        _workload.Scale(0);
        var before = _workload.Text;

        Assert.Equal(new(RestoreOutcome.SomebodyElses, 0, TemplateChanged: false), await RestoreAsync());
        Assert.Equal(before, _workload.Text);
        Assert.Equal(new(RestoreOutcome.Restored, 2, TemplateChanged: false), await RestoreAsync(session: null));
    }

    [Theory]
    [InlineData("by hand")]
    [InlineData("{}")]
    [InlineData("")]
    public async Task ClaimThatCannotBeRead_IsLeftWithTheWayToPutItBackByHand(string claim)
    {
        _workload.Edit(json => json["metadata"]!["annotations"]![SwapClaim.Annotation] = claim);
        _workload.Scale(0);

        var error = await Assert.ThrowsAsync<ClusterException>(() => RestoreAsync(session: null));

        Assert.Equal("swap-claim-unreadable", error.Code);
        Assert.Contains("kubectl scale deployment/hello -n default", error.Remedy, StringComparison.Ordinal);
        Assert.Contains("telelaunch.dev/swap-", error.Remedy, StringComparison.Ordinal);
        Assert.Empty(_workload.Patched);
    }

    [Fact]
    public async Task WithoutTheRightToPatch_TheRightIsSaid()
    {
        await ClaimAsync();
        _workload.Refuse("PATCH", 403, TestAgentApi.Data("refusals/forbidden")["body"]!);

        Assert.Equal("forbidden", (await Assert.ThrowsAsync<ClusterException>(() => RestoreAsync())).Code);
    }

    [Fact]
    public async Task WorkloadThatNeverRests_IsGivenUpInTheEnd()
    {
        await ClaimAsync();
        var conflicts = 0;
        _workload.BeforePatch = () =>
        {
            conflicts++;
            _workload.Settle();
            return Task.CompletedTask;
        };
        var restoring = RestoreAsync();
        for (var attempt = 1; attempt < 30; attempt++)
        {
            await _time.WaitForTimerAsync(TimeSpan.FromMilliseconds(100));
            _time.Advance(TimeSpan.FromMilliseconds(100));
        }

        Assert.Equal("api-conflict", (await Assert.ThrowsAsync<ClusterException>(() => restoring)).Code);
        Assert.Equal(30, conflicts);
    }

    [Fact]
    public async Task WriteWhoseAnswerIsLost_IsSeenByTheNextAttempt()
    {
        var before = _workload.Text;
        await ClaimAsync();
        _workload.Scale(0);
        _workload.AfterPatch = () => true;
        await Assert.ThrowsAsync<ClusterException>(() => RestoreAsync());

        Assert.Equal(new(RestoreOutcome.NotSwapped, 2, TemplateChanged: false), await RestoreAsync());
        Assert.Equal(before, _workload.Text);
    }

    private Task<RestoreResult> RestoreAsync(string? session = "s1") =>
        SwapRestore.RunAsync(_connection, "default", WorkloadKind.Deployment, "hello", session, _time, CancellationToken.None);

    private async Task<RestoreResult> PassConflictAsync(Task<RestoreResult> restoring)
    {
        await _time.WaitForTimerAsync(TimeSpan.FromMilliseconds(100));
        _time.Advance(TimeSpan.FromMilliseconds(100));
        return await restoring;
    }

    private async Task ClaimAsync(string session = "s1")
    {
        var plan = await SwapPlan.ReadAsync(_connection, "default", new(WorkloadKind.Deployment, "hello", null), isForSwap: true, CancellationToken.None);
        await Swap.ClaimAsync(_connection, plan, session, new("jane", "desk"), _time, CancellationToken.None);
    }

    private void BeforeFirstPatch(Action act) => _workload.BeforePatch = () =>
    {
        _workload.BeforePatch = null;
        act();
        return Task.CompletedTask;
    };

    private static string TextOf(JsonObject json)
    {
        var copy = json.DeepClone().AsObject();
        copy["metadata"]!.AsObject().Remove("resourceVersion");
        copy["metadata"]!.AsObject().Remove("generation");
        copy.Remove("status");
        return copy.ToJsonString();
    }
}
