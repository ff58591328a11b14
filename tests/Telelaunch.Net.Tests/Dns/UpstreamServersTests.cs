using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Microsoft.Extensions.Time.Testing;
using Telelaunch.Net.Dns;

namespace Telelaunch.Net.Tests.Dns;

public class UpstreamServersTests
{
    private const int Refused = 5;

    private static readonly byte[] Query = DnsQuery.Create(0x1234, "www.example.net", RecordType.A)!;

    [Theory]
    [InlineData(DnsTransport.Udp)]
    [InlineData(DnsTransport.Tcp)]
    public async Task QuestionAndAnswer_PassByteByByte_TheWayTheyCame(DnsTransport transport)
    {
        await using var server = new TestNameServer();
        // Bits and bytes that nobody has a meaning for.
        byte[] odd = [.. Query, 0xDE, 0xAD];
        odd[3] |= 0x70;
        byte[] reply = [.. odd, 0xBE, 0xEF];
        reply[2] |= 0x80;
        byte[]? seen = null;
        DnsTransport? way = null;
        server.Otherwise = (query, by) =>
        {
            (seen, way) = (query, by);
            return Task.FromResult<byte[]?>(reply);
        };

        ReadOnlyMemory<byte> answer = await new UpstreamServers([server.EndPoint], TimeProvider.System).AskAsync(odd, transport, CancellationToken.None);

        Assert.Equal(odd, seen);
        Assert.Equal(transport, way);
        Assert.Equal(reply, answer.ToArray());
    }

    [Fact]
    public async Task SilentServer_IsLeftForTheNext_AfterTwoSeconds()
    {
        var time = new FakeTimeProvider();
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var silent = new TestNameServer
        {
            Otherwise = (_, _) =>
            {
                asked.TrySetResult();
                return Task.FromResult<byte[]?>(null);
            },
        };
        await using var next = new TestNameServer();
        next.Add("www.example.net", "192.0.2.80");

        Task<ReadOnlyMemory<byte>> asking = new UpstreamServers([silent.EndPoint, next.EndPoint], time).AskAsync(Query, DnsTransport.Udp, CancellationToken.None).AsTask();
        await asked.Task;
        time.Advance(TimeSpan.FromSeconds(1.9));
        Assert.Empty(next.Asked);
        time.Advance(TimeSpan.FromSeconds(0.2));

        Assert.True(DnsAnswer.HasRecords((await asking).Span));
    }

    [Theory]
    [InlineData(DnsTransport.Udp)]
    [InlineData(DnsTransport.Tcp)]
    public async Task ServerThatIsntThere_OrCantBeReached_OrRefuses_IsLeftForTheNext(DnsTransport transport)
    {
        using var gone = new ClosedPort();
        // A link-local address without its link leads nowhere.
        var unreachable = new IPEndPoint(IPAddress.Parse("fe80::53"), 53);
        await using var refusing = new TestNameServer { Otherwise = (query, _) => Task.FromResult<byte[]?>(TestNameServer.Reply(query, Refused, [], soa: false)) };
        await using var next = new TestNameServer();
        next.Add("www.example.net", "192.0.2.80");

        ReadOnlyMemory<byte> answer = await new UpstreamServers([gone.EndPoint, unreachable, refusing.EndPoint, next.EndPoint], TimeProvider.System).AskAsync(Query, transport, CancellationToken.None);

        Assert.True(DnsAnswer.HasRecords(answer.Span));
        ReadOnlyMemory<byte> refusal = await new UpstreamServers([refusing.EndPoint, gone.EndPoint], TimeProvider.System).AskAsync(Query, transport, CancellationToken.None);
        Assert.Equal(Refused, DnsAnswer.CodeOf(refusal.Span));
    }

    [Theory]
    [InlineData(DnsAnswer.ServerFailure)]
    [InlineData(DnsAnswer.NoSuchName)]
    public async Task FirstAnswer_IsTheAnswer_AFailureToo(int code)
    {
        await using var first = new TestNameServer { Otherwise = (query, _) => Task.FromResult<byte[]?>(TestNameServer.Reply(query, code, [], soa: false)) };
        await using var second = new TestNameServer();
        second.Add("www.example.net", "192.0.2.80");

        ReadOnlyMemory<byte> answer = await new UpstreamServers([first.EndPoint, second.EndPoint], TimeProvider.System).AskAsync(Query, DnsTransport.Udp, CancellationToken.None);

        Assert.Equal(code, DnsAnswer.CodeOf(answer.Span));
        Assert.Empty(second.Asked);
    }

    [Fact]
    public async Task NobodyAnswers_IsServerFailure()
    {
        using var gone = new ClosedPort();
        foreach (IPEndPoint[] servers in new IPEndPoint[][] { [], [gone.EndPoint] })
        {
            var upstream = new UpstreamServers(servers, TimeProvider.System);
            Assert.True((await upstream.AskAsync(Query, DnsTransport.Udp, CancellationToken.None)).IsEmpty);
            Assert.Equal(DnsAnswer.ServerFailure, DnsAnswer.CodeOf((await upstream.AnswerAsync(Query, DnsTransport.Udp, CancellationToken.None)).Span));
        }
    }

    [Fact]
    public async Task DatagramThatDoesNotAnswer_IsPassedOver()
    {
        await using var server = new TestNameServer();
        server.Otherwise = async (query, _) =>
        {
            // The right server, the wrong number: its answer to somebody else.
            byte[] other = TestNameServer.Reply(query, DnsAnswer.ServerFailure, [], soa: false);
            other[0]++;
            return await Task.FromResult(other);
        };
        var time = new FakeTimeProvider();
        Task<ReadOnlyMemory<byte>> asking = new UpstreamServers([server.EndPoint], time).AskAsync(Query, DnsTransport.Udp, CancellationToken.None).AsTask();
        while (server.Asked.IsEmpty)
            await Task.Yield();
        time.Advance(TimeSpan.FromSeconds(2));

        Assert.True((await asking).IsEmpty);
    }

    [Fact]
    public async Task EachQuestion_HasAPortOfItsOwn()
    {
        await using var server = new TestNameServer();
        var upstream = new UpstreamServers([server.EndPoint], TimeProvider.System);
        for (int i = 0; i < 16; i++)
            await upstream.AskAsync(Query, DnsTransport.Udp, CancellationToken.None);

        // The kernel may choose one again, but hardly often.
        Assert.InRange(server.Askers.Distinct().Count(), 8, 16);
    }

    [LinkLocalFact]
    public async Task LinkLocalServer_IsAskedOnItsLink()
    {
        await using var server = new TestNameServer(LinkLocalFactAttribute.Find());
        server.Add("www.example.net", "192.0.2.80");
        string text = server.EndPoint.Address.ToString().Split('%')[0] + "%" + LinkLocalFactAttribute.Link();

        // As resolv.conf(5) has it: fe80::1%eth0.
        var listed = new IPEndPoint(Assert.Single(ResolvConf.Parse($"nameserver {text}\n").NameServers), server.EndPoint.Port);
        var upstream = new UpstreamServers([listed], TimeProvider.System);

        Assert.True(DnsAnswer.HasRecords((await upstream.AskAsync(Query, DnsTransport.Udp, CancellationToken.None)).Span));
        Assert.True(DnsAnswer.HasRecords((await upstream.AskAsync(Query, DnsTransport.Tcp, CancellationToken.None)).Span));
    }
}

/// <summary>A port at which nobody is, kept from everybody else: bound without listening, and for UDP deaf to all but one.</summary>
internal sealed class ClosedPort : IDisposable
{
    private readonly Socket _tcp = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly Socket _udp;

    internal ClosedPort()
    {
        (_udp, Socket listening) = TestNameServer.Bind(IPAddress.Loopback);
        EndPoint = (IPEndPoint)_udp.LocalEndPoint!;
        listening.Dispose();
        _tcp.Bind(EndPoint);
        _udp.Connect(new IPEndPoint(IPAddress.Parse("127.84.255.255"), 9));
    }

    internal IPEndPoint EndPoint { get; }

    public void Dispose()
    {
        _udp.Dispose();
        _tcp.Dispose();
    }
}

/// <summary>Needs an interface with a link-local address, which a machine without a network lacks.</summary>
internal sealed class LinkLocalFactAttribute : FactAttribute
{
    public LinkLocalFactAttribute()
    {
        if (Addresses().Length == 0)
            Skip = "No interface has a link-local address.";
    }

    internal static IPAddress Find() => Addresses()[0].Address;

    internal static string Link() => Addresses()[0].Link;

    private static (string Link, IPAddress Address)[] Addresses() =>
    [
        .. from link in NetworkInterface.GetAllNetworkInterfaces()
           where link.OperationalStatus == OperationalStatus.Up
           from unicast in link.GetIPProperties().UnicastAddresses
           where unicast.Address.AddressFamily == AddressFamily.InterNetworkV6 && unicast.Address.IsIPv6LinkLocal
           select (link.Name, unicast.Address),
    ];
}
