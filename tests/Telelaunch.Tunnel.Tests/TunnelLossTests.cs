using System.Net;
using System.Net.WebSockets;
using Telelaunch.Mux;
using Telelaunch.Net;
using Telelaunch.Tunnel.Tests.Pod;

namespace Telelaunch.Tunnel.Tests;

public class TunnelLossTests
{
    private readonly CancellationToken _token = new CancellationTokenSource(TimeSpan.FromSeconds(120)).Token;

    [Theory]
    [InlineData(CarrierKind.Direct)]
    [InlineData(CarrierKind.Ssh)]
    public async Task ConnectionCut_ResetsFlowsAndComesBack(CarrierKind carrier)
    {
        await using TestPod pod = await TestPod.StartAsync(_token);
        await using Tunnel tunnel = await pod.OpenAsync(pod.Options(carrier), _token);
        var states = new StateLog(tunnel);
        await using var target = new PodTarget(PodTarget.EchoAsync);
        await using DuplexStream flow = (await tunnel.DialAsync(target.EndPoint, _token)).Stream!;
        await flow.WriteAsync("x"u8.ToArray(), _token);
        Assert.Equal(1, await flow.ReadAsync(new byte[1], _token));

        pod.Server.AbortConnections();

        FlowException error = await Assert.ThrowsAsync<FlowException>(async () => _ = await flow.ReadAsync(new byte[1], _token));
        Assert.Equal(Errno.ECONNRESET, error.Errno);
        TunnelStateChange down = await states.WaitForAsync(TunnelState.Down, _token);
        Assert.Equal("port-forward-lost", down.Reason?.Code);

        DialResult again = await tunnel.DialAsync(target.EndPoint, _token);
        Assert.Equal(0, again.Errno);
        await using DuplexStream second = again.Stream!;
        await second.WriteAsync("y"u8.ToArray(), _token);
        Assert.Equal(1, await second.ReadAsync(new byte[1], _token));
        Assert.Equal(TunnelState.Up, tunnel.State.State);
        Assert.Null(tunnel.State.Reason);
    }

    [Fact]
    public async Task OneOfTwoCarriersLost_TheOtherGoesOn()
    {
        await using TestPod pod = await TestPod.StartAsync(_token);
        var sockets = new List<WebSocket>();
        bool mayReconnect = true;
        TunnelOptions options = pod.Options(CarrierKind.Direct) with { Carriers = 2 };
        await using Tunnel tunnel = await Tunnel.OpenAsync(ConnectAsync, pod.Keys, options, null, _token);
        await using var target = new PodTarget(PodTarget.EchoAsync);
        // The second carrier is opened behind, and gets a flow once the tunnel knows of it: flows go where the fewest are.
        var flows = new List<DuplexStream>();
        while (pod.Agent.CarriersWithFlows < 2)
            flows.Add((await tunnel.DialAsync(target.EndPoint, _token)).Stream!);
        Volatile.Write(ref mayReconnect, false);
        var states = new StateLog(tunnel);

        sockets[0].Abort();

        FlowException error = await Assert.ThrowsAsync<FlowException>(async () => await flows[0].ReadAsync(new byte[1], _token));
        Assert.Equal(Errno.ECONNRESET, error.Errno);
        await flows[^1].WriteAsync("x"u8.ToArray(), _token);
        Assert.Equal(1, await flows[^1].ReadAsync(new byte[1], _token));
        for (int i = 0; i < 5; i++)
        {
            DialResult result = await tunnel.DialAsync(target.EndPoint, _token);
            Assert.Equal(0, result.Errno);
            await result.Stream!.DisposeAsync();
        }

        Assert.Empty(states.Seen);
        foreach (DuplexStream flow in flows)
            await flow.DisposeAsync();

        async Task<WebSocket> ConnectAsync(int port, CancellationToken cancellationToken)
        {
            if (!Volatile.Read(ref mayReconnect))
                throw new ClusterException("port-forward-refused", "not now", "wait");
            WebSocket socket = await pod.Server.ConnectAsync(port, cancellationToken);
            sockets.Add(socket);
            return socket;
        }
    }

    [Theory]
    [InlineData(CarrierKind.Direct)]
    [InlineData(CarrierKind.Ssh)]
    public async Task BlackHole_IsFoundByPing(CarrierKind carrier)
    {
        await using TestPod pod = await TestPod.StartAsync(_token);
        TunnelOptions options = pod.Options(carrier) with
        {
            Mux = new MuxOptions { PingAfter = TimeSpan.FromMilliseconds(300), DeadAfter = TimeSpan.FromSeconds(1) },
        };
        await using Tunnel tunnel = await pod.OpenAsync(options, _token);
        var states = new StateLog(tunnel);
        await using var target = new PodTarget(PodTarget.EchoAsync);
        await using DuplexStream flow = (await tunnel.DialAsync(target.EndPoint, _token)).Stream!;

        pod.Server.OpenBlackHole();

        FlowException error = await Assert.ThrowsAsync<FlowException>(async () => _ = await flow.ReadAsync(new byte[1], _token));
        Assert.Equal(Errno.ECONNRESET, error.Errno);
        Assert.Equal("carrier-dead", (await states.WaitForAsync(TunnelState.Down, _token)).Reason?.Code);
        pod.Server.CloseBlackHole();
        DialResult again = await tunnel.DialAsync(target.EndPoint, _token);
        Assert.Equal(0, again.Errno);
        await again.Stream!.DisposeAsync();
    }

    [Fact]
    public async Task GoAway_IsALossWithTheAgentsReason()
    {
        await using TestPod pod = await TestPod.StartAsync(_token);
        await using Tunnel tunnel = await pod.OpenAsync(pod.Options(CarrierKind.Direct), _token);
        var states = new StateLog(tunnel);

        await pod.Agent.GoAwayAsync("the node is drained");

        TunnelStateChange down = await states.WaitForAsync(TunnelState.Down, _token);
        Assert.Equal("agent-left", down.Reason?.Code);
        Assert.Contains("the node is drained", down.Reason!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhileDown_DialsAndLookupsWaitThenFailTruthfully()
    {
        await using TestPod pod = await TestPod.StartAsync(_token);
        TunnelOptions options = pod.Options(CarrierKind.Direct) with { WaitForTunnel = TimeSpan.FromMilliseconds(200) };
        await using Tunnel tunnel = await pod.OpenAsync(options, _token);
        var states = new StateLog(tunnel);
        pod.Server.Refusing = true;
        pod.Server.AbortConnections();
        await states.WaitForAsync(TunnelState.Down, _token);

        Assert.Equal(Errno.ENETUNREACH, (await tunnel.DialAsync(new IPEndPoint(IPAddress.Loopback, 1), _token)).Errno);
        Assert.Equal(LookupStatus.TryAgain, (await tunnel.LookUpAddressesAsync("hello", AddressFamilies.Both, _token)).Status);
        Assert.Equal(LookupStatus.TryAgain, (await tunnel.LookUpNamesAsync(FixedResolver.Address, _token)).Status);
        Assert.True((await tunnel.QueryAsync(new byte[] { 1 }, _token)).IsEmpty);
    }

    [Fact]
    public async Task WhileDown_WaitingDialCanBeCancelled()
    {
        await using TestPod pod = await TestPod.StartAsync(_token);
        await using Tunnel tunnel = await pod.OpenAsync(pod.Options(CarrierKind.Direct), _token);
        var states = new StateLog(tunnel);
        pod.Server.Refusing = true;
        pod.Server.AbortConnections();
        await states.WaitForAsync(TunnelState.Down, _token);

        using var cancelled = new CancellationTokenSource();
        Task<DialResult> dial = tunnel.DialAsync(new IPEndPoint(IPAddress.Loopback, 1), cancelled.Token).AsTask();
        Assert.False(dial.IsCompleted);
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => dial);
    }

    [Fact]
    public async Task DownForTooLong_IsGivenUp()
    {
        await using TestPod pod = await TestPod.StartAsync(_token);
        TunnelOptions options = pod.Options(CarrierKind.Direct) with { GiveUpAfter = TimeSpan.FromMilliseconds(300) };
        await using Tunnel tunnel = await pod.OpenAsync(options, _token);
        pod.Server.Refusing = true;
        pod.Server.AbortConnections();

        TunnelException reason = await tunnel.Lost.WaitAsync(_token);

        Assert.Equal("port-forward-lost", reason.Code);
        Assert.Equal(TunnelState.Lost, tunnel.State.State);
        // Lost isn't waited for: the bound of 60 s is longer than this test may take.
        Assert.Equal(Errno.ENETUNREACH, (await tunnel.DialAsync(new IPEndPoint(IPAddress.Loopback, 1), _token)).Errno);
    }

    [Fact]
    public async Task PermanentReason_IsGivenUpAtOnce()
    {
        await using TestPod pod = await TestPod.StartAsync(_token);
        int attempts = 0;
        TunnelOptions options = pod.Options(CarrierKind.Direct);
        await using Tunnel tunnel = await Tunnel.OpenAsync(
            (port, cancellationToken) => Interlocked.Increment(ref attempts) == 1
                ? pod.Server.ConnectAsync(port, cancellationToken)
                : throw new ClusterException("pod-not-found", "The pod is gone.", "Start again."),
            pod.Keys, options, null, _token);

        pod.Server.AbortConnections();
        TunnelException reason = await tunnel.Lost.WaitAsync(_token);

        Assert.Equal("pod-not-found", reason.Code);
        Assert.Equal("Start again.", reason.Remedy);
        Assert.Equal(2, attempts);
    }

    [Theory]
    [InlineData(CarrierKind.Direct)]
    [InlineData(CarrierKind.Ssh)]
    public async Task Dispose_ResetsFlowsFailsDialsAndAlarmsNobody(CarrierKind carrier)
    {
        await using TestPod pod = await TestPod.StartAsync(_token);
        Tunnel tunnel = await pod.OpenAsync(pod.Options(carrier), _token);
        var states = new StateLog(tunnel);
        await using var target = new PodTarget(PodTarget.EchoAsync);
        await using DuplexStream flow = (await tunnel.DialAsync(target.EndPoint, _token)).Stream!;

        await tunnel.DisposeAsync();

        await Assert.ThrowsAsync<FlowException>(async () => _ = await flow.ReadAsync(new byte[1], _token));
        Assert.Equal(Errno.ENETUNREACH, (await tunnel.DialAsync(target.EndPoint, _token)).Errno);
        Assert.Empty(states.Seen);
        Assert.False(tunnel.Lost.IsCompleted);
    }
}
