using System.Net;
using ARSoft.Tools.Net.Dns;
using Telelaunch.Net;
using Telelaunch.Net.Dns;
using Telelaunch.Net.Tests.Dns;

namespace Telelaunch.Broker.Tests.Split;

public class SplitNameServerTests
{
    [Theory]
    [InlineData("hello.default.svc.cluster.local")]
    [InlineData("nobody.default.svc.cluster.local")]
    [InlineData("db.corp.example")]
    [InlineData("1.0.96.10.in-addr.arpa")]
    public async Task NamesOfTheCluster_NeverLeak(string name)
    {
        await using TestSplit split = TestSplit.Start();
        split.AddServices();
        foreach (RecordType type in new[] { RecordType.A, RecordType.AAAA, RecordType.MX, RecordType.PTR, RecordType.HTTPS })
            await split.AskAsync(name, type);

        Assert.Empty(split.Upstream.Asked);
    }

    [Fact]
    public async Task NameThatMayBeTheClusters_IsPassedOnOnlyWhenTheClusterKnowsNone()
    {
        await using TestSplit split = TestSplit.Start();
        split.AddServices();
        split.Upstream.Add("hello", "192.0.2.1");
        split.Upstream.Add("nas", "192.0.2.2");
        split.Upstream.Add("example.shop", "192.0.2.3");

        Assert.Equal("10.96.0.1", Address(await split.AskAsync("hello", RecordType.A)));
        Assert.Empty(split.Upstream.Asked);
        Assert.Equal("192.0.2.2", Address(await split.AskAsync("nas", RecordType.A)));
        Assert.Equal("192.0.2.3", Address(await split.AskAsync("example.shop", RecordType.A)));
        Assert.Equal(["nas A Udp", "example.shop A Udp"], split.Upstream.Asked);
    }

    [Fact]
    public async Task NameOfTheInternet_IsNotAskedInTheCluster()
    {
        await using TestSplit split = TestSplit.Start();
        split.Upstream.Add("www.example.net", "192.0.2.80");

        Assert.Equal("192.0.2.80", Address(await split.AskAsync("www.example.net", RecordType.A)));
        Assert.Equal(ReturnCode.NxDomain, (await split.AskAsync("nobody.example.net", RecordType.A)).ReturnCode);
        Assert.Empty(split.Cluster.Asked);
    }

    /// <summary>glibc asks for each name with the machine's own search list too; the pod's has that domain as well, from its node.</summary>
    [Fact]
    public async Task NameBelowTheMachinesSearchDomain_StaysWithTheMachine()
    {
        await using TestSplit split = TestSplit.Start();
        split.Upstream.Add("hello.corp.example", "192.0.2.4");

        Assert.Equal("192.0.2.4", Address(await split.AskAsync("hello.corp.example", RecordType.A)));
        Assert.Empty(split.Cluster.Asked);
    }

    [Fact]
    public async Task HostNames_AlwaysGoUpstream()
    {
        await using TestSplit split = TestSplit.Start(options => options with { Names = options.Names with { HostNames = ["control-plane", "api.svc.cluster.local"] } });
        split.Upstream.Add("control-plane", "192.0.2.5");
        split.Upstream.Add("api.svc.cluster.local", "192.0.2.6");

        Assert.Equal("192.0.2.5", Address(await split.AskAsync("control-plane", RecordType.A)));
        Assert.Equal("192.0.2.6", Address(await split.AskAsync("api.svc.cluster.local", RecordType.A)));
        Assert.Empty(split.Cluster.Asked);
    }

    [Fact]
    public async Task TunnelDown_OthersNamesAreAnswered_AndTheClustersAreNeverDenied()
    {
        await using TestSplit split = TestSplit.Start();
        split.AddServices();
        split.Upstream.Add("www.example.net", "192.0.2.80");
        split.Upstream.Add("example.shop", "192.0.2.3");
        Assert.Equal("10.96.0.1", Address(await split.AskAsync("hello", RecordType.A)));
        split.Server.SetTunnelState(TunnelState.Down);

        Assert.Equal("192.0.2.80", Address(await split.AskAsync("www.example.net", RecordType.A)));
        // A domain of the Internet that is called as a namespace is.
        Assert.Equal("192.0.2.3", Address(await split.AskAsync("example.shop", RecordType.A)));
        foreach ((string name, RecordType type) in new[] { ("web.shop", RecordType.A), ("hello", RecordType.AAAA), ("hello", RecordType.MX), ("other.default.svc.cluster.local", RecordType.A), ("other.default.svc.cluster.local", RecordType.MX), ("9.0.96.10.in-addr.arpa", RecordType.PTR) })
            Assert.Equal((name, ReturnCode.ServerFailure), (name, (await split.AskAsync(name, type)).ReturnCode));
        // What the cluster has answered for isn't asked of others.
        Assert.DoesNotContain(split.Upstream.Asked, asked => asked.StartsWith("hello", StringComparison.Ordinal));

        split.Server.SetTunnelState(TunnelState.Up);
        Assert.Equal("10.96.0.2", Address(await split.AskAsync("web.shop", RecordType.A)));
    }

    [Fact]
    public async Task NamespacesUnknown_DottedNamesDoNotDependOnTheTunnel()
    {
        await using TestSplit split = TestSplit.Start(options => options with { Names = ClusterNames.Unknown });
        split.AddServices();
        split.Upstream.Add("www.example.net", "192.0.2.80");

        Assert.Equal("192.0.2.80", Address(await split.AskAsync("www.example.net", RecordType.A)));
        Assert.Empty(split.Cluster.Asked);
        Assert.Equal("10.96.0.2", Address(await split.AskAsync("web.shop", RecordType.A)));
        split.Server.SetTunnelState(TunnelState.Down);
        Assert.Equal("192.0.2.80", Address(await split.AskAsync("www.example.net", RecordType.A)));
        Assert.Equal(ReturnCode.NxDomain, (await split.AskAsync("nobody.example.net", RecordType.A)).ReturnCode);
        Assert.Equal(ReturnCode.ServerFailure, (await split.AskAsync("web.shop", RecordType.AAAA)).ReturnCode);
    }

    [Fact]
    public async Task Address_IsRoutedBeforeItIsTold()
    {
        var asked = new TaskCompletionSource<IReadOnlyList<IPAddress>>(TaskCreationOptions.RunContinuationsAsynchronously);
        var routed = new TaskCompletionSource();
        await using TestSplit split = TestSplit.Start(options => options with
        {
            Routing = async (added, _) =>
            {
                asked.SetResult(added);
                await routed.Task;
            },
        });
        split.Cluster.Add("db.corp.example", "198.51.100.8");
        split.Cluster.Add("db.corp.example", "10.96.0.9");
        split.Cluster.Add("db.corp.example", "127.0.0.9");

        Task<DnsMessage> first = split.AskAsync("db.corp.example", RecordType.A);
        Assert.Equal(["198.51.100.8"], (await asked.Task.WaitAsync(ShimProgram.Patience)).Select(address => address.ToString()));
        // One who asks for the same meanwhile waits for the same route, and one who asks for another name waits for nothing.
        Task<DnsMessage> second = split.AskAsync("db.corp.example", RecordType.A);
        Assert.Equal(ReturnCode.NxDomain, (await split.AskAsync("www.example.net", RecordType.A)).ReturnCode);
        Assert.False(first.IsCompleted || second.IsCompleted);
        routed.SetResult();

        Assert.Equal(3, (await first).AnswerRecords.Count);
        Assert.Equal(3, (await second).AnswerRecords.Count);
        Assert.Equal("db.corp.example", split.Server.NameOf(IPAddress.Parse("198.51.100.8")));
    }

    [Fact]
    public async Task AddressThatCannotBeRouted_IsNotTold()
    {
        await using TestSplit split = TestSplit.Start(options => options with { Routing = (_, _) => throw new HostException("no-route", "The helper has ended.", "Start again.") });
        split.Cluster.Add("db.corp.example", "198.51.100.8");
        split.Cluster.Add("db.corp.example", RecordType.SRV, [0, 0, 0, 0, 0, 1, .. TestNameServer.Name("db.corp.example")]);

        Assert.Equal(ReturnCode.ServerFailure, (await split.AskAsync("db.corp.example", RecordType.A)).ReturnCode);
        Assert.Single((await split.AskAsync("db.corp.example", RecordType.SRV)).AnswerRecords);
    }

    [Fact]
    public async Task MoreAddressesThanAreRouted_TheOneNotAskedForLongestGoes()
    {
        await using TestSplit split = TestSplit.Start(options => options with { MaximumSingles = 2 });
        for (int i = 1; i <= 3; i++)
            split.Cluster.Add($"pod-{i}.web", $"198.51.100.{i}");
        for (int i = 1; i <= 3; i++)
            split.Cluster.Add($"pod-{i}.web.default.svc.cluster.local", $"198.51.100.{i}");
        foreach (int i in new[] { 1, 2, 1, 3 })
            Assert.Equal($"198.51.100.{i}", Address(await split.AskAsync($"pod-{i}.web", RecordType.A)));

        Assert.Equal(["+198.51.100.1", "+198.51.100.2", "+198.51.100.3", "-198.51.100.2"], split.Routed);
    }

    [Fact]
    public async Task SameQuestion_IsAskedOnceAndKept()
    {
        await using TestSplit split = TestSplit.Start();
        split.AddServices();
        var gate = new TaskCompletionSource();
        split.Cluster.Otherwise = async (query, _) =>
        {
            await gate.Task;
            return TestNameServer.Reply(query, DnsAnswer.NoError, [("slow.default.svc.cluster.local", RecordType.TXT, TestNameServer.Text("x"))], soa: false);
        };
        Task<DnsMessage>[] asking = [.. Enumerable.Range(0, 50).Select(i => split.AskAsync(Numbered(i, "slow.default.svc.cluster.local", RecordType.TXT)))];
        for (int i = 0; i < 500; i++)
        {
            DnsMessage answer = await split.AskAsync(Numbered(i, "hello", RecordType.A));
            Assert.Equal((ushort)i, answer.TransactionID);
            Assert.Single(answer.AnswerRecords.OfType<ARecord>());
            Assert.Single((await split.AskAsync(Numbered(i, "_http._tcp.hello", RecordType.SRV))).AnswerRecords.OfType<SrvRecord>());
        }

        gate.SetResult();
        DnsMessage[] answers = await Task.WhenAll(asking);
        Assert.Equal(Enumerable.Range(0, 50).Select(i => (ushort)i), answers.Select(answer => answer.TransactionID));
        Assert.All(answers, answer => Assert.Single(answer.AnswerRecords));
        Assert.Equal(1, split.Cluster.Asked.Count(asked => asked.StartsWith("slow", StringComparison.Ordinal)));
        // The TTL is 5 s: a slow machine may ask a few times more, but not five hundred times.
        Assert.InRange(split.Cluster.Asked.Count(asked => asked.StartsWith("hello", StringComparison.Ordinal)), 1, 20);
        Assert.InRange(split.Cluster.Asked.Count(asked => asked.StartsWith("_http", StringComparison.Ordinal)), 1, 20);
    }

    [Fact]
    public async Task OtherUpstreams_AreAskedFromThenOn_AndItselfNever()
    {
        await using TestSplit split = TestSplit.Start();
        await using var other = new TestNameServer();
        other.Add("www.example.net", "192.0.2.81");

        split.Server.Upstreams = [split.EndPoint, other.EndPoint];

        Assert.Equal([other.EndPoint], split.Server.Upstreams);
        Assert.Equal("192.0.2.81", Address(await split.AskAsync("www.example.net", RecordType.A)));
        Assert.Empty(split.Upstream.Asked);
    }

    [Fact]
    public async Task AnotherPod_ItsNamesCount_AndNothingKeptDoes()
    {
        await using TestSplit split = TestSplit.Start();
        split.AddServices();
        split.Cluster.Add("hello.shop.svc.cluster.local", "10.96.0.7");
        await split.AskAsync("hello", RecordType.SRV);
        int before = split.Cluster.Asked.Count;

        split.Server.SetPod(TestSession.Pod with { SearchDomains = ["shop.svc.cluster.local"] }, new ClusterNames(["shop"], [], []), AddressRanges.Empty);

        Assert.Equal(ReturnCode.NoError, (await split.AskAsync("hello", RecordType.SRV)).ReturnCode);
        Assert.Contains("hello.shop.svc.cluster.local SRV Udp", split.Cluster.Asked.Skip(before));
    }

    private static string Address(DnsMessage answer) => answer.AnswerRecords.OfType<AddressRecordBase>().Single().Address.ToString();

    private static byte[] Numbered(int number, string name, RecordType type)
    {
        byte[] query = DnsMessageTests.Query(name, type);
        (query[0], query[1]) = ((byte)(number >> 8), (byte)number);
        return query;
    }
}
