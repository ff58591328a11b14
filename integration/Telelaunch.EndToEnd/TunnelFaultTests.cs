using System.Diagnostics;
using System.Globalization;
using Telelaunch.Impairment;
using Xunit;
using Xunit.Abstractions;

namespace Telelaunch.EndToEnd;

/// <summary>When the way to the cluster is long, breaks or ends, flows see what TCP would show them, people are told, and it comes back by itself.</summary>
/// <remarks>The faults are made between Telelaunch and the API server by a relay, so they work with any cluster.</remarks>
[Collection(TestCluster.Name)]
public sealed class TunnelFaultTests(TestCluster cluster, ITestOutputHelper output)
{
    public static TheoryData<string> Carriers => ["ssh", "direct"];

    [Theory, MemberData(nameof(Carriers))]
    public async Task ConnectionReset_FlowsSeeIt_AndTheTunnelComesBack(string carrier)
    {
        await using var session = await FaultSession.StartAsync(cluster, carrier);
        await session.OpenFlowsAsync();

        var fault = Stopwatch.GetTimestamp();
        session.Link.Reset();
        var told = await session.SaysAsync(FaultSession.DownBanner, fault);
        var reset = await session.FlowsAreResetAsync(fault);
        var back = await session.SaysAsync(FaultSession.BackNotice, fault);

        await session.WorksAsync();
        await session.EndAsync();
        FaultReport.Write(output, "connection reset", carrier, told, back, Saw(reset));
    }

    [Theory, MemberData(nameof(Carriers))]
    public async Task BlackHole_IsFoundByPing_FlowsSeeAReset_AndTheTunnelComesBack(string carrier)
    {
        await using var session = await FaultSession.StartAsync(cluster, carrier);
        await session.OpenFlowsAsync();

        var fault = Stopwatch.GetTimestamp();
        session.Link.BlackHole = true;
        var told = await session.SaysAsync(FaultSession.DownBanner, fault);
        var reset = await session.FlowsAreResetAsync(fault);
        var free = Stopwatch.GetTimestamp();
        session.Link.BlackHole = false;
        var back = await session.SaysAsync(FaultSession.BackNotice, free);

        await session.WorksAsync();
        await session.EndAsync();
        FaultReport.Write(output, "black hole", carrier, told, back, Saw(reset));
    }

    [Theory, MemberData(nameof(Carriers))]
    public Task ApiServerRestarted_TheTunnelComesBack(string carrier) => CutAsync("API server restarted, 3 s", carrier, TimeSpan.FromSeconds(3));

    [Theory, MemberData(nameof(Carriers))]
    public Task CutForFifteenSeconds_ConnectsWaitAndThenTellTheTruth(string carrier) => CutAsync("cut for 15 s", carrier, TimeSpan.FromSeconds(15));

    [Theory, MemberData(nameof(Carriers))]
    public async Task AgentPodDeleted_IsLostForGood_AndTheExitCodeSaysSo(string carrier)
    {
        await using var session = await FaultSession.StartAsync(cluster, carrier);
        await session.OpenFlowsAsync();
        var pod = (await cluster.AgentPodsAsync()).Single(name => name.StartsWith("pod/", StringComparison.Ordinal));

        var fault = Stopwatch.GetTimestamp();
        await cluster.KubectlAsync("delete", pod, "--wait=false");
        var told = await session.SaysAsync(FaultSession.DownBanner, fault);
        var reset = await session.FlowsAreResetAsync(fault);
        var lost = await session.SaysAsync(FaultSession.LostBanner, fault);

        var connect = await session.ConnectAsync("new");
        Assert.True(connect.StartsWith("failed ENETUNREACH", StringComparison.Ordinal), session.Run.ToString());
        await session.EndAsync(exitCode: 124);
        FaultReport.Write(output, "agent pod deleted", carrier, told, back: null, string.Create(CultureInfo.InvariantCulture,
            $"{Saw(reset)}; lost for good after {lost.TotalSeconds:0.00} s; a connect then {connect}; exit code 124"));
    }

    [Theory, MemberData(nameof(Carriers))]
    public async Task OneOfTwoCarriersLost_FlowsOfTheOtherGoOn(string carrier)
    {
        await using var session = await FaultSession.StartAsync(cluster, carrier, default, "--carriers", "2");
        var pod = (await cluster.AgentPodsAsync()).Single(name => name.StartsWith("pod/", StringComparison.Ordinal));
        await AgentSaysAsync(pod, "a client is connected, 2 carriers", times: 1);
        string[] names = ["a", "b", "c", "d"];
        foreach (var name in names)
        {
            // One after the other, because a flow goes where the fewest are.
            await session.OpenDownAsync(name, FaultSession.DownSize);
            await session.Run.WaitForLineAsync($"{name} received");
        }

        var fault = Stopwatch.GetTimestamp();
        Assert.True(session.Link.ResetOne());
        await AgentSaysAsync(pod, "a client is connected, 2 carriers", times: 2);
        var back = Stopwatch.GetElapsedTime(fault);
        await session.Run.WriteLineAsync("hurry");
        var ends = await Task.WhenAll(names.Select(async name =>
            await await Task.WhenAny(session.Run.WaitForLineAsync($"{name} complete"), session.Run.WaitForLineAsync($"{name} ended"))));

        var hash = FaultSession.HashOf(FaultSession.DownSize);
        Assert.True(ends.Count(end => end.EndsWith(" ended ECONNRESET", StringComparison.Ordinal)) == 2, session.Run.ToString());
        Assert.True(ends.Count(end => end.EndsWith($" complete {hash}", StringComparison.Ordinal)) == 2, session.Run.ToString());
        Assert.DoesNotContain(FaultSession.DownBanner, session.Run.Errors, StringComparison.Ordinal);
        await session.WorksAsync();
        await session.EndAsync();
        FaultReport.Write(output, "one of two carriers reset", carrier, told: null, back, "its 2 flows: ECONNRESET; the other's 2: 32 MiB identical");
    }

    [Theory, InlineData("ssh", 20), InlineData("direct", 20), InlineData("ssh", 200), InlineData("direct", 200)]
    public async Task LongWay_EverythingWorks(string carrier, int milliseconds)
    {
        const int Size = 20 * 1024 * 1024;
        var start = Stopwatch.GetTimestamp();
        await using var session = await FaultSession.StartAsync(cluster, carrier, TimeSpan.FromMilliseconds(milliseconds));
        var up = Stopwatch.GetElapsedTime(start);
        var connect = await session.ConnectAsync("new");
        Assert.True(connect.StartsWith("connected", StringComparison.Ordinal), session.Run.ToString());
        var refused = await session.ConnectAsync("refused", await cluster.PodAddressAsync("hello"), 81);
        Assert.True(refused.StartsWith("failed ECONNREFUSED", StringComparison.Ordinal), session.Run.ToString());

        await session.Run.WriteLineAsync("hurry");
        start = Stopwatch.GetTimestamp();
        await session.OpenDownAsync("bulk", Size);
        Assert.True(await session.Run.WaitForLineAsync("bulk complete") == $"bulk complete {FaultSession.HashOf(Size)}", session.Run.ToString());
        var transfer = Stopwatch.GetElapsedTime(start);

        Assert.DoesNotContain(FaultSession.DownBanner, session.Run.Errors, StringComparison.Ordinal);
        await session.EndAsync();
        FaultReport.Write(output, $"{milliseconds} ms of distance", carrier, told: null, back: null, string.Create(CultureInfo.InvariantCulture,
            $"start {up.TotalSeconds:0.0} s; {connect}; closed port {refused}; 20 MiB identical in {transfer.TotalSeconds:0.0} s"));
    }

    /// <summary>The API server refuses for a while. A connect meanwhile waits 10 s for the tunnel and then fails with ENETUNREACH, or succeeds when it is back.</summary>
    private async Task CutAsync(string fault, string carrier, TimeSpan length)
    {
        await using var session = await FaultSession.StartAsync(cluster, carrier);
        await session.OpenFlowsAsync();

        var start = Stopwatch.GetTimestamp();
        session.Link.Refuse = true;
        // How long the scenario lasts; nothing is awaited by it.
        var over = Task.Delay(length).ContinueWith(_ => session.Link.Refuse = false, TaskScheduler.Default);
        var told = await session.SaysAsync(FaultSession.DownBanner, start);
        var reset = await session.FlowsAreResetAsync(start);
        List<string> connects = [];
        do
        {
            var asked = Stopwatch.GetTimestamp();
            connects.Add(await session.ConnectAsync($"meanwhile-{connects.Count}"));
            if (connects[^1].StartsWith("connected", StringComparison.Ordinal)) break;
            Assert.True(connects[^1].StartsWith("failed ENETUNREACH", StringComparison.Ordinal), session.Run.ToString());
            Assert.InRange(Stopwatch.GetElapsedTime(asked), TimeSpan.FromSeconds(9), TimeSpan.MaxValue);
        }
        while (true);
        await over;
        var back = await session.SaysAsync(FaultSession.BackNotice, start) - length;

        await session.WorksAsync();
        await session.EndAsync();
        FaultReport.Write(output, fault, carrier, told, back, $"{Saw(reset)}; connects meanwhile: {string.Join(", ", connects)}");
    }

    private static string Saw(TimeSpan reset) => string.Create(CultureInfo.InvariantCulture, $"flows: ECONNRESET after {reset.TotalSeconds:0.00} s");

    private async Task AgentSaysAsync(string pod, string text, int times)
    {
        using var bound = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        while ((await cluster.KubectlAsync("logs", pod)).Split(text).Length <= times) await timer.WaitForNextTickAsync(bound.Token);
    }
}
