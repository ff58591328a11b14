using System.Buffers.Binary;

using Telelaunch.Mux.Frames;

namespace Telelaunch.Mux.Tests;

/// <summary>The container's environment on its way to the client.</summary>
public sealed class EnvironmentTests
{
    private static readonly TimeSpan s_bound = TimeSpan.FromSeconds(60);

    public static TheoryData<string, uint, int> PiecesThatDoNotFit => new()
    {
        { "a total that changes", 2000, 1000 },
        { "nothing, while something is missing", 1000, 0 },
        { "more than the total", 1000, 996 },
        { "more than a process can have", 6 * 1024 * 1024 + 1, 10 },
    };

    [Theory]
    [InlineData(0)]
    [InlineData(FrameHeader.MaxPayload - 4)]
    [InlineData(FrameHeader.MaxPayload - 3)]
    [InlineData(6 * 1024 * 1024)]
    public async Task Block_ArrivesByteForByte(int size)
    {
        await using MuxSession session = await MuxSession.StartAsync();
        byte[] block = new byte[size];
        new Random(size).NextBytes(block);
        session.FakePod.Environment = block;
        byte[]? read = await session.Client.ReadEnvironmentAsync(CancellationToken.None);
        Assert.Equal(Convert.ToHexString(block), Convert.ToHexString(read!));
    }

    [Fact]
    public async Task BlockThatTheAgentCannotRead_IsNull_AndTheCarrierGoesOn()
    {
        var faults = new System.Collections.Concurrent.ConcurrentQueue<Exception>();
        await using MuxSession session = await MuxSession.StartAsync(serverOptions: new() { FlowFault = faults.Enqueue });
        session.FakePod.Environment = null;
        Assert.Null(await session.Client.ReadEnvironmentAsync(CancellationToken.None));
        Assert.Equal("A defect.", Assert.Single(faults).Message);
        session.FakePod.Environment = [.. "A=1\0"u8];
        Assert.NotNull(await session.Client.ReadEnvironmentAsync(CancellationToken.None));
    }

    [Fact]
    public async Task LostCarrier_AnswersNull()
    {
        (MuxClient client, RawPeer agent) = await RawPeer.WithClientAsync();
        await using MuxClient ownedClient = client;
        ValueTask<byte[]?> environment = client.ReadEnvironmentAsync(CancellationToken.None);
        await agent.ExpectAsync("environment");
        await agent.DisposeAsync();
        Assert.Null(await environment);
        Assert.Null(await client.ReadEnvironmentAsync(CancellationToken.None));
    }

    [Theory]
    [MemberData(nameof(PiecesThatDoNotFit))]
    public async Task PieceThatDoesNotFit_ClosesTheCarrier(string what, uint total, int size)
    {
        (MuxClient client, RawPeer agent) = await RawPeer.WithClientAsync();
        await using MuxClient ownedClient = client;
        await using RawPeer ownedAgent = agent;
        ValueTask<byte[]?> environment = client.ReadEnvironmentAsync(CancellationToken.None);
        await agent.ExpectAsync("environment");
        await agent.SendAsync(FrameType.Resolved, 1, Piece(1000, 5));
        (FrameHeader again, byte[] offset) = await agent.ReadFrameAsync();
        Assert.Equal((FrameType.Environment, 5u), (again.Type, BinaryPrimitives.ReadUInt32BigEndian(offset)));
        await agent.SendAsync(FrameType.Resolved, again.Flow, Piece(total, size));
        Assert.Null(await environment);
        CarrierEnd end = await client.Completion.WaitAsync(s_bound);
        Assert.True(end.Kind == CarrierEndKind.ProtocolError, $"{what}: {end}");
    }

    private static byte[] Piece(uint total, int size)
    {
        byte[] payload = new byte[4 + size];
        BinaryPrimitives.WriteUInt32BigEndian(payload, total);
        return payload;
    }
}
