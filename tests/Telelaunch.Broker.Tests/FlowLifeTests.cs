using System.Net;
using System.Net.Sockets;
using Telelaunch.Net;

namespace Telelaunch.Broker.Tests;

/// <summary>What becomes of a flow when one of those who hold it goes away, with real programs under the real shim.</summary>
public class FlowLifeTests
{
    [Fact]
    public async Task Record_TellsWhoWhereAndHowMuch()
    {
        await using TestSession session = await TestSession.StartAsync();
        await using ShimProgram program = session.Start(ShimProgram.Connector, "blocking", "10.96.0.1", "80");
        await (await session.Dialer.NextAsync()).ServeOnceAsync();
        await program.FinishAsync();

        FlowRecord record = await session.NextRecordAsync<FlowRecord>();

        Assert.Equal("connector", record.ProcessName);
        Assert.Equal(IPEndPoint.Parse("10.96.0.1:80"), record.Destination);
        Assert.Equal(FlowEnding.AppFinished, record.Ending);
        Assert.Equal((0, 5L, 5L), (record.Errno, record.BytesUp, record.BytesDown));
    }

    [Fact]
    public async Task FailedDial_IsRecordedWithItsErrno()
    {
        await using TestSession session = await TestSession.StartAsync();
        await using ShimProgram program = session.Start(ShimProgram.Connector, "blocking", "10.96.0.1", "80");
        (await session.Dialer.NextAsync()).Fail(Errno.EHOSTUNREACH);

        FlowRecord record = await session.NextRecordAsync<FlowRecord>();

        Assert.Equal((FlowEnding.DialFailed, Errno.EHOSTUNREACH), (record.Ending, record.Errno));
    }

    [Fact]
    public async Task AppClosesWhileTheDialRuns_ThePodSeesTheEnd()
    {
        await using TestSession session = await TestSession.StartAsync();
        await using ShimProgram program = session.Start(ShimProgram.Connector, "abandon", "10.96.0.1", "80");
        PendingDial dial = await session.Dialer.NextAsync();
        await program.LineAsync();
        await program.GoOnAsync();
        Assert.Equal("closed 0", await program.LineAsync());

        using Socket server = await dial.ConnectAsync();

        Assert.Equal(0, await server.ReceiveAsync(new byte[1]).WaitAsync(ShimProgram.Patience));
        server.Shutdown(SocketShutdown.Send);
        Assert.NotEqual(FlowEnding.DialFailed, (await session.NextRecordAsync<FlowRecord>()).Ending);
    }

    [Fact]
    public async Task AppIsKilledWhileConnected_ThePodSeesTheEnd()
    {
        await using TestSession session = await TestSession.StartAsync();
        await using ShimProgram program = session.Start(ShimProgram.Connector, "blocking", "10.96.0.1", "80");
        using Socket server = await (await session.Dialer.NextAsync()).ConnectAsync();
        byte[] buffer = new byte[16];
        Assert.Equal(5, await server.ReceiveAsync(buffer).WaitAsync(ShimProgram.Patience));

        program.Kill();
        server.Shutdown(SocketShutdown.Send);

        Assert.Equal((0, 5L, 0L), ((await session.NextRecordAsync<FlowRecord>()) is var record ? record.Errno : -1, record.BytesUp, record.BytesDown));
    }

    [Fact]
    public async Task PodResets_TheAppSeesConnectionReset()
    {
        await using TestSession session = await TestSession.StartAsync();
        await using ShimProgram program = session.Start(ShimProgram.Connector, "blocking", "10.96.0.1", "80");
        Socket server = await (await session.Dialer.NextAsync()).ConnectAsync();
        await server.ReceiveAsync(new byte[16]);
        server.LingerState = new LingerOption(true, 0);
        server.Close(0);

        Assert.Equal($"received  {Errno.ECONNRESET}", (await program.FinishAsync())[^1]);
        Assert.Equal(FlowEnding.PodReset, (await session.NextRecordAsync<FlowRecord>()).Ending);
    }

    [Fact]
    public async Task SessionEnds_AWaitingConnectFails_AndNothingIsLeft()
    {
        TestSession session = await TestSession.StartAsync();
        await using ShimProgram program = session.Start(ShimProgram.Connector, "blocking", "10.96.0.1", "80");
        PendingDial dial = await session.Dialer.NextAsync();
        string path = session.Broker.SessionPath;

        await session.DisposeAsync();

        Assert.True(dial.Cancelled.IsCancellationRequested);
        Assert.NotEqual("connect 0", (await program.FinishAsync())[0]);
        Assert.False(Directory.Exists(path));
    }

    [Fact]
    public async Task DialerThrows_TheConnectFailsInsteadOfHanging()
    {
        await using TestSession session = await TestSession.StartAsync();
        await using ShimProgram program = session.Start(ShimProgram.Connector, "blocking", "10.96.0.1", "80");

        (await session.Dialer.NextAsync()).Throw(new InvalidOperationException("bug"));

        Assert.Equal($"connect {Errno.ENETUNREACH}", (await program.FinishAsync())[0]);
    }

    [Fact]
    public async Task TunnelDown_ConnectsFailWithoutADial()
    {
        await using TestSession session = await TestSession.StartAsync();
        session.Broker.SetTunnelState(TunnelState.Down);
        await using ShimProgram program = session.Start(ShimProgram.Connector, "blocking", "10.96.0.1", "80");

        Assert.Equal($"connect {Errno.ENETUNREACH}", (await program.FinishAsync())[0]);
        Assert.False(session.Dialer.HasMore);
    }
}
