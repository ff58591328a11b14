using System.Net.Sockets;
using System.Text;
using Telelaunch.Broker.Managed;
using Telelaunch.Net;

namespace Telelaunch.Broker.Tests.Managed;

/// <summary>What .NET applications tell of their code, through the broker's own socket.</summary>
public class TraceTests
{
    private const string Start = "1763910000000000";

    private static readonly DateTimeOffset Started = DateTimeOffset.FromUnixTimeSeconds(1763910000);

    [Fact]
    public async Task GoldenVectors_AreTold_OrRefusedAsAWhole()
    {
        await using TestSession session = await TestSession.StartAsync();
        foreach (GoldenVector vector in GoldenVector.Read("trace.txt"))
        {
            await SendAsync(session, vector.Bytes);
            int told = session.TakeRecords().Count(record => record is RequestRecord or PhaseRecord or KestrelRecord or DroppedRecord or NoticeRecord { Code: "request-elsewhere" });
            // Of the detours one matters: the cluster has IPv4.
            int expected = vector["valid"] == "no" ? 0 : vector["name"] == "trace-detours" ? 1 : vector["lines"].Split(@"\n").Length - 1;
            Assert.True(told == expected, $"{vector["name"]}: {told} records");
        }
    }

    [Fact]
    public async Task Request_HasItsPhases_AndTheFlowsProcessAndDestination()
    {
        RequestRecord request = await OneAsync<RequestRecord>($"request\t{Start}\t12345\thttps\thello\t443\t/orders\t1.1\t200\t-\t10.96.0.5:443\t3100\t4200\t-\tShop.LoadAsync (Orders.cs:17)\n");
        Assert.Equal((Started, TimeSpan.FromMicroseconds(12345), "https://hello:443/orders", "1.1", 200, ""), (request.Time, request.Duration, request.Uri, request.Version, request.Status, request.Error));
        Assert.Equal(("10.96.0.5:443", "Shop.LoadAsync (Orders.cs:17)"), (request.Destination, request.Frame));
        Assert.Equal(new ConnectionPhases(TimeSpan.FromMicroseconds(3100), TimeSpan.FromMicroseconds(4200), null), request.Phases);
        Assert.Equal(Environment.ProcessId, request.Process.Id);
        Assert.Equal(File.ReadAllText("/proc/self/comm").TrimEnd(), request.Process.Name);
    }

    [Fact]
    public async Task FailedRequest_HasItsError()
    {
        RequestRecord request = await OneAsync<RequestRecord>($"request\t{Start}\t1\thttp\thello\t81\t/\t-\t-\tConnection refused\t-\t-\t-\t-\t-\n");
        Assert.Equal((-1, "Connection refused", "", ""), (request.Status, request.Error, request.Destination, request.Frame));
    }

    [Fact]
    public async Task PhaseWithoutARequest_IsToldByItself()
    {
        PhaseRecord phase = await OneAsync<PhaseRecord>($"connect\t{Start}\t900\t10.96.0.7:5432\tConnectionRefused\tNpgsql.Open\n");
        Assert.Equal((PhaseKind.Connect, Started, TimeSpan.FromMicroseconds(900), "10.96.0.7:5432", "ConnectionRefused", "Npgsql.Open"), (phase.Kind, phase.Time, phase.Duration, phase.Subject, phase.Error, phase.Frame));
    }

    [Fact]
    public async Task TextOfAnApplication_CantActOnTheTerminal() =>
        Assert.Equal(@"\u{1b}]0;owned\u{7}", (await OneAsync<KestrelRecord>("listen\t\u001b]0;owned\u0007\n")).Address);

    [Fact]
    public async Task PacketOfRandomBytes_IsRefused_AndTheNextIsTaken()
    {
        await using TestSession session = await TestSession.StartAsync();
        var random = new Random(6);
        for (int i = 0; i < 200; i++)
        {
            byte[] body = new byte[random.Next(65_000)];
            random.NextBytes(body);
            await SendAsync(session, [1, 9, 0, 0, .. body]);
        }

        await SendAsync(session, Packet("dropped\t5\n"));
        Assert.Equal(5, (await session.NextRecordAsync<DroppedRecord>()).Count);
    }

    [Theory]
    [InlineData("hello", true)]
    [InlineData("hello.shop", true)]
    [InlineData("hello.default.svc.cluster.local", true)]
    [InlineData("example.com", false)]
    [InlineData("localhost", false)]
    [InlineData("10.96.0.5", false)]
    public async Task RequestThatWentElsewhere_IsSaidOnceAProcess_WhereItIsTheClusters(string host, bool isSaid)
    {
        await using TestSession session = await TestSession.StartAsync();
        for (int i = 0; i < 2; i++)
            await SendAsync(session, Packet($"elsewhere\t{host}\t80\tthe proxy proxy.corp (192.0.2.1:3128)\n"));

        NoticeRecord[] notices = [.. session.TakeRecords().OfType<NoticeRecord>().Where(notice => notice.Code == "request-elsewhere")];
        Assert.Equal(isSaid ? 1 : 0, notices.Length);
        Assert.All(notices, notice => Assert.Contains("proxy.corp", notice.Cause, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(true, 0)]
    [InlineData(false, 1)]
    public async Task IPv6SwitchedOff_MattersOnlyToAClusterWithoutIPv4(bool hasIPv4, int said)
    {
        PodDescription pod = hasIPv4 ? TestSession.Pod : TestSession.Pod with { Addresses = [.. TestSession.Pod.Addresses.Skip(1)] };
        await using TestSession session = await TestSession.StartAsync(options => options with { Pod = pod });
        await SendAsync(session, Packet("ipv6-off\n"));
        Assert.Equal(said, session.TakeRecords().OfType<NoticeRecord>().Count(notice => notice.Code == "ipv6-off"));
    }

    private static async Task<T> OneAsync<T>(string lines)
        where T : BrokerRecord
    {
        await using TestSession session = await TestSession.StartAsync();
        await SendAsync(session, Packet(lines));
        return Assert.Single(session.TakeRecords().OfType<T>());
    }

    private static byte[] Packet(string lines) => [1, 9, 0, 0, .. Encoding.UTF8.GetBytes(lines)];

    /// <summary>Sends one packet and waits until the broker has closed: it is told by then.</summary>
    private static async Task SendAsync(TestSession session, byte[] packet)
    {
        using var peer = new Socket(AddressFamily.Unix, SocketType.Seqpacket, ProtocolType.Unspecified);
        await peer.ConnectAsync(new UnixDomainSocketEndPoint(Path.Combine(session.Broker.SessionPath, "control")));
        await peer.SendAsync(packet);
        Assert.Equal(0, await peer.ReceiveAsync(new byte[16]));
    }
}
