using System.Net;
using Telelaunch.Net;

namespace Telelaunch.Broker.Tests;

/// <summary>getaddrinfo of a real program under the real shim.</summary>
public class NameTests
{
    private static readonly string Script = Path.Combine(AppContext.BaseDirectory, "Programs", "lookup.py");

    [Fact]
    public async Task ClusterNames_GiveAllAddressesInThePodsOrder()
    {
        var resolver = new ScriptedResolver();
        resolver.Add("hello", "hello.default.svc.cluster.local", "10.96.0.1");
        resolver.Add("web", "web.default.svc.cluster.local", "10.244.1.9", "10.244.1.3", "10.244.1.7");
        await using TestSession session = await TestSession.StartAsync(resolver: resolver);
        await using ShimProgram program = session.Start("python3", Script, "hello", "web");

        Assert.Equal(
            ["hello 10.96.0.1 canonical hello.default.svc.cluster.local", "web 10.244.1.9 10.244.1.3 10.244.1.7 canonical web.default.svc.cluster.local"],
            await program.FinishAsync());
        Assert.Equal(["hello", "web"], session.Resolver.Asked);
    }

    [Fact]
    public async Task TunnelDown_IsTryAgain()
    {
        await using TestSession session = await TestSession.StartAsync();
        session.Broker.SetTunnelState(TunnelState.Down);
        await using ShimProgram program = session.Start("python3", Script, "hello", "hello.default.svc.cluster.local");

        Assert.Equal(["hello EAI_AGAIN", "hello.default.svc.cluster.local EAI_AGAIN"], await program.FinishAsync());
        Assert.Empty(session.Resolver.Asked);
    }

    [Fact]
    public async Task AnswerOutsideTheRanges_IsFollowed_AndTheFlowKnowsItsName()
    {
        var resolver = new ScriptedResolver();
        resolver.Add("external.default.svc.cluster.local", "www.example.com", "198.51.100.7");
        await using TestSession session = await TestSession.StartAsync(resolver: resolver);
        await using (ShimProgram lookup = session.Start("python3", Script, "external.default.svc.cluster.local"))
            await lookup.FinishAsync();

        await using ShimProgram program = session.Start(ShimProgram.Connector, "blocking", "198.51.100.7", "443");
        PendingDial dial = await session.Dialer.NextAsync();
        Assert.Equal(IPEndPoint.Parse("198.51.100.7:443"), dial.Destination);
        dial.Fail(Errno.ECONNREFUSED);
        await program.FinishAsync();

        Assert.Equal("external.default.svc.cluster.local", (await session.NextRecordAsync<FlowRecord>()).Name);
    }

    [Fact]
    public async Task NoSuchName_IsLeftToThisMachine()
    {
        await using TestSession session = await TestSession.StartAsync();
        await using ShimProgram program = session.Start("python3", Script, "telelaunch-no-such-name");

        string line = Assert.Single(await program.FinishAsync());

        Assert.DoesNotContain("canonical", line, StringComparison.Ordinal);
        Assert.Equal(["telelaunch-no-such-name"], session.Resolver.Asked);
        LookupRecord record = await session.NextRecordAsync<LookupRecord>();
        Assert.Equal((NameDecision.ClusterFirst, LookupStatus.NoName), (record.Decision, record.Status));
    }
}
