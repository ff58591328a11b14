using System.Net;
using System.Net.Sockets;
using ARSoft.Tools.Net.Dns;
using Telelaunch.Net;

namespace Telelaunch.Broker.Tests;

/// <summary>Datagrams as the shim redirects them: to 127.84.0.n at the relay port's number.</summary>
public class NameServerListenerTests
{
    [Fact]
    public async Task ClusterName_IsAnsweredFromThePod_WithItsSearchList()
    {
        var resolver = new ScriptedResolver();
        resolver.Add("hello", "hello.default.svc.cluster.local", "10.96.0.1");
        resolver.Add("hello.default.svc.cluster.local.", null, "10.96.0.1");
        await using TestSession session = await StartAsync(resolver);

        DnsMessage shortName = await AskAsync(session, DnsMessageTests.Query("hello", RecordType.A), server: 2);
        DnsMessage whole = await AskAsync(session, DnsMessageTests.Query("hello.default.svc.cluster.local", RecordType.A), server: 2);

        Assert.Equal("10.96.0.1", shortName.AnswerRecords.OfType<ARecord>().Single().Address.ToString());
        Assert.Equal("10.96.0.1", whole.AnswerRecords.OfType<ARecord>().Single().Address.ToString());
        Assert.Equal(["hello", "hello.default.svc.cluster.local."], resolver.Asked);
    }

    [Fact]
    public async Task PodsOwnServer_IsAskedAsItIs()
    {
        byte[] query = DnsMessageTests.Query("anything.example", RecordType.A);
        var resolver = new ScriptedResolver { Query = (asked, _) => ValueTask.FromResult(Reply(asked, DnsAnswer.NoSuchName)) };
        await using TestSession session = await StartAsync(resolver);

        Assert.Equal(ReturnCode.NxDomain, (await AskAsync(session, query, server: 1)).ReturnCode);
    }

    [Fact]
    public async Task TunnelDown_IsServerFailure()
    {
        await using TestSession session = await StartAsync(new ScriptedResolver());
        session.Broker.SetTunnelState(TunnelState.Down);

        Assert.Equal(ReturnCode.ServerFailure, (await AskAsync(session, DnsMessageTests.Query("hello", RecordType.A), server: 2)).ReturnCode);
        Assert.Equal(ReturnCode.ServerFailure, (await AskAsync(session, DnsMessageTests.Query("hello", RecordType.PTR), server: 1)).ReturnCode);
    }

    [Fact]
    public async Task HostileDatagrams_DoNotStopIt()
    {
        var resolver = new ScriptedResolver();
        resolver.Add("hello", null, "10.96.0.1");
        await using TestSession session = await StartAsync(resolver);
        using Socket asker = Connect(session, server: 2);
        // Few enough for the socket's buffer: what UDP drops isn't the point.
        var random = new Random(7);
        for (int i = 0; i < 50; i++)
        {
            byte[] junk = new byte[random.Next(0, 300)];
            random.NextBytes(junk);
            await asker.SendAsync(junk);
        }

        Assert.Single((await AskAsync(session, DnsMessageTests.Query("hello", RecordType.A), server: 2)).AnswerRecords);
    }

    [RootFact]
    public async Task AnotherUser_GetsNoAnswer_AndNothingIsAskedForHim()
    {
        var resolver = new ScriptedResolver();
        resolver.Add("hello", null, "10.96.0.1");
        await using TestSession session = await StartAsync(resolver);
        string query = Convert.ToHexString(DnsMessageTests.Query("hello", RecordType.A));

        // An answer takes some microseconds here; that none comes can only be seen by waiting.
        string[] asked = (await Stranger.RunAsync(
            """
            import socket, sys
            asker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            asker.connect((sys.argv[1], int(sys.argv[2])))
            for _ in range(2):
                asker.send(bytes.fromhex(sys.argv[3]))
            asker.settimeout(1)
            try:
                print("an answer of", len(asker.recv(512)), "bytes")
            except TimeoutError:
                print("nothing")
            """,
            "127.84.0.2", $"{session.Broker.RelayPort4}", query)).Split('\n');

        Assert.Equal("nothing", asked[0]);
        Assert.Empty(resolver.Asked);
        Assert.Single((await AskAsync(session, DnsMessageTests.Query("hello", RecordType.A), server: 2)).AnswerRecords);
    }

    [Fact]
    public async Task LoopProbe_ThatComesBack_IsToldOnce_AndTheLoopIsBroken()
    {
        // The cluster's DNS forwards what it doesn't own to this machine's listener.
        var ready = new TaskCompletionSource<TestSession>(TaskCreationOptions.RunContinuationsAsynchronously);
        var resolver = new ScriptedResolver
        {
            Query = async (query, cancelled) => await ForwardAsync(await ready.Task.WaitAsync(cancelled), query),
        };
        await using TestSession session = await StartAsync(resolver);
        ready.SetResult(session);
        await session.Broker.LoopProbed.WaitAsync(ShimProgram.Patience);
        Assert.True(session.Broker.LoopDetected);
        Assert.Equal("dns-loop", (await session.NextRecordAsync<NoticeRecord>()).Code);

        // Without the break this question would go round: the pod asks us for it while we ask the pod.
        DnsMessage answer = await AskAsync(session, DnsMessageTests.Query("intranet", RecordType.PTR), server: 1);

        Assert.Equal(ReturnCode.NxDomain, answer.ReturnCode);
    }

    [Fact]
    public async Task LoopProbe_ThatDoesNotComeBack_FindsNothing()
    {
        await using TestSession session = await StartAsync(new ScriptedResolver { Query = (query, _) => ValueTask.FromResult(Reply(query, DnsAnswer.NoSuchName)) });
        await session.Broker.LoopProbed.WaitAsync(ShimProgram.Patience);

        Assert.False(session.Broker.LoopDetected);
        Assert.Empty(session.TakeRecords());
    }

    // Server 1 is the pod's own, server 2 a name server of this machine to which nothing is to be relayed here.
    private static Task<TestSession> StartAsync(ScriptedResolver resolver) =>
        TestSession.StartAsync(options => options with { HostNameServers = [IPAddress.Parse("127.84.255.1")] }, resolver);

    private static Socket Connect(TestSession session, int server)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Connect(new IPAddress([127, 84, 0, (byte)server]), session.Broker.RelayPort4);
        return socket;
    }

    private static async Task<DnsMessage> AskAsync(TestSession session, byte[] query, int server)
    {
        using Socket asker = Connect(session, server);
        return DnsMessage.Parse((await ExchangeAsync(asker, query)).ToArray());
    }

    private static async Task<ReadOnlyMemory<byte>> ExchangeAsync(Socket asker, ReadOnlyMemory<byte> query)
    {
        await asker.SendAsync(query);
        byte[] answer = new byte[1024];
        return answer.AsMemory(0, await asker.ReceiveAsync(answer).WaitAsync(ShimProgram.Patience));
    }

    private static async Task<ReadOnlyMemory<byte>> ForwardAsync(TestSession session, ReadOnlyMemory<byte> query)
    {
        using Socket forwarder = Connect(session, server: 2);
        return await ExchangeAsync(forwarder, query);
    }

    private static ReadOnlyMemory<byte> Reply(ReadOnlyMemory<byte> query, int code)
    {
        Assert.True(DnsQuestion.TryRead(query.Span, out DnsQuestion question));
        return DnsAnswer.Empty(query.Span, question, code);
    }
}
