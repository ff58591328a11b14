using System.Net;
using System.Net.Sockets;
using Telelaunch.Broker.Ports;
using Telelaunch.Linux;
using Telelaunch.Net;

namespace Telelaunch.Broker.Tests.Ports;

public sealed class ExposedPortsTests
{
    private static readonly IPEndPoint Caller = IPEndPoint.Parse("10.244.0.77:40000");
    private static readonly IPEndPoint Pod80 = new(IPAddress.IPv6Any, 80);

    private readonly ScriptedPod _pod = new();

    [Fact]
    public async Task PodsPort_IsOpenExactlyWhileSomebodyListensHere()
    {
        await using ExposedPorts ports = await _pod.StartAsync([new ExposedPort(8080, 80, ExposeOrigin.Asked)]);
        Assert.Empty(_pod.Open);
        Assert.Equal(PortState.Unserved, Assert.Single(ports.Ports).State);

        _pod.Listening = [ScriptedPod.Socket("0.0.0.0:8080", 1)];
        PortRecord served = await _pod.NextRecordAsync<PortRecord>();
        Assert.Equal((PortState.Served, IPEndPoint.Parse("127.0.0.1:8080"), false), (served.State, served.HostEndPoint, served.IsCommand));
        Assert.True(_pod.Open.ContainsKey(Pod80));

        _pod.Listening = [];
        Assert.Equal("80 Unserved", await _pod.NextChangeAsync());
        Assert.Empty(_pod.Open);
    }

    [Fact]
    public async Task ListenerThatIsThereAtStart_IsServedFromTheStart()
    {
        _pod.Listening = [ScriptedPod.Socket("127.0.0.1:8080", 1)];
        await using ExposedPorts ports = await _pod.StartAsync([new ExposedPort(8080, 80, ExposeOrigin.Asked)]);

        Assert.Equal(PortState.Served, Assert.Single(ports.Ports).State);
        Assert.True(_pod.Open.ContainsKey(Pod80));
    }

    [Fact]
    public async Task FromPod_IsOnThePodsLoopbackAlone()
    {
        _pod.Listening = [ScriptedPod.Socket("127.0.0.1:9000", 1)];
        await using ExposedPorts ports = await _pod.StartAsync([new ExposedPort(9000, 9001, ExposeOrigin.FromPod)]);

        Assert.Equal(IPEndPoint.Parse("127.0.0.1:9001"), Assert.Single(_pod.Open).Key);
    }

    [Theory]
    [InlineData(Errno.EADDRINUSE, "pod-port-taken")]
    [InlineData(Errno.EACCES, "pod-port-not-permitted")]
    [InlineData(Errno.EADDRNOTAVAIL, "pod-port-refused")]
    public async Task PortThatThePodCantOpen_IsSaidBeforeAnythingElse_AndTheOthersAreGivenBack(int errno, string code)
    {
        _pod.Refusals[80] = errno;
        ClusterException error = await Assert.ThrowsAsync<ClusterException>(() => _pod.StartAsync(
            [new ExposedPort(8080, 80, ExposeOrigin.Asked), new ExposedPort(9090, 90, ExposeOrigin.Asked)]));

        Assert.Equal(code, error.Code);
        Assert.Contains("80", error.Message, StringComparison.Ordinal);
        Assert.Contains("--expose 8080:POD", error.Remedy, StringComparison.Ordinal);
        Assert.Empty(_pod.Open);
    }

    [Fact]
    public async Task DeclaredPortThatThePodCantOpen_IsToldOnceSomebodyServesIt()
    {
        _pod.Refusals[80] = Errno.EADDRINUSE;
        await using ExposedPorts ports = await _pod.StartAsync([new ExposedPort(80, 80, ExposeOrigin.Declared)]);

        _pod.Listening = [ScriptedPod.Socket("127.0.0.1:80", 1)];
        PortRecord refused = await _pod.NextRecordAsync<PortRecord>();
        Assert.Equal((PortState.PodRefused, Errno.EADDRINUSE), (refused.State, refused.Errno));
    }

    [Fact]
    public async Task PortThatIsRefusedLater_IsTold_AndStaysClosed_UntilAnotherSocketListens()
    {
        await using ExposedPorts ports = await _pod.StartAsync([new ExposedPort(8080, 80, ExposeOrigin.Asked)]);
        _pod.Refusals[80] = Errno.EADDRINUSE;

        _pod.Listening = [ScriptedPod.Socket("127.0.0.1:8080", 1)];
        Assert.Equal("80 PodRefused", await _pod.NextChangeAsync());
        Assert.Empty(_pod.Open);

        _pod.Refusals.Clear();
        _pod.Listening = [ScriptedPod.Socket("127.0.0.1:8080", 2)];
        Assert.Equal("80 Served", await _pod.NextChangeAsync());
    }

    [Fact]
    public async Task LostTunnel_IsTold_AndThePortsComeBackByThemselves()
    {
        _pod.Listening = [ScriptedPod.Socket("127.0.0.1:8080", 1)];
        await using ExposedPorts ports = await _pod.StartAsync([new ExposedPort(8080, 80, ExposeOrigin.Asked)]);
        Assert.Equal("80 Served", await _pod.NextChangeAsync());
        ScriptedPod.OpenPort open = _pod.Open[Pod80];

        open.Changed(Errno.ECONNRESET);
        Assert.Equal("80 TunnelDown", await _pod.NextChangeAsync());
        open.Changed(0);
        Assert.Equal("80 Served", await _pod.NextChangeAsync());
        open.Changed(Errno.EADDRINUSE);
        Assert.Equal("80 PodRefused", await _pod.NextChangeAsync());
    }

    [Fact]
    public async Task Auto_FollowsWhatTheCommandListensOn_AndNothingElse()
    {
        ListeningSocket stranger = ScriptedPod.Socket("0.0.0.0:5000", 1), own = ScriptedPod.Socket("[::]:6000", 2);
        await using ExposedPorts ports = await _pod.StartAsync([], follows: true);

        _pod.Listening = [stranger, own];
        _pod.Tell(own);
        PortRecord served = await _pod.NextRecordAsync<PortRecord>();
        Assert.Equal((6000, PortState.Served, true), (served.Port.PodPort, served.State, served.IsCommand));
        Assert.Equal(new IPEndPoint(IPAddress.IPv6Any, 6000), Assert.Single(_pod.Open).Key);

        _pod.Listening = [stranger];
        Assert.Equal("6000 Unserved", await _pod.NextChangeAsync());
        Assert.Empty(_pod.Open);
        Assert.Empty(ports.Ports);
    }

    [Fact]
    public async Task Auto_GoesOnWithASocketThatAChildInherited_AndFollowsSeveralOfOnePort()
    {
        ListeningSocket first = ScriptedPod.Socket("0.0.0.0:6000", 1), second = ScriptedPod.Socket("0.0.0.0:6000", 2);
        await using ExposedPorts ports = await _pod.StartAsync([], follows: true);
        _pod.Listening = [first, second];
        _pod.Tell(first);
        _pod.Tell(second);
        Assert.Equal("6000 Served", await _pod.NextChangeAsync());

        // A worker of SO_REUSEPORT ends: the port is served by the other one, and was never closed.
        _pod.Listening = [second];
        Assert.Equal("6000 Served", await _pod.NextChangeAsync());
        _pod.Listening = [];
        Assert.Equal("6000 Unserved", await _pod.NextChangeAsync());
    }

    [Fact]
    public async Task Auto_NeverLeadsToAStrangerThatTakesThePortOver()
    {
        ListeningSocket own = ScriptedPod.Socket("0.0.0.0:6000", 1);
        await using ExposedPorts ports = await _pod.StartAsync([], follows: true);
        _pod.Listening = [own];
        _pod.Tell(own);
        Assert.Equal("6000 Served", await _pod.NextChangeAsync());

        _pod.Listening = [ScriptedPod.Socket("0.0.0.0:6000", 9)];
        Assert.Equal("6000 Unserved", await _pod.NextChangeAsync());
        Assert.Empty(_pod.Open);
    }

    [Fact]
    public async Task Auto_LeavesPortsAlone_ThatAnOptionNames()
    {
        ListeningSocket mapped = ScriptedPod.Socket("0.0.0.0:8080", 1), taken = ScriptedPod.Socket("0.0.0.0:80", 2);
        await using ExposedPorts ports = await _pod.StartAsync([new ExposedPort(8080, 80, ExposeOrigin.Asked)], follows: true);
        _pod.Listening = [mapped, taken];
        _pod.Tell(taken);
        _pod.Tell(mapped);

        PortRecord served = await _pod.NextRecordAsync<PortRecord>();
        Assert.Equal((8080, 80), (served.Port.HostPort, served.Port.PodPort));
        Assert.Equal(Pod80, Assert.Single(_pod.Open).Key);
    }

    [Fact]
    public void WhatIsToldWhileTheKernelIsAsked_IsNotForgotten()
    {
        ListeningSocket late = ScriptedPod.Socket("0.0.0.0:6000", 1);
        var listeners = new AppListeners();
        listeners.Look(() =>
        {
            listeners.Add(late.EndPoint, late.Cookie);
            return [];
        });

        Assert.Equal([late], listeners.Look(() => [late]).Told);
        Assert.Empty(listeners.Look(() => []).Told);
        Assert.Empty(listeners.Look(() => [late]).Told);
    }

    [Fact]
    public void WithoutCookies_TheAddressHasToDo()
    {
        ListeningSocket listed = ScriptedPod.Socket("0.0.0.0:6000", 0);
        var listeners = new AppListeners();
        listeners.Add(listed.EndPoint, 77);

        Assert.Equal([listed], listeners.Look(() => [listed, ScriptedPod.Socket("0.0.0.0:6001", 0)]).Told);
    }

    [Theory]
    [InlineData("127.0.0.1:80", "0.0.0.0:80 127.0.0.1:80 [::1]:80")]
    [InlineData("127.0.0.1:80", "0.0.0.0:80 127.0.0.9:80")]
    [InlineData("127.0.0.1:80", "[::]:80")]
    [InlineData("[::1]:80", "[::]:80 only")]
    [InlineData("[::1]:80", "[::1]:80 10.1.2.3:80")]
    [InlineData("127.0.0.9:80", "127.0.0.9:80")]
    [InlineData("10.1.2.3:80", "10.1.2.3:80 [fd00::7]:80")]
    [InlineData("[fd00::7]:80", "[fd00::7]:80 127.0.0.1:81")]
    [InlineData("", "127.0.0.1:81")]
    public void DialledIs_WhatTheSocketAccepts(string expected, string bound)
    {
        bool isV6Only = bound.EndsWith(" only", StringComparison.Ordinal);
        IEnumerable<ListeningSocket> sockets = bound.Replace(" only", "", StringComparison.Ordinal).Split(' ').Select((endPoint, i) => ScriptedPod.Socket(endPoint, (ulong)i + 1, isV6Only));

        Assert.Equal(expected, HostListener.Choose(sockets, 80)?.DialEndPoint.ToString() ?? "");
    }

    [Fact]
    public async Task Caller_IsLedToTheLocalProcess_AndRecordedWithItsAddress()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(1);
        var host = (IPEndPoint)listener.LocalEndPoint!;
        _pod.Listening = [ScriptedPod.Socket(host.ToString(), 1)];
        await using ExposedPorts ports = await _pod.StartAsync([new ExposedPort(host.Port, 80, ExposeOrigin.Asked)]);

        DialResult result = await _pod.Open[Pod80].Accept(Caller, CancellationToken.None);
        using Socket app = await listener.AcceptAsync();
        await using (DuplexStream stream = result.Stream!)
        {
            await stream.WriteAsync("ask"u8.ToArray(), CancellationToken.None);
            await stream.CompleteWritesAsync(CancellationToken.None);
            byte[] buffer = new byte[16];
            Assert.Equal(3, await app.ReceiveAsync(buffer));
            Assert.Equal(0, await app.ReceiveAsync(buffer));
            Task present = ports.WaitForCallersAsync(CancellationToken.None);
            Assert.False(present.IsCompleted);
            await app.SendAsync("answer"u8.ToArray());
            app.Shutdown(SocketShutdown.Send);
            int got = 0;
            while (await stream.ReadAsync(buffer, CancellationToken.None) is > 0 and var count)
                got += count;
            Assert.Equal(6, got);
        }

        CallerRecord record = await _pod.NextRecordAsync<CallerRecord>();
        Assert.Equal(
            (Caller, 80, host, FlowEnding.PodFinished, 0, 3L, 6L),
            (record.Caller, record.PodPort, record.HostEndPoint, record.Ending, record.Errno, record.BytesIn, record.BytesOut));
    }

    [Fact]
    public async Task LocalProcessThatResets_IsRecordedSo()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(1);
        var host = (IPEndPoint)listener.LocalEndPoint!;
        _pod.Listening = [ScriptedPod.Socket(host.ToString(), 1)];
        await using ExposedPorts ports = await _pod.StartAsync([new ExposedPort(host.Port, 80, ExposeOrigin.Asked)]);

        DialResult result = await _pod.Open[Pod80].Accept(Caller, CancellationToken.None);
        Socket app = await listener.AcceptAsync();
        app.LingerState = new LingerOption(true, 0);
        app.Dispose();
        await using DuplexStream stream = result.Stream!;
        await Assert.ThrowsAsync<FlowException>(async () => await stream.ReadAsync(new byte[1], CancellationToken.None));

        CallerRecord record = await _pod.NextRecordAsync<CallerRecord>();
        Assert.Equal((FlowEnding.AppReset, Errno.ECONNRESET), (record.Ending, record.Errno));
    }

    [Fact]
    public async Task CallerWhoComesAsTheLocalProcessGoes_IsRefused_AndRecordedSo()
    {
        // A port that nobody listens on, although the last look has seen somebody.
        using var bound = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        bound.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        int port = ((IPEndPoint)bound.LocalEndPoint!).Port;
        _pod.Listening = [ScriptedPod.Socket($"127.0.0.1:{port}", 1)];
        await using ExposedPorts ports = await _pod.StartAsync([new ExposedPort(port, 80, ExposeOrigin.Asked)]);

        DialResult result = await _pod.Open[Pod80].Accept(Caller, CancellationToken.None);

        Assert.Equal(Errno.ECONNREFUSED, result.Errno);
        CallerRecord record = await _pod.NextRecordAsync<CallerRecord>();
        Assert.Equal((FlowEnding.DialFailed, Errno.ECONNREFUSED), (record.Ending, record.Errno));
    }
}
