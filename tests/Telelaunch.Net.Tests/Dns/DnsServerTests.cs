using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Time.Testing;
using Telelaunch.Net.Dns;

namespace Telelaunch.Net.Tests.Dns;

public sealed class DnsServerTests : IDisposable
{
    /// <summary>Only so that a broken build ends: nothing is measured by it.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Socket _udp;
    private readonly Socket _tcp;
    private readonly IPEndPoint _endPoint;
    private readonly FakeTimeProvider _time = new();
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _gates = new();
    private readonly ConcurrentQueue<string> _asked = new();
    private readonly ConcurrentQueue<Exception> _defects = new();

    public DnsServerTests()
    {
        (_udp, _tcp) = TestNameServer.Bind(IPAddress.Loopback);
        _endPoint = (IPEndPoint)_udp.LocalEndPoint!;
    }

    public void Dispose()
    {
        _udp.Dispose();
        _tcp.Dispose();
    }

    [Fact]
    public async Task ByTcp_SeveralQuestionsAConnection_EachAnsweredWhenItCanBe()
    {
        Gate("slow");
        await using DnsServer server = Start();
        using Socket asker = await ConnectAsync();
        // Both in one segment, and a third split in two.
        byte[] third = Framed("third");
        await asker.SendAsync((byte[])[.. Framed("slow"), .. Framed("quick"), .. third[..5]]);
        Assert.Equal("quick", await ReadAsync(asker));
        await asker.SendAsync(third.AsMemory(5));
        Assert.Equal("third", await ReadAsync(asker));
        Open("slow");
        Assert.Equal("slow", await ReadAsync(asker));
    }

    [Fact]
    public async Task ByTcp_AskerThatHasShutDown_StillGetsItsAnswers()
    {
        Gate("slow");
        await using DnsServer server = Start();
        using Socket asker = await ConnectAsync();
        await asker.SendAsync(Framed("slow"));
        asker.Shutdown(SocketShutdown.Send);
        await WaitForAsync(() => _asked.Contains("slow"));
        Open("slow");

        Assert.Equal("slow", await ReadAsync(asker));
        Assert.Null(await ReadAsync(asker));
    }

    [Fact]
    public async Task ByTcp_IdleConnection_IsClosed()
    {
        await using DnsServer server = Start();
        using Socket asker = await ConnectAsync();
        await asker.SendAsync(Framed("first"));
        Assert.Equal("first", await ReadAsync(asker));
        Task<string?> end = ReadAsync(asker);

        // The timer may start a moment after the answer.
        while (!end.IsCompleted)
        {
            _time.Advance(TimeSpan.FromSeconds(10));
            await Task.Yield();
        }

        Assert.Null(await end);
    }

    [Fact]
    public async Task ByTcp_MoreConnectionsThanAllowed_WaitForOneToEnd()
    {
        await using DnsServer server = Start(options => options with { MaximumConnections = 1 });
        Socket first = await ConnectAsync();
        await first.SendAsync(Framed("first"));
        Assert.Equal("first", await ReadAsync(first));
        using Socket second = await ConnectAsync();
        await second.SendAsync(Framed("second"));
        await first.SendAsync(Framed("again"));
        Assert.Equal("again", await ReadAsync(first));
        Assert.DoesNotContain("second", _asked);

        first.Dispose();

        Assert.Equal("second", await ReadAsync(second));
    }

    [Fact]
    public async Task TooManyAtOnce_AreFailedAtOnce()
    {
        Gate("slow");
        await using DnsServer server = Start(options => options with { MaximumQuestions = 2 });
        using Socket first = await AskUdpAsync("slow");
        using Socket second = await AskUdpAsync("slow");
        await WaitForAsync(() => _asked.Count == 2);

        using Socket third = await AskUdpAsync("quick");
        Assert.Equal(DnsAnswer.ServerFailure, DnsAnswer.CodeOf(await ReceiveAsync(third)));

        Open("slow");
        Assert.Equal(DnsAnswer.NoError, DnsAnswer.CodeOf(await ReceiveAsync(first)));
        Assert.Equal(DnsAnswer.NoError, DnsAnswer.CodeOf(await ReceiveAsync(second)));
        using Socket fourth = await AskUdpAsync("quick");
        Assert.Equal(DnsAnswer.NoError, DnsAnswer.CodeOf(await ReceiveAsync(fourth)));
    }

    [Fact]
    public async Task JunkAndDefects_DoNotStopIt()
    {
        await using DnsServer server = Start();
        var random = new Random(7);
        using Socket junk = await AskUdpAsync("defect");
        for (int i = 0; i < 50; i++)
        {
            byte[] bytes = new byte[random.Next(0, 300)];
            random.NextBytes(bytes);
            await junk.SendAsync(bytes);
            using Socket connection = await ConnectAsync();
            await connection.SendAsync(bytes);
        }

        using Socket asker = await AskUdpAsync("quick");
        Assert.Equal(DnsAnswer.NoError, DnsAnswer.CodeOf(await ReceiveAsync(asker)));
        await WaitForAsync(() => !_defects.IsEmpty);
        Assert.IsType<InvalidOperationException>(_defects.First());
    }

    [Fact]
    public async Task Drain_ServesUntilNobodyAsks()
    {
        Gate("slow");
        await using DnsServer server = Start();
        using Socket waiting = await AskUdpAsync("slow");
        await WaitForAsync(() => _asked.Contains("slow"));
        Task drained = server.DrainAsync(TimeSpan.FromMilliseconds(250), TimeSpan.FromSeconds(2), CancellationToken.None);
        _time.Advance(TimeSpan.FromMilliseconds(200));

        // A question that comes meanwhile is answered, and starts the time anew.
        using Socket late = await AskUdpAsync("late");
        Assert.Equal(DnsAnswer.NoError, DnsAnswer.CodeOf(await ReceiveAsync(late)));
        _time.Advance(TimeSpan.FromMilliseconds(200));
        Assert.False(drained.IsCompleted);

        // Nobody asks any more, but one still waits.
        _time.Advance(TimeSpan.FromMilliseconds(300));
        Assert.False(drained.IsCompleted);
        Open("slow");
        Assert.Equal(DnsAnswer.NoError, DnsAnswer.CodeOf(await ReceiveAsync(waiting)));
        while (!drained.IsCompleted)
        {
            _time.Advance(TimeSpan.FromMilliseconds(50));
            await Task.Yield();
        }

        await drained;
    }

    [Fact]
    public async Task Drain_EndsAfterTheLongestTime_ThoughSomebodyWaits()
    {
        Gate("slow");
        await using DnsServer server = Start();
        using Socket waiting = await AskUdpAsync("slow");
        await WaitForAsync(() => _asked.Contains("slow"));

        Task drained = server.DrainAsync(TimeSpan.FromMilliseconds(250), TimeSpan.FromSeconds(2), CancellationToken.None);
        DateTimeOffset start = _time.GetUtcNow();
        while (!drained.IsCompleted)
        {
            _time.Advance(TimeSpan.FromMilliseconds(50));
            await Task.Yield();
        }

        await drained;
        Assert.True(_time.GetUtcNow() - start >= TimeSpan.FromSeconds(2));
    }

    [Theory]
    [InlineData(DnsTransport.Udp)]
    [InlineData(DnsTransport.Tcp)]
    public async Task Forwarder_PassesEverythingOn_UntilItIsQuiet(DnsTransport transport)
    {
        await using var upstream = new TestNameServer();
        upstream.Add("www.example.net", "192.0.2.80");
        await using var forwarder = new UpstreamForwarder(_udp, _tcp, [upstream.EndPoint], _time);
        var self = new UpstreamServers([_endPoint], TimeProvider.System) { Patience = Patience };
        byte[] query = DnsQuery.Create(7, "www.example.net", RecordType.A)!;

        Assert.True(DnsAnswer.HasRecords((await self.AskAsync(query, transport, CancellationToken.None)).Span));
        Assert.Equal([$"www.example.net A {transport}"], upstream.Asked);
        Task quiet = forwarder.RunUntilQuietAsync(TimeSpan.FromMilliseconds(250), TimeSpan.FromSeconds(2), CancellationToken.None);
        while (!quiet.IsCompleted)
        {
            _time.Advance(TimeSpan.FromMilliseconds(50));
            await Task.Yield();
        }

        await quiet;
    }

    private DnsServer Start(Func<DnsServerOptions, DnsServerOptions>? change = null)
    {
        var options = new DnsServerOptions { UdpSockets = [_udp], TcpSockets = [_tcp], Answer = AnswerAsync, Defect = _defects.Enqueue, Time = _time };
        return new DnsServer(change is null ? options : change(options));
    }

    private async ValueTask<ReadOnlyMemory<byte>> AnswerAsync(ReadOnlyMemory<byte> query, DnsTransport transport, CancellationToken cancellationToken)
    {
        if (!DnsQuestion.TryRead(query.Span, out DnsQuestion question))
            return default;
        _asked.Enqueue(question.Name);
        if (question.Name == "defect")
            throw new InvalidOperationException(question.Name);
        if (_gates.TryGetValue(question.Name, out TaskCompletionSource? gate))
            await gate.Task.WaitAsync(cancellationToken);
        return DnsAnswer.Empty(query.Span, question, DnsAnswer.NoError);
    }

    private void Gate(string name) => _gates[name] = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    private void Open(string name) => _gates[name].SetResult();

    private async Task<Socket> ConnectAsync()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(_endPoint);
        return socket;
    }

    private async Task<Socket> AskUdpAsync(string name)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(_endPoint);
        await socket.SendAsync(DnsQuery.Create(7, name, RecordType.A)!);
        return socket;
    }

    private static async Task<byte[]> ReceiveAsync(Socket socket)
    {
        byte[] answer = new byte[512];
        return answer[..await socket.ReceiveAsync(answer).WaitAsync(Patience)];
    }

    private static byte[] Framed(string name)
    {
        byte[] query = DnsQuery.Create(7, name, RecordType.A)!;
        return [0, (byte)query.Length, .. query];
    }

    /// <summary>The name that the next answer is for; null at the end.</summary>
    private static async Task<string?> ReadAsync(Socket socket)
    {
        byte[] length = new byte[2];
        if (!await ReadAsync(socket, length))
            return null;
        byte[] answer = new byte[BinaryPrimitives.ReadUInt16BigEndian(length)];
        Assert.True(await ReadAsync(socket, answer));
        answer[2] &= 0x7F;
        Assert.True(DnsQuestion.TryRead(answer, out DnsQuestion question));
        return question.Name;
    }

    private static async Task<bool> ReadAsync(Socket socket, Memory<byte> whole)
    {
        while (!whole.IsEmpty)
        {
            int count = await socket.ReceiveAsync(whole).AsTask().WaitAsync(Patience);
            if (count == 0)
                return false;
            whole = whole[count..];
        }

        return true;
    }

    private static async Task WaitForAsync(Func<bool> condition)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (!condition())
        {
            patience.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }
}
