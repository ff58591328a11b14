using System.Net;
using System.Net.Sockets;
using ARSoft.Tools.Net.Dns;
using Telelaunch.Net;
using Telelaunch.Net.Dns;

namespace Telelaunch.Broker.Tests.Split;

/// <summary>A cluster on this machine whose DNS forwards what it doesn't own to this machine's resolver: the split name server itself.</summary>
public class LoopTests
{
    [Fact]
    public async Task Loop_IsFound_ToldOnce_AndNothingRunsRound()
    {
        await using TestSplit split = await StartAsync();
        split.Upstream.Add("www.example.net", "192.0.2.80");
        split.Upstream.Add("db.corp.example", "198.51.100.8");
        split.Upstream.Add("nas", "192.0.2.2");
        Assert.True(split.Server.LoopDetected);
        await split.Server.ProbeLoopAsync(CancellationToken.None);
        Assert.Equal(["dns-loop"], split.Records.OfType<NoticeRecord>().Select(record => record.Code));
        split.Cluster.Asked.Clear();
        split.Upstream.Asked.Clear();

        // An --also-proxy name: upstream instead of in the cluster, and still the cluster's way.
        Assert.Equal("198.51.100.8", Address(await split.AskAsync("db.corp.example", RecordType.A)));
        Assert.Equal(["+198.51.100.8"], split.Routed);
        Assert.Empty(split.Cluster.Asked);

        Assert.Equal("192.0.2.2", Address(await split.AskAsync("nas", RecordType.A)));
        Assert.Equal(ReturnCode.NxDomain, (await split.AskAsync("nobody", RecordType.MX)).ReturnCode);
        Assert.Equal(["db.corp.example A Udp", "nas A Udp", "nobody MX Udp"], split.Upstream.Asked);
        Assert.All(split.Cluster.Asked, asked => Assert.Contains(".cluster.local ", asked, StringComparison.Ordinal));
    }

    /// <summary>A browser asks for both families at once, and for the binding: none may be taken for what came back.</summary>
    [Fact]
    public async Task InALoop_QuestionsForOneNameAtOnce_AreAllAnswered()
    {
        await using TestSplit split = await StartAsync();
        split.AddServices();

        for (int i = 0; i < 20; i++)
        {
            split.Server.SetPod(TestSession.Pod, new ClusterNames(["default"], [], []), AddressRanges.Create([AddressRange.Parse("10.96.0.0/12"), AddressRange.Parse("fd00:10:96::/108")], []));
            DnsMessage[] answers = await Task.WhenAll(split.AskAsync("hello", RecordType.A), split.AskAsync("hello", RecordType.AAAA), split.AskAsync("hello", RecordType.HTTPS), split.AskAsync("hello", RecordType.A));
            Assert.Equal([1, 1, 0, 1], answers.Select(answer => answer.AnswerRecords.OfType<AddressRecordBase>().Count()));
            Assert.All(answers, answer => Assert.Equal(ReturnCode.NoError, answer.ReturnCode));
        }
    }

    [Fact]
    public async Task InALoop_AddressThatTheClusterDoesNotKnow_ComesBackOnce()
    {
        await using TestSplit split = await StartAsync();
        split.Cluster.Asked.Clear();

        Assert.Equal(ReturnCode.NxDomain, (await split.AskAsync("77.0.96.10.in-addr.arpa", RecordType.PTR)).ReturnCode);

        Assert.Equal(["77.0.96.10.in-addr.arpa PTR Udp"], split.Cluster.Asked);
        Assert.Empty(split.Upstream.Asked);
    }

    /// <summary>The probe may get lost: even then a question that comes back meets itself, and doesn't run round.</summary>
    [Fact]
    public async Task LoopThatWasNotFound_DoesNotRunRound()
    {
        await using TestSplit split = TestSplit.Start();
        Forward(split);
        split.Upstream.Add("nas", "192.0.2.2");

        Assert.Equal("192.0.2.2", Address(await split.AskAsync("nas", RecordType.A)));

        Assert.False(split.Server.LoopDetected);
        Assert.InRange(split.Cluster.Asked.Count, 1, 12);
    }

    [Fact]
    public async Task ClusterThatForwardsElsewhere_IsNoLoop()
    {
        await using TestSplit split = TestSplit.Start();
        await split.Server.ProbeLoopAsync(CancellationToken.None);

        Assert.False(split.Server.LoopDetected);
        Assert.Single(split.Cluster.Asked);
        Assert.Empty(split.Records);
    }

    private static async Task<TestSplit> StartAsync()
    {
        TestSplit split = TestSplit.Start();
        Forward(split);
        await split.Server.ProbeLoopAsync(CancellationToken.None);
        return split;
    }

    private static void Forward(TestSplit split) => split.Cluster.Otherwise = async (query, _) =>
    {
        Assert.True(DnsQuestion.TryRead(query, out DnsQuestion question));
        // As CoreDNS: of its own zone it is the authority; the rest it forwards under a number of its own, with EDNS, until it has waited for 5 s.
        if (question.Name.EndsWith(".cluster.local", StringComparison.Ordinal))
            return DnsAnswer.Empty(query, question, DnsAnswer.NoSuchName);
        byte[] forwarded = [(byte)~query[0], .. query[1..question.End], 0, 0, 41, 16, 0, 0, 0, 0, 0, 0, 0];
        forwarded[11] = 1;
        using var forwarder = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        await forwarder.ConnectAsync(split.EndPoint);
        await forwarder.SendAsync(forwarded);
        byte[] answer = new byte[65_535];
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        try
        {
            int length = await forwarder.ReceiveAsync(answer, SocketFlags.None, patience.Token);
            return [query[0], .. answer[1..length]];
        }
        catch (OperationCanceledException)
        {
            return DnsAnswer.Empty(query, question, DnsAnswer.ServerFailure);
        }
    };

    private static string Address(DnsMessage answer) => answer.AnswerRecords.OfType<AddressRecordBase>().Single().Address.ToString();
}
