using System.Diagnostics;
using System.Net.Sockets;

namespace Telelaunch.Impairment.Tests;

public sealed class ImpairedLinkTests
{
    private static readonly byte[] Word = "word"u8.ToArray();

    [Theory, InlineData(0), InlineData(3)]
    public async Task BytesOfBothDirections_ArriveUnchanged(int distance)
    {
        using var test = new TestLink(TimeSpan.FromMilliseconds(distance));
        var (client, server) = await test.PairAsync();
        byte[] up = Random(1), down = Random(2);
        Task sent = Task.WhenAll(TestLink.SendAsync(client, up), TestLink.SendAsync(server, down));
        Task<byte[]> readUp = TestLink.ReadAsync(server, up.Length), readDown = TestLink.ReadAsync(client, down.Length);
        await sent;
        AssertSame(up, await readUp);
        AssertSame(down, await readDown);
    }

    [Fact]
    public async Task BytesInManyPieces_ArriveUnchanged()
    {
        using var test = new TestLink(TimeSpan.FromMilliseconds(20));
        var (client, server) = await test.PairAsync();
        var bytes = Random(3)[..100_000];
        Task<byte[]> read = TestLink.ReadAsync(server, bytes.Length);
        client.NoDelay = true;
        for (int sent = 0; sent < bytes.Length; sent += 100)
            await TestLink.SendAsync(client, bytes.AsMemory(sent, 100));
        AssertSame(bytes, await read);
    }

    [Fact]
    public async Task RoundTrip_TakesAtLeastTheDistance()
    {
        var distance = TimeSpan.FromMilliseconds(50);
        using var test = new TestLink(distance);
        var (client, server) = await test.PairAsync();
        for (int i = 0; i < 5; i++)
            Assert.InRange(await RoundTripAsync(client, server), distance, TimeSpan.MaxValue);
    }

    [Fact]
    public async Task OpeningAConnection_TakesARoundTripMore()
    {
        var distance = TimeSpan.FromMilliseconds(50);
        using var test = new TestLink(distance);
        long start = Stopwatch.GetTimestamp();
        var (client, server) = await test.PairAsync();
        await RoundTripAsync(client, server);
        Assert.InRange(Stopwatch.GetElapsedTime(start), 2 * distance, TimeSpan.MaxValue);
    }

    [Fact]
    public async Task DistanceCanChangeWhileAConnectionIsOpen()
    {
        using var test = new TestLink();
        var (client, server) = await test.PairAsync();
        await RoundTripAsync(client, server);
        test.Link.Distance = TimeSpan.FromMilliseconds(80);
        Assert.InRange(await RoundTripAsync(client, server), TimeSpan.FromMilliseconds(80), TimeSpan.MaxValue);
        Assert.Equal(TimeSpan.FromMilliseconds(80), test.Link.Distance);
    }

    [Fact]
    public async Task MoreThanTheReaderTakes_IsHeldAndThenArrives()
    {
        // One direction's capacity and more: the sender is stopped, nothing is lost, nothing grows without bound.
        using var test = new TestLink();
        var (client, server) = await test.PairAsync();
        var bytes = new byte[1 << 20];
        new Random(4).NextBytes(bytes);
        const int Times = (InFlight.Capacity >> 20) + 64;
        Task sent = Task.Run(async () =>
        {
            for (int i = 0; i < Times; i++)
                await TestLink.SendAsync(client, bytes);
        });
        for (int i = 0; i < Times; i++)
            AssertSame(bytes, await TestLink.ReadAsync(server, bytes.Length));
        await sent;
    }

    [Fact]
    public async Task FinOfOneSide_LeavesTheOtherDirectionOpen()
    {
        using var test = new TestLink(TimeSpan.FromMilliseconds(2));
        var (client, server) = await test.PairAsync();
        await TestLink.SendAsync(client, Word);
        client.Shutdown(SocketShutdown.Send);
        Assert.Equal(Word, await TestLink.ReadAsync(server, 100));
        await TestLink.SendAsync(server, Word);
        server.Shutdown(SocketShutdown.Send);
        Assert.Equal(Word, await TestLink.ReadAsync(client, 100));
        await UntilAsync(() => test.Link.OpenConnections == 0);
    }

    [Fact]
    public async Task RstOfOneSide_IsRstOnTheOther()
    {
        using var test = new TestLink(TimeSpan.FromMilliseconds(2));
        var (client, server) = await test.PairAsync();
        await RoundTripAsync(client, server);
        server.LingerState = new LingerOption(true, 0);
        server.Close(0);
        Assert.Equal(SocketError.ConnectionReset, await TestLink.ReadErrorAsync(client));
    }

    [Fact]
    public async Task UpstreamThatRefuses_ResetsTheClient()
    {
        using var unused = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        unused.Bind(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0));
        using var link = ImpairedLink.Start(unused.LocalEndPoint!);
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        // The RST may be there before the connect has been told of its success.
        var error = await Assert.ThrowsAsync<SocketException>(async () =>
        {
            await client.ConnectAsync(link.Endpoint);
            await TestLink.ReadAsync(client, 1);
        });
        Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);
    }

    [Fact]
    public async Task Reset_ResetsBothSidesOfAll_AndTakesNewConnections()
    {
        using var test = new TestLink();
        var first = await test.PairAsync();
        var second = await test.PairAsync();
        await RoundTripAsync(first.Client, first.Server);
        await RoundTripAsync(second.Client, second.Server);
        test.Link.Reset();
        foreach (Socket socket in (Socket[])[first.Client, first.Server, second.Client, second.Server])
            Assert.Equal(SocketError.ConnectionReset, await TestLink.ReadErrorAsync(socket));
        var (client, server) = await test.PairAsync();
        await RoundTripAsync(client, server);
    }

    [Fact]
    public async Task ResetOne_ResetsTheBusiestOnly()
    {
        using var test = new TestLink();
        var idle = await test.PairAsync();
        var busy = await test.PairAsync();
        await RoundTripAsync(idle.Client, idle.Server);
        await RoundTripAsync(busy.Client, busy.Server);
        await RoundTripAsync(busy.Client, busy.Server);
        Assert.True(test.Link.ResetOne());
        Assert.Equal(SocketError.ConnectionReset, await TestLink.ReadErrorAsync(busy.Client));
        Assert.Equal(SocketError.ConnectionReset, await TestLink.ReadErrorAsync(busy.Server));
        await RoundTripAsync(idle.Client, idle.Server);
    }

    [Fact]
    public void ResetOneWithoutConnections_SaysSo()
    {
        using var test = new TestLink();
        Assert.False(test.Link.ResetOne());
    }

    [Fact]
    public async Task BlackHole_LetsNothingThrough_AndLosesNothing()
    {
        using var test = new TestLink();
        var (client, server) = await test.PairAsync();
        await RoundTripAsync(client, server);

        test.Link.BlackHole = true;
        await TestLink.SendAsync(client, Word);
        Socket late = await test.ConnectAsync();
        await TestLink.SendAsync(late, Word);
        client.Shutdown(SocketShutdown.Send);
        Task<byte[]> read = TestLink.ReadAsync(server, 100);
        Task<Socket> accepted = test.AcceptAsync();
        // The clock of the link itself has gone on for a while, and still nothing has come.
        MonotonicClock.SleepUntil(MonotonicClock.Now + 200_000_000);
        Assert.False(read.IsCompleted || accepted.IsCompleted);

        test.Link.BlackHole = false;
        Assert.Equal(Word, await read);
        Assert.Equal(Word, await TestLink.ReadAsync(await accepted, Word.Length));
    }

    [Fact]
    public async Task ResetInABlackHole_ReachesBothSides()
    {
        using var test = new TestLink();
        var (client, server) = await test.PairAsync();
        await RoundTripAsync(client, server);
        test.Link.BlackHole = true;
        test.Link.Reset();
        Assert.Equal(SocketError.ConnectionReset, await TestLink.ReadErrorAsync(client));
        Assert.Equal(SocketError.ConnectionReset, await TestLink.ReadErrorAsync(server));
    }

    [Fact]
    public async Task Refuse_ResetsWhatIsOpen_RefusesWhatIsNew_AndEndsOnTheSamePort()
    {
        using var test = new TestLink();
        var endpoint = test.Link.Endpoint;
        var (client, server) = await test.PairAsync();
        await RoundTripAsync(client, server);

        test.Link.Refuse = true;
        Assert.Equal(SocketError.ConnectionReset, await TestLink.ReadErrorAsync(client));
        Assert.Equal(SocketError.ConnectionReset, await TestLink.ReadErrorAsync(server));
        var refused = await Assert.ThrowsAsync<SocketException>(test.ConnectAsync);
        Assert.Equal(SocketError.ConnectionRefused, refused.SocketErrorCode);

        test.Link.Refuse = false;
        Assert.Equal(endpoint, test.Link.Endpoint);
        var again = await test.PairAsync();
        await RoundTripAsync(again.Client, again.Server);
    }

    /// <summary>As Assert.Equal, which is slow on millions of bytes.</summary>
    private static void AssertSame(byte[] expected, byte[] actual) =>
        Assert.True(expected.AsSpan().SequenceEqual(actual), $"{actual.Length} bytes differ from the {expected.Length} that were sent");

    private static byte[] Random(int seed)
    {
        var bytes = new byte[20 << 20];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    /// <summary>A word up and one down; how long that took.</summary>
    private static async Task<TimeSpan> RoundTripAsync(Socket client, Socket server)
    {
        long start = Stopwatch.GetTimestamp();
        await TestLink.SendAsync(client, Word);
        Assert.Equal(Word, await TestLink.ReadAsync(server, Word.Length));
        await TestLink.SendAsync(server, Word);
        Assert.Equal(Word, await TestLink.ReadAsync(client, Word.Length));
        return Stopwatch.GetElapsedTime(start);
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        while (!condition())
            await timer.WaitForNextTickAsync(bound.Token);
    }
}
