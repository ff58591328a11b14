using System.Net;
using System.Net.Sockets;
using System.Text;
using Telelaunch.Linux;
using Telelaunch.Net;
using Telelaunch.Routing.Filter;
using Telelaunch.Routing.Helper;

namespace Telelaunch.Routing.Tests.Helper;

/// <summary>The launcher's end against a helper that the test plays.</summary>
public sealed class RoutingClientTests : IAsyncDisposable
{
    private static readonly TimeSpan s_bound = TimeSpan.FromSeconds(30);
    private static readonly RoutingPlan s_plan = new() { Method = RoutingMethod.VpnTcp, Owner = "a", Ranges = ["10.96.0.0/16"], SearchDomains = [], RoutingDomains = ["svc"] };

    private readonly PacketChannel _helper;
    private readonly RoutingClient _client;

    public RoutingClientTests()
    {
        (PacketChannel ours, _helper) = PacketChannel.CreatePair();
        _client = new RoutingClient(ours);
    }

    public async ValueTask DisposeAsync()
    {
        _helper.Dispose();
        await _client.DisposeAsync();
    }

    [Fact]
    public async Task PreparedHelper_HandsItsSocketsOver()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        Task<PreparedRouting> preparing = _client.PrepareAsync(s_plan, CancellationToken.None);
        Assert.Equal($"plan {s_plan.ToJson()}", Receive());
        Assert.True(_helper.TrySend("socket tcp4"u8, listener.SafeHandle));
        Send("""prepared {"link":"telelaunch0","address":"198.19.84.1","hasIPv6":false,"resolver":"/etc/resolv.conf","upstreams":["192.0.2.53"]}""");
        PreparedRouting prepared = await preparing.WaitAsync(s_bound);
        Assert.Equal(["192.0.2.53"], prepared.Upstreams);
        Assert.Equal(listener.LocalEndPoint, _client.Sockets.Flows4!.LocalEndPoint);
        Assert.Null(_client.Sockets.Flows6);
    }

    [Fact]
    public async Task RefusalOfTheHelper_IsTheCause()
    {
        Task<PreparedRouting> preparing = _client.PrepareAsync(s_plan, CancellationToken.None);
        Send("""failed {"code":"vpn-session-exists","cause":"Ada has it.","remedy":"Ask her."}""");
        _helper.ShutDown();
        var error = await Assert.ThrowsAsync<HostException>(() => preparing.WaitAsync(s_bound));
        Assert.Equal(("vpn-session-exists", "Ada has it.", "Ask her."), (error.Code, error.Message, error.Remedy));
    }

    [Fact]
    public async Task HelperThatEndsWithoutAWord_IsToldOf()
    {
        Task<PreparedRouting> preparing = _client.PrepareAsync(s_plan, CancellationToken.None);
        _helper.ShutDown();
        Assert.Equal(RoutingClient.HelperEnded, (await Assert.ThrowsAsync<HostException>(() => preparing.WaitAsync(s_bound))).Code);
        await _client.Ended.WaitAsync(s_bound);
    }

    [Fact]
    public async Task HeldConnection_GetsTheVerdictOfItsDial()
    {
        await PrepareAsync();
        var asked = new TaskCompletionSource<(IPEndPoint, IPEndPoint)>();
        Task catching = _client.CatchAsync(
            (source, destination) =>
            {
                asked.SetResult((source, destination));
                return ValueTask.FromResult(SynVerdict.Refused);
            },
            CancellationToken.None);
        Assert.Equal("catch", Receive());
        Send("caught");
        await catching.WaitAsync(s_bound);
        Send("held 7 198.19.84.1:40000 [fd00::1]:443");
        Assert.Equal("verdict 7 Refused", Receive());
        Assert.Equal((IPEndPoint.Parse("198.19.84.1:40000"), IPEndPoint.Parse("[fd00::1]:443")), await asked.Task);
    }

    [Fact]
    public async Task RoutedAddress_IsWaitedFor()
    {
        await PrepareAsync();
        Task adding = _client.AddAsync(AddressRange.Parse("192.0.2.7"), CancellationToken.None).AsTask();
        Assert.Equal("add 192.0.2.7/32", Receive());
        Assert.False(adding.IsCompleted);
        Send("changed 192.0.2.7/32");
        await adding.WaitAsync(s_bound);
    }

    [Fact]
    public async Task EndOfTheHelper_ReleasesWhoeverWaitsForARoute()
    {
        await PrepareAsync();
        Task adding = _client.AddAsync(AddressRange.Parse("192.0.2.7"), CancellationToken.None).AsTask();
        Receive();
        _helper.ShutDown();
        await adding.WaitAsync(s_bound);
        Assert.False(await _client.UndoAsync().WaitAsync(s_bound));
    }

    [Fact]
    public async Task OtherNameServers_AreToldOf()
    {
        var told = new TaskCompletionSource<IReadOnlyList<string>>();
        _client.UpstreamsChanged += told.SetResult;
        await PrepareAsync();
        Send("upstreams 192.0.2.54 2001:db8::53");
        Assert.Equal(["192.0.2.54", "2001:db8::53"], await told.Task.WaitAsync(s_bound));
    }

    private async Task PrepareAsync()
    {
        Task<PreparedRouting> preparing = _client.PrepareAsync(s_plan, CancellationToken.None);
        Receive();
        Send("""prepared {"link":"telelaunch0","address":"198.19.84.1","hasIPv6":false,"resolver":"","upstreams":[]}""");
        await preparing.WaitAsync(s_bound);
    }

    private void Send(string message) => Assert.True(_helper.TrySend(Encoding.UTF8.GetBytes(message)));

    private string Receive()
    {
        byte[] buffer = new byte[65536];
        ReceivedPacket packet = _helper.Receive(buffer);
        Assert.Equal(PacketStatus.Received, packet.Status);
        return Encoding.UTF8.GetString(buffer, 0, packet.Length);
    }
}
