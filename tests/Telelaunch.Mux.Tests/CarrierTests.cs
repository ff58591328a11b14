using System.Net;

using Microsoft.Extensions.Time.Testing;

using Telelaunch.Mux.Frames;
using Telelaunch.Net;

namespace Telelaunch.Mux.Tests;

/// <summary>A carrier's opening, its end, its credit and its turns.</summary>
public sealed class CarrierTests
{
    private static readonly TimeSpan s_bound = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task WrongSecret_IsRefusedByTheAgent()
    {
        (Stream client, Stream agent) = CarrierPair.InMemory();
        Task<MuxServer> accepting = MuxServer.AcceptAsync(agent, MuxSession.Secret, new FakePod().Services, new(), CancellationToken.None);
        TunnelException refused = await Assert.ThrowsAsync<TunnelException>(() => MuxClient.ConnectAsync(client, new byte[32], new(), CancellationToken.None));
        Assert.Equal("agent-refused-client", refused.Code);
        TunnelException seen = await Assert.ThrowsAsync<TunnelException>(() => accepting);
        Assert.Equal("client-not-authentic", seen.Code);
    }

    [Theory]
    [InlineData("SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u10", "agent-not-authentic")]
    [InlineData("TLMX\0\u0002\0\0................................", "agent-version-mismatch")]
    public async Task WhatIsntOurAgent_IsNamed(string hello, string code)
    {
        (Stream client, Stream agent) = CarrierPair.InMemory();
        await agent.WriteAsync(System.Text.Encoding.ASCII.GetBytes(hello.PadRight(40)));
        await agent.FlushAsync();
        TunnelException error = await Assert.ThrowsAsync<TunnelException>(() => MuxClient.ConnectAsync(client, MuxSession.Secret, new(), CancellationToken.None));
        Assert.Equal(code, error.Code);
    }

    [Fact]
    public async Task AgentThatDoesntKnowTheSecret_IsNamed()
    {
        (Stream client, Stream agent) = CarrierPair.InMemory();
        Task<MuxClient> connecting = MuxClient.ConnectAsync(client, MuxSession.Secret, new(), CancellationToken.None);
        await agent.WriteAsync(RawPeer.Vector("agent-hello"));
        await agent.WriteAsync(new byte[32]);
        await agent.FlushAsync();
        Assert.Equal("agent-not-authentic", (await Assert.ThrowsAsync<TunnelException>(() => connecting)).Code);
    }

    [Fact]
    public async Task NobodyThere_IsNamed()
    {
        (Stream client, Stream agent) = CarrierPair.InMemory();
        await agent.DisposeAsync();
        TunnelException error = await Assert.ThrowsAsync<TunnelException>(() => MuxClient.ConnectAsync(client, MuxSession.Secret, new(), CancellationToken.None));
        Assert.Equal("agent-not-reachable", error.Code);
    }

    [Fact]
    public async Task SilentPeer_TimesOutInTheHandshake()
    {
        var time = new FakeTimeProvider();
        (Stream client, Stream agent) = CarrierPair.InMemory();
        Task<MuxServer> accepting = MuxServer.AcceptAsync(agent, MuxSession.Secret, new FakePod().Services, new() { TimeProvider = time }, CancellationToken.None);
        time.Advance(TimeSpan.FromSeconds(9));
        Assert.False(accepting.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal("handshake-timed-out", (await Assert.ThrowsAsync<TunnelException>(() => accepting.WaitAsync(s_bound))).Code);
        await client.DisposeAsync();
    }

    [Fact]
    public async Task SilentCarrier_IsAskedThenDead()
    {
        var time = new FakeTimeProvider();
        (MuxClient client, RawPeer agent) = await RawPeer.WithClientAsync(new() { TimeProvider = time });
        await using MuxClient ownedClient = client;
        await using RawPeer ownedAgent = agent;
        ValueTask<DialResult> dial = client.DialAsync(FakePod.Live, "GET"u8.ToArray(), CancellationToken.None);
        await agent.ExpectAsync("open-ipv4");

        time.Advance(TimeSpan.FromSeconds(4));
        await agent.SettleAsync();
        Pass(time, 4);
        await agent.SettleAsync();
        // Nothing was asked so far: what comes now is the first question.
        Pass(time, 5);
        Assert.Equal(FrameType.Ping, (await agent.ReadFrameAsync()).Header.Type);
        Pass(time, 5);
        Assert.Equal(FrameType.Ping, (await agent.ReadFrameAsync()).Header.Type);
        Assert.False(client.Completion.IsCompleted);
        Pass(time, 5);
        Assert.Equal(CarrierEndKind.Dead, (await client.Completion.WaitAsync(s_bound)).Kind);
        Assert.Equal(Errno.ENETUNREACH, (await dial).Errno);
    }

    [Fact]
    public async Task LostCarrier_ResetsItsFlows()
    {
        (MuxClient client, RawPeer agent) = await RawPeer.WithClientAsync();
        await using MuxClient ownedClient = client;
        ValueTask<DialResult> dial = client.DialAsync(FakePod.Live, "GET"u8.ToArray(), CancellationToken.None);
        await agent.SendAsync("opened");
        DuplexStream flow = (await dial).Stream!;
        ValueTask<int> reading = flow.ReadAsync(new byte[1], CancellationToken.None);
        ValueTask<AddressLookup> lookup = client.LookUpAddressesAsync("hello", AddressFamilies.Both, CancellationToken.None);
        await agent.DisposeAsync();
        Assert.Equal(CarrierEndKind.ClosedByPeer, (await client.Completion.WaitAsync(s_bound)).Kind);
        Assert.Equal(Errno.ECONNRESET, (await Assert.ThrowsAsync<FlowException>(async () => await reading)).Errno);
        Assert.Equal(Errno.ECONNRESET, (await Assert.ThrowsAsync<FlowException>(async () => await flow.WriteAsync(new byte[1], CancellationToken.None))).Errno);
        Assert.Equal(LookupStatus.TryAgain, (await lookup).Status);
        Assert.Equal(Errno.ENETUNREACH, (await client.DialAsync(FakePod.Live, CancellationToken.None)).Errno);
        Assert.Equal(LookupStatus.TryAgain, (await client.LookUpAddressesAsync("hello", AddressFamilies.Both, CancellationToken.None)).Status);
        Assert.Equal(0, client.OpenFlows);
    }

    [Fact]
    public async Task GoAway_TellsItsReason_AndRefusesNewFlows()
    {
        await using MuxSession session = await MuxSession.StartAsync();
        (DuplexStream client, _) = await session.OpenAsync();
        await session.Server.GoAwayAsync("no client for 90 s");
        CarrierEnd end = await session.Client.Completion.WaitAsync(s_bound);
        Assert.Equal(CarrierEndKind.GoAway, end.Kind);
        Assert.Equal("no client for 90 s", end.Detail);
        await Assert.ThrowsAsync<FlowException>(async () => await client.ReadAsync(new byte[1], CancellationToken.None));
        Assert.Equal(Errno.ENETUNREACH, (await session.Client.DialAsync(FakePod.Live, CancellationToken.None)).Errno);
    }

    [Fact]
    public async Task Writer_WaitsForCredit()
    {
        (MuxClient client, RawPeer agent) = await RawPeer.WithClientAsync();
        await using MuxClient ownedClient = client;
        await using RawPeer ownedAgent = agent;
        DuplexStream flow = await OpenAsync(client, agent, 1, window: 70_000);
        ValueTask writing = flow.WriteAsync(new byte[100_000], CancellationToken.None);
        int received = 0;
        while (received < 70_000)
            received += (await agent.ReadFrameAsync()).Payload.Length;
        Assert.Equal(70_000, received);
        // The answer comes before any more data: there was none to send.
        await agent.SettleAsync();
        Assert.False(writing.IsCompleted);
        await agent.SendAsync(FrameType.Credit, 1, [0, 0, 0x75, 0x30]);
        while (received < 100_000)
            received += (await agent.ReadFrameAsync()).Payload.Length;
        await writing.AsTask().WaitAsync(s_bound);
        Assert.Equal(100_000, received);
    }

    [Fact]
    public async Task TwoBusyFlows_TakeTurns()
    {
        (MuxClient client, RawPeer agent) = await RawPeer.WithClientAsync();
        await using MuxClient ownedClient = client;
        await using RawPeer ownedAgent = agent;
        const int Size = 2_000_000;
        DuplexStream first = await OpenAsync(client, agent, 1, window: 16_000_000);
        DuplexStream second = await OpenAsync(client, agent, 3, window: 16_000_000);
        ValueTask writingFirst = first.WriteAsync(new byte[Size], CancellationToken.None);
        ValueTask writingSecond = second.WriteAsync(new byte[Size], CancellationToken.None);
        var left = new Dictionary<uint, int> { [1] = Size, [3] = Size };
        int lead = 0;
        uint last = 0;
        while (left[1] > 0 || left[3] > 0)
        {
            (FrameHeader header, byte[] payload) = await agent.ReadFrameAsync();
            bool bothWait = left[1] < Size && left[3] < Size && left[1] > 0 && left[3] > 0;
            lead = header.Flow == last ? lead + payload.Length : payload.Length;
            last = header.Flow;
            left[header.Flow] -= payload.Length;
            Assert.True(!bothWait || lead <= 2 * FrameHeader.MaxPayload, $"{lead} bytes of flow {last} in one go");
        }

        await writingFirst;
        await writingSecond;
    }

    [Fact]
    public async Task CallerOfThePod_ReachesThisMachine()
    {
        await using MuxSession session = await MuxSession.StartAsync();
        (System.Net.Sockets.Socket near, System.Net.Sockets.Socket far) = await SocketPair.ConnectAsync();
        await using var process = new SocketDuplexStream(far);
        MuxListenResult listen = await session.Client.ListenAsync(
            new(IPAddress.Any, 8080), (_, _) => ValueTask.FromResult(DialResult.Connected(new SocketDuplexStream(near))), CancellationToken.None);
        Assert.Equal(0, listen.Errno);
        await using DuplexStream caller = await session.FakePod.Listener.ConnectAsync(IPEndPoint.Parse("10.244.0.9:50000"));
        await caller.WriteAsync("GET"u8.ToArray(), CancellationToken.None);
        await caller.CompleteWritesAsync(CancellationToken.None);
        Assert.Equal("GET", await ReadToEndAsync(process));
        await process.WriteAsync("200"u8.ToArray(), CancellationToken.None);
        await process.CompleteWritesAsync(CancellationToken.None);
        Assert.Equal("200", await ReadToEndAsync(caller));

        await listen.Listener!.DisposeAsync();
        await session.FakePod.Listener.Disposed.Task.WaitAsync(s_bound);
    }

    [Fact]
    public async Task CallerThatNobodyAccepts_IsReset()
    {
        await using MuxSession session = await MuxSession.StartAsync();
        MuxListenResult listen = await session.Client.ListenAsync(
            new(IPAddress.Any, 8080), (_, _) => ValueTask.FromResult(DialResult.Failed(Errno.ECONNREFUSED)), CancellationToken.None);
        Assert.Equal(0, listen.Errno);
        await using DuplexStream caller = await session.FakePod.Listener.ConnectAsync(IPEndPoint.Parse("10.244.0.9:50000"));
        await Assert.ThrowsAsync<FlowException>(async () => await caller.ReadAsync(new byte[1], CancellationToken.None).AsTask().WaitAsync(s_bound));
    }

    [Fact]
    public async Task PortThatIsTaken_TellsItsErrno()
    {
        await using MuxSession session = await MuxSession.StartAsync();
        MuxListenResult listen = await session.Client.ListenAsync(
            new(IPAddress.Any, 22), (_, _) => throw new InvalidOperationException(), CancellationToken.None);
        Assert.Equal(Errno.EADDRINUSE, listen.Errno);
    }

    [Fact]
    public async Task ListenerThatCantGoOn_EndsByReset_AndIsNoDefect()
    {
        await using MuxSession session = await MuxSession.StartAsync();
        MuxListenResult listen = await session.Client.ListenAsync(
            new(IPAddress.Any, 8080), (_, _) => throw new InvalidOperationException(), CancellationToken.None);
        session.FakePod.Listener.Break();
        Assert.Equal(Errno.ECONNABORTED, await listen.Listener!.Completion.WaitAsync(s_bound));
        await session.FakePod.Listener.Disposed.Task.WaitAsync(s_bound);
    }

    [Fact]
    public async Task LostCarrier_EndsListeners()
    {
        await using MuxSession session = await MuxSession.StartAsync();
        MuxListenResult listen = await session.Client.ListenAsync(
            new(IPAddress.Any, 8080), (_, _) => throw new InvalidOperationException(), CancellationToken.None);
        await session.Server.DisposeAsync();
        Assert.Equal(Errno.ECONNRESET, await listen.Listener!.Completion.WaitAsync(s_bound));
        await session.FakePod.Listener.Disposed.Task.WaitAsync(s_bound);
    }

    private static async Task<DuplexStream> OpenAsync(MuxClient client, RawPeer agent, uint number, int window)
    {
        ValueTask<DialResult> dial = client.DialAsync(FakePod.Live, CancellationToken.None);
        Assert.Equal(number, (await agent.ReadFrameAsync()).Header.Flow);
        byte[] payload = RawPeer.Vector("opened")[FrameHeader.Size..];
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(payload, window);
        await agent.SendAsync(FrameType.Opened, number, payload);
        return (await dial).Stream!;
    }

    private static void Pass(FakeTimeProvider time, int seconds)
    {
        for (int i = 0; i < seconds; i++)
            time.Advance(TimeSpan.FromSeconds(1));
    }

    private static async Task<string> ReadToEndAsync(DuplexStream stream)
    {
        var all = new MemoryStream();
        byte[] buffer = new byte[256];
        int count;
        while ((count = await stream.ReadAsync(buffer, CancellationToken.None).AsTask().WaitAsync(s_bound)) > 0)
            all.Write(buffer, 0, count);
        return System.Text.Encoding.UTF8.GetString(all.ToArray());
    }
}
