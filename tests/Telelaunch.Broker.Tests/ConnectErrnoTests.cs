using System.Net;
using Telelaunch.Net;

namespace Telelaunch.Broker.Tests;

/// <summary>The errno table of connect(2), with real programs under the real shim and dials that the test delays.</summary>
public class ConnectErrnoTests
{
    private const int EINPROGRESS = 115;
    private const int ENOTCONN = 107;
    private const int PollOut = 4;
    private const int PollErrorBits = 0x8 | 0x10;

    public static TheoryData<string, int> Failures()
    {
        var data = new TheoryData<string, int>();
        foreach (string address in new[] { "10.96.0.1", "::ffff:10.96.0.1", "fd00:10:96::1" })
        {
            foreach (int errno in new[] { Errno.ECONNREFUSED, Errno.ETIMEDOUT, Errno.EHOSTUNREACH, Errno.ENETUNREACH })
                data.Add(address, errno);
        }

        return data;
    }

    [Theory]
    [InlineData("10.96.0.1")]
    [InlineData("::ffff:10.96.0.1")]
    [InlineData("fd00:10:96::1")]
    public async Task Blocking_LiveService_ConnectsAndTalks(string address)
    {
        await using TestSession session = await TestSession.StartAsync();
        await using ShimProgram program = session.Start(ShimProgram.Connector, "blocking", address, "80");
        PendingDial dial = await session.Dialer.NextAsync();
        Assert.Equal(new IPEndPoint(Unmapped(address), 80), dial.Destination);

        await dial.ServeOnceAsync();

        Assert.Equal(["connect 0", "so_error 0", $"peer {address} 80", "received HELLO 0"], await program.FinishAsync());
    }

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task Blocking_FailedDial_ConnectGivesTheErrnoOnce(string address, int errno)
    {
        await using TestSession session = await TestSession.StartAsync();
        await using ShimProgram program = session.Start(ShimProgram.Connector, "blocking", address, "80");

        (await session.Dialer.NextAsync()).Fail(errno);

        Assert.Equal([$"connect {errno}", "so_error 0", $"peer -{ENOTCONN}"], await program.FinishAsync());
    }

    [Theory]
    [InlineData("10.96.0.1")]
    [InlineData("::ffff:10.96.0.1")]
    [InlineData("fd00:10:96::1")]
    public async Task NonBlocking_LiveService_IsWritableOnlyAfterTheDial(string address)
    {
        await using TestSession session = await TestSession.StartAsync();
        await using ShimProgram program = session.Start(ShimProgram.Connector, "poll", address, "80");
        Assert.Equal($"connect {EINPROGRESS}", await program.LineAsync());
        PendingDial dial = await session.Dialer.NextAsync();
        await program.GoOnAsync();
        Assert.Equal("early 0", await program.LineAsync());
        Assert.Equal("early_so_error 0", await program.LineAsync());

        await dial.ServeOnceAsync();

        string[] lines = await program.FinishAsync();
        Assert.Equal([$"revents {PollOut}", "so_error 0", "so_error_again 0", $"peer {address} 80"], lines[..4]);
        Assert.StartsWith($"own {OwnAddress(address)} ", lines[4], StringComparison.Ordinal);
        Assert.Equal("received HELLO 0", lines[5]);
    }

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task NonBlocking_FailedDial_SoErrorGivesTheErrnoOnce(string address, int errno)
    {
        await using TestSession session = await TestSession.StartAsync();
        await using ShimProgram program = session.Start(ShimProgram.Connector, "poll", address, "80");
        Assert.Equal($"connect {EINPROGRESS}", await program.LineAsync());
        PendingDial dial = await session.Dialer.NextAsync();
        await program.GoOnAsync();
        Assert.Equal("early 0", await program.LineAsync());
        Assert.Equal("early_so_error 0", await program.LineAsync());

        dial.Fail(errno);

        // OUT|ERR|HUP; a refused connect of the kernel's own has IN too, but a socket made to show that couldn't connect again.
        Assert.Equal(
            [$"revents {PollOut | PollErrorBits}", $"so_error {errno}", "so_error_again 0", $"peer -{ENOTCONN}"],
            await program.FinishAsync());
    }

    [Theory]
    [InlineData("epoll-lt-before")]
    [InlineData("epoll-lt-after")]
    [InlineData("epoll-et-before")]
    [InlineData("epoll-et-after")]
    public async Task Epoll_ReportsNothingBeforeTheDialIsOver(string mode)
    {
        await using TestSession session = await TestSession.StartAsync();
        await using ShimProgram good = session.Start(ShimProgram.Connector, mode, "10.96.0.1", "80");
        await using ShimProgram bad = session.Start(ShimProgram.Connector, mode, "10.96.0.2", "80");
        PendingDial[] dials = [await session.Dialer.NextAsync(), await session.Dialer.NextAsync()];
        foreach (ShimProgram program in new[] { good, bad })
        {
            Assert.Equal($"connect {EINPROGRESS}", await program.LineAsync());
            await program.GoOnAsync();
            Assert.Equal("early 0", await program.LineAsync());
        }

        dials.Single(dial => dial.Destination.Address.Equals(IPAddress.Parse("10.96.0.2"))).Fail(Errno.ECONNREFUSED);
        await dials.Single(dial => dial.Destination.Address.Equals(IPAddress.Parse("10.96.0.1"))).ServeOnceAsync();

        Assert.Equal([$"revents {PollOut}", "so_error 0"], (await good.FinishAsync())[..2]);
        Assert.Equal([$"revents {PollOut | PollErrorBits}", $"so_error {Errno.ECONNREFUSED}"], (await bad.FinishAsync())[..2]);
    }

    [Fact]
    public async Task TwentyDials_ArePendingAtOnce_BeforeAnyIsReleased()
    {
        const int Count = 20;
        await using TestSession session = await TestSession.StartAsync();
        await using ShimProgram program = session.Start(ShimProgram.Connector, "many", "10.96.0.1", "80", "20");

        // One thread of the program opened all of them although none has ended: nothing blocked it, and 20 dials last as long as one.
        var dials = new List<PendingDial>();
        for (int i = 0; i < Count; i++)
            dials.Add(await session.Dialer.NextAsync());
        Assert.Equal("started 20", await program.LineAsync());
        Assert.All(dials, dial => Assert.False(dial.Result.IsCompleted));

        foreach (PendingDial dial in dials)
            (await dial.ConnectAsync()).Dispose();

        Assert.Equal(["connected 20"], await program.FinishAsync());
    }

    [Fact]
    public async Task Retry_OnTheSameDescriptor_DialsAgain()
    {
        await using TestSession session = await TestSession.StartAsync();
        await using ShimProgram program = session.Start(ShimProgram.Connector, "retry", "10.96.0.1", "80");
        (await session.Dialer.NextAsync()).Fail(Errno.ECONNREFUSED);
        Assert.Equal($"connect {Errno.ECONNREFUSED}", await program.LineAsync());

        await (await session.Dialer.NextAsync()).ServeOnceAsync();

        Assert.Equal(["connect 0", "peer 10.96.0.1 80", "received HELLO 0"], await program.FinishAsync());
    }

    [Theory]
    [InlineData("sync", "10.96.0.1")]
    [InlineData("async", "10.96.0.1")]
    [InlineData("dual-sync", "10.96.0.1")]
    [InlineData("dual-async", "10.96.0.1")]
    [InlineData("async", "fd00:10:96::1")]
    public async Task DotNet_LiveService_ConnectsAndTalks(string mode, string address)
    {
        await using TestSession session = await TestSession.StartAsync();
        await using ShimProgram program = session.Start(ShimProgram.TestApp, mode, address, "80");

        await (await session.Dialer.NextAsync()).ServeOnceAsync();

        string[] lines = await program.FinishAsync();
        IPAddress shown = IPEndPoint.Parse(lines[0]["ok ".Length..]).Address;
        Assert.Equal(IPAddress.Parse(address), shown.IsIPv4MappedToIPv6 ? shown.MapToIPv4() : shown);
        Assert.Equal("HELLO", lines[1]);
    }

    [Theory]
    [InlineData("sync", Errno.ECONNREFUSED, "ConnectionRefused")]
    [InlineData("async", Errno.ECONNREFUSED, "ConnectionRefused")]
    [InlineData("dual-sync", Errno.ETIMEDOUT, "TimedOut")]
    [InlineData("dual-async", Errno.ECONNREFUSED, "ConnectionRefused")]
    [InlineData("dual-async", Errno.ETIMEDOUT, "TimedOut")]
    [InlineData("dual-async", Errno.EHOSTUNREACH, "HostUnreachable")]
    [InlineData("async", Errno.ENETUNREACH, "NetworkUnreachable")]
    public async Task DotNet_FailedDial_GivesTheSocketError(string mode, int errno, string name)
    {
        await using TestSession session = await TestSession.StartAsync();
        await using ShimProgram program = session.Start(ShimProgram.TestApp, mode, "10.96.0.1", "80");

        (await session.Dialer.NextAsync()).Fail(errno);

        Assert.Equal([$"error {name} {errno}"], await program.FinishAsync());
    }

    private static IPAddress Unmapped(string address)
    {
        IPAddress parsed = IPAddress.Parse(address);
        return parsed.IsIPv4MappedToIPv6 ? parsed.MapToIPv4() : parsed;
    }

    private static string OwnAddress(string address) => address switch
    {
        "10.96.0.1" => TestSession.PodAddress,
        "::ffff:10.96.0.1" => "::ffff:" + TestSession.PodAddress,
        _ => "fd00:10:244::9",
    };
}
