using Telelaunch.Mux.Frames;

namespace Telelaunch.Mux.Tests;

/// <summary>A peer that breaks the protocol loses its carrier, and nothing else happens.</summary>
public sealed class ProtocolErrorTests
{
    private static readonly TimeSpan s_bound = TimeSpan.FromSeconds(60);

    /// <summary>Hex of whole frames for the agent's end; OPEN of flow 1 is <c>0000…</c> as in the vectors.</summary>
    public static TheoryData<string, string> FramesForTheAgent => new()
    {
        { "type 0", "0000000000000001" },
        { "type 19", "0000001300000001" },
        { "too long", "0100010400000001" },
        { "OPEN of an even flow", "00000c01000000020400005000000000" + "00010000" },
        { "OPEN of flow 0", "00000c01000000000400005000000000" + "00010000" },
        { "OPEN too short", "0000040100000001" + "04000050" },
        { "OPEN of family 5", "00000c01000000010500005000000000" + "00010000" },
        { "OPEN with a byte that isn't zero", "00000c01000000010401005000000000" + "00010000" },
        { "OPEN with an impossible window", "00000c01000000010400005000000000" + "ffffffff" },
        { "the same number twice", "0000070e00000001010368656c6c6f" + "0000070e00000001010368656c6c6f" },
        { "a number that goes down", "0000070e00000005010368656c6c6f" + "0000070e00000003010368656c6c6f" },
        { "DATA for the carrier", "000001040000000000" },
        { "DATA without data", "0000000400000001" },
        { "CREDIT of nothing", "000004050000000100000000" },
        { "CREDIT too long", "00000505000000010000000100" },
        { "FIN with a payload", "000001060000000100" },
        { "RST without a reason", "000004070000000100000000" },
        { "PING of 7 bytes", "000007080000000000000000000000" },
        { "PING for a flow", "00000808000000010000000000000000" },
        { "DATAGRAM too short", "0000040d0000000104000035" },
        { "RESOLVE of kind 9", "0000010e0000000109" },
        { "RESOLVE for no family", "0000070e00000001010068656c6c6f" },
        { "POD from the client", "0000011000000000" + "00" },
        { "GOAWAY from the client", "0000031100000000627965" },
        { "LISTENING from the client", "0000080b0000000104001f9000000000" },
        { "ACCEPTED from the client", "0000100c00000002" + "00000001" + "00010000" + "0400c350" + "0af40009" },
        { "ENVIRONMENT without OFFSET", "0000001200000001" },
        { "ENVIRONMENT too long", "00000512000000010000000000" },
        { "ENVIRONMENT of an even number", "000004120000000200000000" },
        { "LISTEN too long", "0000090a0000000104001f900000000000" },
    };

    public static TheoryData<string, string> FramesForTheClient => new()
    {
        { "a second POD", Convert.ToHexString(RawPeer.Vector("pod")) },
        { "OPEN from the agent", Convert.ToHexString(RawPeer.Vector("open-ipv4")) },
        { "LISTEN from the agent", Convert.ToHexString(RawPeer.Vector("listen")) },
        { "ENVIRONMENT from the agent", Convert.ToHexString(RawPeer.Vector("environment")) },
        { "RESOLVE from the agent", Convert.ToHexString(RawPeer.Vector("resolve-addresses")) },
        { "ACCEPTED of an odd flow", "0000100c00000003" + "00000001" + "00010000" + "0400c350" + "0af40009" },
        { "OPENED too short", "00000402000000010001" + "0000" },
        { "FAILED with errno 0", "000004030000000100000000" },
        { "LISTENING of family 9", "0000080b0000000109001f9000000000" },
    };

    [Theory]
    [MemberData(nameof(FramesForTheAgent))]
    public async Task AgentClosesCarrier(string what, string hex)
    {
        (MuxServer server, RawPeer client, FakePod pod) = await RawPeer.WithServerAsync();
        await client.SendAsync(Convert.FromHexString(hex));
        CarrierEnd end = await server.Completion.WaitAsync(s_bound);
        Assert.True(end.Kind == CarrierEndKind.ProtocolError, $"{what}: {end}");
        await server.DisposeAsync();
        await client.DisposeAsync();
        Assert.Empty(pod.Faults);
    }

    [Theory]
    [MemberData(nameof(FramesForTheClient))]
    public async Task ClientClosesCarrier(string what, string hex)
    {
        (MuxClient client, RawPeer agent) = await RawPeer.WithClientAsync();
        await agent.SendAsync(Convert.FromHexString(hex));
        CarrierEnd end = await client.Completion.WaitAsync(s_bound);
        Assert.True(end.Kind == CarrierEndKind.ProtocolError, $"{what}: {end}");
        await client.DisposeAsync();
        await agent.DisposeAsync();
    }

    [Fact]
    public async Task MoreDataThanCredit_ClosesCarrier()
    {
        (MuxServer server, RawPeer client, FakePod pod) = await RawPeer.WithServerAsync();
        var gate = new TaskCompletionSource();
        pod.DialGate = gate.Task;
        await client.SendAsync("open-ipv4");
        // 3 bytes came with OPEN.
        await client.SendAsync(FrameType.Data, 1, new byte[65_533]);
        await client.SendAsync(FrameType.Data, 1, new byte[1]);
        Assert.Equal(CarrierEndKind.ProtocolError, (await server.Completion.WaitAsync(s_bound)).Kind);
        gate.SetResult();
        await server.DisposeAsync();
        await client.DisposeAsync();
    }

    [Fact]
    public async Task OpenedWithTooSmallAWindow_ClosesCarrierAndFailsTheDial()
    {
        (MuxClient client, RawPeer agent) = await RawPeer.WithClientAsync();
        ValueTask<Telelaunch.Net.DialResult> dial = client.DialAsync(FakePod.Live, CancellationToken.None);
        await agent.SendAsync(Convert.FromHexString("00000c02000000010000ffff0400b26e0af40007"));
        Assert.Equal(CarrierEndKind.ProtocolError, (await client.Completion.WaitAsync(s_bound)).Kind);
        Assert.Equal(Telelaunch.Net.Errno.ENETUNREACH, (await dial.AsTask().WaitAsync(s_bound)).Errno);
        await client.DisposeAsync();
        await agent.DisposeAsync();
    }

    [Fact]
    public async Task DataBeforeTheError_StillReachTheirReader()
    {
        (MuxClient client, RawPeer agent) = await RawPeer.WithClientAsync();
        ValueTask<Telelaunch.Net.DialResult> dial = client.DialAsync(FakePod.Live, CancellationToken.None);
        await agent.SendAsync(Convert.FromHexString("00000c0200000001000100000400b26e0af40007"));
        Telelaunch.Net.DuplexStream flow = (await dial).Stream!;
        var buffer = new byte[16];
        Task<int> read = flow.ReadAsync(buffer, CancellationToken.None).AsTask();
        await agent.SendAsync([.. RawPeer.Frame(FrameType.Data, 1, [1, 2, 3]), .. RawPeer.Frame(FrameType.Data, 1, [])]);
        Assert.Equal(3, await read.WaitAsync(s_bound));
        Assert.Equal(CarrierEndKind.ProtocolError, (await client.Completion.WaitAsync(s_bound)).Kind);
        await Assert.ThrowsAsync<Telelaunch.Net.FlowException>(async () => await flow.ReadAsync(buffer, CancellationToken.None));
        await client.DisposeAsync();
        await agent.DisposeAsync();
    }

    [Theory]
    [InlineData("fin")]
    [InlineData("data")]
    public async Task AnythingBehindFin_ClosesCarrier(string vector)
    {
        (MuxServer server, RawPeer client, FakePod pod) = await RawPeer.WithServerAsync();
        pod.DialGate = new TaskCompletionSource().Task;
        await client.SendAsync("open-ipv4");
        await client.SendAsync("fin");
        await client.SendAsync(vector);
        Assert.Equal(CarrierEndKind.ProtocolError, (await server.Completion.WaitAsync(s_bound)).Kind);
        await client.DisposeAsync();
    }

    [Fact]
    public async Task MoreFlowsThanAllowed_ClosesCarrier()
    {
        (MuxServer server, RawPeer client, FakePod pod) = await RawPeer.WithServerAsync(new() { MaxFlows = 3 });
        pod.DialGate = new TaskCompletionSource().Task;
        for (uint flow = 1; flow <= 7; flow += 2)
            await client.SendAsync(FrameType.Open, flow, RawPeer.Vector("open-ipv4")[FrameHeader.Size..]);
        Assert.Equal(CarrierEndKind.ProtocolError, (await server.Completion.WaitAsync(s_bound)).Kind);
        await client.DisposeAsync();
    }

    [Fact]
    public async Task LookupsAnswerWithAHugeCount_ClosesCarrier()
    {
        (MuxClient client, RawPeer agent) = await RawPeer.WithClientAsync();
        ValueTask<Telelaunch.Net.AddressLookup> lookup = client.LookUpAddressesAsync("hello", Telelaunch.Net.AddressFamilies.Both, CancellationToken.None);
        await agent.ExpectAsync("resolve-addresses");
        await agent.SendAsync(FrameType.Resolved, 1, [0, 0xff, 0xff, 0, 0, 0, 5, 0]);
        Assert.Equal(Telelaunch.Net.LookupStatus.TryAgain, (await lookup).Status);
        Assert.Equal(CarrierEndKind.ProtocolError, (await client.Completion.WaitAsync(s_bound)).Kind);
        await client.DisposeAsync();
        await agent.DisposeAsync();
    }

    [Fact]
    public async Task DataForAnUnknownFlow_IsAnsweredByRst()
    {
        (MuxServer server, RawPeer client, _) = await RawPeer.WithServerAsync();
        await client.ExpectAsync("pod");
        await client.SendAsync("fin");
        await client.SendAsync("credit");
        await client.SendAsync("data");
        await client.ExpectAsync("rst");
        await client.DisposeAsync();
        await server.DisposeAsync();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task RandomBytes_EndTheCarrierAndNothingElse(int seed)
    {
        var random = new Random(seed);
        for (int round = 0; round < 30; round++)
        {
            (MuxServer server, RawPeer client, FakePod pod) = await RawPeer.WithServerAsync();
            await HurtAsync(client, random, wellFormed: round % 2 == 0);
            await client.DisposeAsync();
            CarrierEnd end = await server.Completion.WaitAsync(s_bound);
            Assert.Contains(end.Kind, new[] { CarrierEndKind.ProtocolError, CarrierEndKind.ClosedByPeer, CarrierEndKind.Lost });
            await server.DisposeAsync();
            Assert.Empty(pod.Faults);
        }
    }

    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    public async Task RandomBytesFromTheAgent_EndTheCarrierAndNothingElse(int seed)
    {
        var random = new Random(seed);
        for (int round = 0; round < 30; round++)
        {
            (MuxClient client, RawPeer agent) = await RawPeer.WithClientAsync();
            ValueTask<Telelaunch.Net.DialResult> dial = client.DialAsync(FakePod.Live, CancellationToken.None);
            await HurtAsync(agent, random, wellFormed: round % 2 == 0);
            await agent.DisposeAsync();
            await client.Completion.WaitAsync(s_bound);
            _ = await dial.AsTask().WaitAsync(s_bound);
            await client.DisposeAsync();
        }
    }

    /// <summary>Sends frames with right lengths and random content, or plain random bytes, until the other end has enough.</summary>
    private static async Task HurtAsync(RawPeer peer, Random random, bool wellFormed)
    {
        try
        {
            for (int i = 0; i < 40; i++)
            {
                byte[] payload = new byte[random.Next(40)];
                random.NextBytes(payload);
                await peer.SendAsync(wellFormed ? RawPeer.Frame((FrameType)random.Next(1, 18), (uint)random.Next(6), payload) : payload);
            }
        }
        catch (Exception error) when (error is IOException or InvalidOperationException)
        {
            // It hung up.
        }
    }
}
