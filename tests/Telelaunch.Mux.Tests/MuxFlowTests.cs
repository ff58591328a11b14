using System.Security.Cryptography;
using System.Text;

using Telelaunch.Net;

namespace Telelaunch.Mux.Tests;

public sealed class MuxFlowTests
{
    private static readonly TimeSpan s_bound = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Dial_ConnectsAndTellsThePodsAddress(bool overTcp)
    {
        await using MuxSession session = await MuxSession.StartAsync(overTcp);
        DialResult result = await session.Client.DialAsync(FakePod.Live, CancellationToken.None);
        Assert.Equal(0, result.Errno);
        Assert.Equal(FakePod.PodEnd, result.PodEndPoint);
        DuplexStream target = await session.FakePod.NextTargetAsync();

        await result.Stream!.WriteAsync("ping"u8.ToArray(), CancellationToken.None);
        Assert.Equal("ping", await ReadTextAsync(target, 4));
        await target.WriteAsync("pong"u8.ToArray(), CancellationToken.None);
        Assert.Equal("pong", await ReadTextAsync(result.Stream, 4));
    }

    [Fact]
    public async Task RefusedDial_TellsItsErrno()
    {
        await using MuxSession session = await MuxSession.StartAsync();
        DialResult result = await session.Client.DialAsync(FakePod.Refusing, "lost"u8.ToArray(), CancellationToken.None);
        Assert.Equal(Errno.ECONNREFUSED, result.Errno);
        Assert.Equal(0, session.Client.OpenFlows);
    }

    [Fact]
    public async Task FirstData_ReachesTheTargetBehindTheDial()
    {
        await using MuxSession session = await MuxSession.StartAsync();
        var gate = new TaskCompletionSource();
        session.FakePod.DialGate = gate.Task;
        ValueTask<DialResult> dial = session.Client.DialAsync(FakePod.Live, Pattern(MuxClient.MaxFirstData, 1), CancellationToken.None);
        gate.SetResult();
        DialResult result = await dial;
        DuplexStream target = await session.FakePod.NextTargetAsync();
        await result.Stream!.WriteAsync("behind"u8.ToArray(), CancellationToken.None);
        Assert.Equal(Pattern(MuxClient.MaxFirstData, 1), await ReadAsync(target, MuxClient.MaxFirstData));
        Assert.Equal("behind", await ReadTextAsync(target, 6));
    }

    [Fact]
    public async Task CancelledDial_StopsTheAgentsDial()
    {
        await using MuxSession session = await MuxSession.StartAsync();
        using var cancellation = new CancellationTokenSource();
        ValueTask<DialResult> dial = session.Client.DialAsync(FakePod.Silent, cancellation.Token);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await dial);
        await session.FakePod.SilentDialCancelled.Task.WaitAsync(s_bound);
    }

    [Fact]
    public async Task ClientFin_HalfClosesTarget_AndTheReplyStillComes()
    {
        await using MuxSession session = await MuxSession.StartAsync();
        (DuplexStream client, DuplexStream target) = await session.OpenAsync();
        await client.WriteAsync("request"u8.ToArray(), CancellationToken.None);
        await client.CompleteWritesAsync(CancellationToken.None);
        Assert.Equal("request", await ReadTextToEndAsync(target));
        await target.WriteAsync("reply"u8.ToArray(), CancellationToken.None);
        await target.CompleteWritesAsync(CancellationToken.None);
        Assert.Equal("reply", await ReadTextToEndAsync(client));
    }

    [Fact]
    public async Task TargetFin_HalfClosesClient_AndTheClientMayStillSend()
    {
        await using MuxSession session = await MuxSession.StartAsync();
        (DuplexStream client, DuplexStream target) = await session.OpenAsync();
        await target.WriteAsync("banner"u8.ToArray(), CancellationToken.None);
        await target.CompleteWritesAsync(CancellationToken.None);
        Assert.Equal("banner", await ReadTextToEndAsync(client));
        await client.WriteAsync("still here"u8.ToArray(), CancellationToken.None);
        await client.CompleteWritesAsync(CancellationToken.None);
        Assert.Equal("still here", await ReadTextToEndAsync(target));
    }

    [Fact]
    public async Task BothFins_LeaveNoFlowBehind()
    {
        await using MuxSession session = await MuxSession.StartAsync();
        (DuplexStream client, DuplexStream target) = await session.OpenAsync();
        await client.CompleteWritesAsync(CancellationToken.None);
        await target.CompleteWritesAsync(CancellationToken.None);
        Assert.Equal("", await ReadTextToEndAsync(client));
        Assert.Equal("", await ReadTextToEndAsync(target));
        await client.DisposeAsync();
        Assert.Equal(0, session.Client.OpenFlows);
    }

    [Fact]
    public async Task ClientAbort_ResetsTarget()
    {
        await using MuxSession session = await MuxSession.StartAsync();
        (DuplexStream client, DuplexStream target) = await session.OpenAsync();
        client.Abort();
        FlowException error = await Assert.ThrowsAsync<FlowException>(async () => await ReadToEndAsync(target));
        Assert.Equal(Errno.ECONNRESET, error.Errno);
    }

    [Fact]
    public async Task TargetReset_EndsClientWithItsErrno_AfterWhatCameBefore()
    {
        await using MuxSession session = await MuxSession.StartAsync();
        (DuplexStream client, DuplexStream target) = await session.OpenAsync();
        await target.WriteAsync("last words"u8.ToArray(), CancellationToken.None);
        Assert.Equal("last", await ReadTextAsync(client, 4));
        target.Abort();
        Assert.Equal(" words", await ReadTextAsync(client, 6));
        FlowException error = await Assert.ThrowsAsync<FlowException>(async () => await ReadToEndAsync(client));
        Assert.Equal(Errno.ECONNRESET, error.Errno);
        await Assert.ThrowsAsync<FlowException>(async () => await client.WriteAsync(new byte[1], CancellationToken.None));
    }

    [Fact]
    public async Task DisposeWithoutFin_ResetsTheOtherSide()
    {
        await using MuxSession session = await MuxSession.StartAsync();
        (DuplexStream client, DuplexStream target) = await session.OpenAsync();
        await client.DisposeAsync();
        await Assert.ThrowsAsync<FlowException>(async () => await ReadToEndAsync(target));
        Assert.Equal(0, session.Client.OpenFlows);
    }

    [Fact]
    public async Task CancelledRead_LosesNothing()
    {
        await using MuxSession session = await MuxSession.StartAsync();
        (DuplexStream client, DuplexStream target) = await session.OpenAsync();
        using var cancellation = new CancellationTokenSource();
        ValueTask<int> read = client.ReadAsync(new byte[16], cancellation.Token);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await read);
        await target.WriteAsync("kept"u8.ToArray(), CancellationToken.None);
        Assert.Equal("kept", await ReadTextAsync(client, 4));
    }

    [Fact]
    public async Task StalledReader_StallsNobodyElse()
    {
        await using MuxSession session = await MuxSession.StartAsync();
        (DuplexStream stalled, DuplexStream flooding) = await session.OpenAsync();
        using var stop = new CancellationTokenSource();
        Task flood = FloodAsync(flooding, stop.Token);
        for (int i = 0; i < 20; i++)
        {
            (DuplexStream client, DuplexStream target) = await session.OpenAsync();
            byte[] sent = Pattern(300_000, i);
            Task sending = SendAsync(target, sent);
            Assert.Equal(sent, await ReadToEndAsync(client).WaitAsync(s_bound));
            await sending;
            await client.DisposeAsync();
        }

        Assert.False(flood.IsCompleted);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => flood);
        await stalled.DisposeAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ParallelTransfers_AreByteIdentical(bool overTcp)
    {
        await using MuxSession session = await MuxSession.StartAsync(overTcp);
        await Parallel.ForEachAsync(Enumerable.Range(0, 16), new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (i, _) =>
        {
            DialResult result = await session.Client.DialAsync(FakePod.Live, CancellationToken.None);
            await using DuplexStream client = result.Stream!;
            await using DuplexStream target = await session.FakePod.NextTargetAsync();
            // Targets come in any order: each just echoes.
            Task echo = EchoAsync(target);
            byte[] sent = Pattern(2_000_003, i);
            Task sending = SendAsync(client, sent);
            byte[] received = await ReadToEndAsync(client);
            Assert.Equal(SHA256.HashData(sent), SHA256.HashData(received));
            await sending;
            await echo;
        }).WaitAsync(s_bound);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task BigTransfer_IsByteIdenticalBothWays(bool overTcp)
    {
        await using MuxSession session = await MuxSession.StartAsync(overTcp);
        (DuplexStream client, DuplexStream target) = await session.OpenAsync();
        byte[] up = Pattern(40_000_001, 1);
        byte[] down = Pattern(40_000_007, 2);
        Task sendingUp = SendAsync(client, up);
        Task sendingDown = SendAsync(target, down);
        Task<byte[]> receivingUp = ReadToEndAsync(target);
        Task<byte[]> receivingDown = ReadToEndAsync(client);
        await Task.WhenAll(sendingUp, sendingDown, receivingUp, receivingDown).WaitAsync(s_bound);
        Assert.Equal(SHA256.HashData(up), SHA256.HashData(await receivingUp));
        Assert.Equal(SHA256.HashData(down), SHA256.HashData(await receivingDown));
    }

    [Fact]
    public async Task DefectInOneDial_ResetsThatFlowAlone()
    {
        var faults = new List<Exception>();
        await using MuxSession session = await MuxSession.StartAsync(serverOptions: new() { FlowFault = faults.Add });
        DialResult broken = await session.Client.DialAsync(FakePod.Broken, CancellationToken.None);
        Assert.Equal(Errno.ECONNABORTED, broken.Errno);
        (DuplexStream client, DuplexStream target) = await session.OpenAsync();
        await client.WriteAsync("fine"u8.ToArray(), CancellationToken.None);
        Assert.Equal("fine", await ReadTextAsync(target, 4));
        Assert.IsType<InvalidOperationException>(Assert.Single(faults));
    }

    private static byte[] Pattern(int length, int seed)
    {
        byte[] bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private static async Task SendAsync(DuplexStream stream, byte[] bytes)
    {
        await stream.WriteAsync(bytes, CancellationToken.None);
        await stream.CompleteWritesAsync(CancellationToken.None);
    }

    private static async Task FloodAsync(DuplexStream stream, CancellationToken cancellationToken)
    {
        byte[] chunk = new byte[64 * 1024];
        while (true)
            await stream.WriteAsync(chunk, cancellationToken);
    }

    private static async Task EchoAsync(DuplexStream stream)
    {
        byte[] buffer = new byte[32 * 1024];
        int count;
        while ((count = await stream.ReadAsync(buffer, CancellationToken.None)) > 0)
            await stream.WriteAsync(buffer.AsMemory(0, count), CancellationToken.None);
        await stream.CompleteWritesAsync(CancellationToken.None);
    }

    private static async Task<byte[]> ReadAsync(DuplexStream stream, int length)
    {
        byte[] bytes = new byte[length];
        for (int read = 0; read < length;)
        {
            int count = await stream.ReadAsync(bytes.AsMemory(read), CancellationToken.None).AsTask().WaitAsync(s_bound);
            Assert.NotEqual(0, count);
            read += count;
        }

        return bytes;
    }

    private static async Task<byte[]> ReadToEndAsync(DuplexStream stream)
    {
        var all = new MemoryStream();
        byte[] buffer = new byte[48 * 1024];
        int count;
        while ((count = await stream.ReadAsync(buffer, CancellationToken.None).AsTask().WaitAsync(s_bound)) > 0)
            all.Write(buffer, 0, count);
        return all.ToArray();
    }

    private static async Task<string> ReadTextAsync(DuplexStream stream, int length) => Encoding.UTF8.GetString(await ReadAsync(stream, length));

    private static async Task<string> ReadTextToEndAsync(DuplexStream stream) => Encoding.UTF8.GetString(await ReadToEndAsync(stream));
}
