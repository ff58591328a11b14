using System.Net;
using System.Net.Sockets;
using Telelaunch.Net;

namespace Telelaunch.Broker.Tests;

/// <summary>Kernels where a SYN can't be held: the shim asks, then connects. Right errno, blocking.</summary>
public class WaitModeTests
{
    private static Task<TestSession> StartAsync() => TestSession.StartAsync(options => options with { HoldSyn = false });

    [Theory]
    [InlineData("10.96.0.1")]
    [InlineData("::ffff:10.96.0.1")]
    [InlineData("fd00:10:96::1")]
    public async Task LiveService_ConnectsAndTalks(string address)
    {
        await using TestSession session = await StartAsync();
        Assert.False(session.Broker.HoldsSyn);
        Assert.Equal("syn-not-held", (await session.NextRecordAsync<NoticeRecord>()).Code);
        await using ShimProgram program = session.Start(ShimProgram.Connector, "blocking", address, "80");

        await (await session.Dialer.NextAsync()).ServeOnceAsync();

        Assert.Equal(["connect 0", "so_error 0", $"peer {address} 80", "received HELLO 0"], await program.FinishAsync());
    }

    [Theory]
    [InlineData(Errno.ECONNREFUSED)]
    [InlineData(Errno.ETIMEDOUT)]
    public async Task FailedDial_ConnectGivesTheErrno(int errno)
    {
        await using TestSession session = await StartAsync();
        await using ShimProgram program = session.Start(ShimProgram.Connector, "blocking", "10.96.0.1", "80");

        (await session.Dialer.NextAsync()).Fail(errno);

        Assert.Equal($"connect {errno}", (await program.FinishAsync())[0]);
    }

    [Fact]
    public async Task CallerDiesWhileTheDialRuns_TheDialIsCancelled()
    {
        await using TestSession session = await StartAsync();
        await using ShimProgram program = session.Start(ShimProgram.Connector, "blocking", "10.96.0.1", "80");
        PendingDial dial = await session.Dialer.NextAsync();
        var cancelled = new TaskCompletionSource();
        using CancellationTokenRegistration registration = dial.Cancelled.Register(cancelled.SetResult);

        program.Kill();

        await cancelled.Task.WaitAsync(ShimProgram.Patience);
        Assert.Equal(FlowEnding.AppGaveUp, (await session.NextRecordAsync<FlowRecord>()).Ending);
    }

    [Fact]
    public async Task Stranger_IsReset()
    {
        await using TestSession session = await StartAsync();
        using var stranger = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

        // The reset may overtake the connect's own completion.
        SocketException error = await Assert.ThrowsAsync<SocketException>(async () =>
        {
            await stranger.ConnectAsync(IPAddress.Loopback, session.Broker.RelayPort4);
            await stranger.ReceiveAsync(new byte[1]).WaitAsync(ShimProgram.Patience);
        });

        Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);
    }
}
