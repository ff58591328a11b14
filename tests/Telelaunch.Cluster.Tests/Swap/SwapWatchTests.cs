using System.Text.Json.Nodes;
using System.Threading.Channels;

namespace Telelaunch.Cluster.Tests;

public sealed class SwapWatchTests : IAsyncLifetime, IDisposable
{
    private const string Collection = "/apis/apps/v1/namespaces/default/deployments";

    private readonly ManualTime _time = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Channel<string> _said = Channel.CreateUnbounded<string>();

    private TestCluster _cluster = null!;
    private ClusterConnection _connection = null!;
    private TestWorkload _workload = null!;
    private Swap _swap = null!;

    public async Task InitializeAsync()
    {
        _cluster = await TestCluster.StartAsync();
        _connection = _cluster.Connect();
        _workload = TestWorkload.Deployment(_cluster.Server);
        var plan = await SwapPlan.ReadAsync(_connection, "default", new(WorkloadKind.Deployment, "hello", null), isForSwap: true, CancellationToken.None);
        _swap = await Swap.ClaimAsync(_connection, plan, "s1", new("jane", "desk"), _time, CancellationToken.None);
        _workload.Scale(0);
    }

    public async Task DisposeAsync()
    {
        _connection.Dispose();
        await _cluster.DisposeAsync();
    }

    public void Dispose() => _stop.Dispose();

    [Fact]
    public async Task WhatControllersReport_IsNothingToSay()
    {
        var (watch, running) = await StartAsync();
        watch.Send("ADDED", _workload.Json);
        _workload.Settle();
        watch.Send("MODIFIED", _workload.Json);
        watch.Send("BOOKMARK", JsonNode.Parse("""{"metadata":{"resourceVersion":"9"}}""")!);

        // What is said at last is the first that is.
        _workload.Scale(3);
        watch.Send("MODIFIED", _workload.Json);

        Assert.Equal("somebody scaled deployment/hello to 3: its Pods share the callers with this process, and that number stays at the end", await SaidAsync());
        await StopAsync(running);
    }

    [Fact]
    public async Task Watch_IsOfTheOneWorkload()
    {
        var watch = new TestWatch(_cluster.Server, Collection);
        var running = new SwapWatch(_connection, _swap, Say, _time).RunAsync(_stop.Token);

        Assert.Equal("?watch=true&fieldSelector=metadata.name%3Dhello", await watch.Begun.ReadAsync());
        await StopAsync(running);
    }

    [Fact]
    public async Task ScaledUpAndDownAgain_BothAreSaidOnce()
    {
        var (watch, running) = await StartAsync();
        _workload.Scale(2);
        watch.Send("MODIFIED", _workload.Json);
        watch.Send("MODIFIED", _workload.Json);
        _workload.Scale(0);
        watch.Send("MODIFIED", _workload.Json);

        Assert.StartsWith("somebody scaled deployment/hello to 2", await SaidAsync(), StringComparison.Ordinal);
        Assert.Equal("deployment/hello has 0 replicas again: its callers come here alone", await SaidAsync());
        await StopAsync(running);
    }

    [Fact]
    public async Task NewTemplate_IsSaidOnce()
    {
        var (watch, running) = await StartAsync();
        _workload.Edit(json => json["spec"]!["template"]!["spec"]!["containers"]![0]!["image"] = "example/debian:2");
        watch.Send("MODIFIED", _workload.Json);
        _workload.Settle();
        watch.Send("MODIFIED", _workload.Json);
        _workload.Scale(1);
        watch.Send("MODIFIED", _workload.Json);

        Assert.StartsWith("deployment/hello was rolled out anew", await SaidAsync(), StringComparison.Ordinal);
        Assert.StartsWith("somebody scaled", await SaidAsync(), StringComparison.Ordinal);
        await StopAsync(running);
    }

    [Fact]
    public async Task Deleted_IsSaidAndNothingAfterwards()
    {
        var (watch, running) = await StartAsync();
        watch.Send("DELETED", _workload.Json);
        Assert.StartsWith("deployment/hello was deleted by somebody", await SaidAsync(), StringComparison.Ordinal);
        _workload.Scale(5);
        watch.Send("ADDED", _workload.Json);
        watch.End();
        await _time.WaitForTimerAsync(TimeSpan.FromSeconds(1));

        await StopAsync(running);
    }

    [Fact]
    public async Task RestoredBySomebody_IsSaid()
    {
        var (watch, running) = await StartAsync();
        await _swap.RestoreAsync(CancellationToken.None);
        watch.Send("MODIFIED", _workload.Json);

        Assert.Equal("the swap of deployment/hello was ended by somebody: it has 2 replicas again, and they share its callers with this process", await SaidAsync());
        await StopAsync(running);
    }

    [Fact]
    public async Task TakenOver_SaysByWhom()
    {
        var (watch, running) = await StartAsync();
        _workload.Edit(json => json["metadata"]!["annotations"]![SwapClaim.Annotation] = (_swap.Claim with { Session = "s2", Owner = "bob@lap" }).ToText());
        watch.Send("MODIFIED", _workload.Json);

        Assert.Contains("taken over: bob@lap since 1970-01-01 00:00 UTC", await SaidAsync(), StringComparison.Ordinal);
        await StopAsync(running);
    }

    [Theory]
    [InlineData("""{"type":"ERROR","object":{"kind":"Status","code":410}}""")]
    [InlineData("""{"type":"MODIFIED","object":{"kind":"Deploym""")]
    [InlineData("not JSON")]
    [InlineData("[]")]
    public async Task WatchThatEndsInWhateverWay_IsBegunAnewAfterASecond(string last)
    {
        var (watch, running) = await StartAsync();
        watch.Send(last);
        watch.End();
        await _time.WaitForTimerAsync(TimeSpan.FromSeconds(1));
        _time.Advance(TimeSpan.FromSeconds(1));
        await watch.Begun.ReadAsync();

        _workload.Scale(4);
        watch.Send("ADDED", _workload.Json);

        Assert.StartsWith("somebody scaled deployment/hello to 4", await SaidAsync(), StringComparison.Ordinal);
        await StopAsync(running);
    }

    [Fact]
    public async Task ServerThatIsAway_IsAskedAgain()
    {
        _cluster.Server.On("GET " + Collection, 500, "etcdserver: no leader", "text/plain");
        var running = new SwapWatch(_connection, _swap, Say, _time).RunAsync(_stop.Token);
        await _time.WaitForTimerAsync(TimeSpan.FromSeconds(1));
        var watch = new TestWatch(_cluster.Server, Collection);
        _time.Advance(TimeSpan.FromSeconds(1));

        await watch.Begun.ReadAsync();
        await StopAsync(running);
    }

    [Fact]
    public async Task WithoutTheRightToWatch_ItEndsInSilence()
    {
        _cluster.Server.On("GET " + Collection, 403, TestAgentApi.Data("refusals/forbidden")["body"]!.ToJsonString());

        await new SwapWatch(_connection, _swap, Say, _time).RunAsync(_stop.Token);

        Assert.False(_said.Reader.TryRead(out _));
    }

    private async Task<(TestWatch Watch, Task Running)> StartAsync()
    {
        var watch = new TestWatch(_cluster.Server, Collection);
        var running = new SwapWatch(_connection, _swap, Say, _time).RunAsync(_stop.Token);
        await watch.Begun.ReadAsync();
        return (watch, running);
    }

    private void Say(string line) => _said.Writer.TryWrite(line);

    private async Task<string> SaidAsync() => await _said.Reader.ReadAsync();

    private async Task StopAsync(Task running)
    {
        await _stop.CancelAsync();
        await running;
        Assert.False(_said.Reader.TryRead(out _));
    }
}
