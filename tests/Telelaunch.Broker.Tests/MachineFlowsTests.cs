using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Time.Testing;
using Telelaunch.Net;

namespace Telelaunch.Broker.Tests;

/// <summary>The listener of these tests isn't transparent: a connection's destination is the listener itself, and the test plays the packet filter.</summary>
public sealed class MachineFlowsTests : IAsyncDisposable
{
    private static readonly TimeSpan s_bound = TimeSpan.FromSeconds(30);

    private readonly FakeTimeProvider _time = new();
    private readonly ConcurrentQueue<BrokerRecord> _records = new();
    private readonly SemaphoreSlim _recorded = new(0);
    private readonly Socket _podListener = Listen();
    private readonly Socket _listener = Listen();
    private readonly Socket _app = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private Func<ValueTask<DialResult>>? _dial;

    public MachineFlowsTests() => _app.Bind(new IPEndPoint(IPAddress.Loopback, 0));

    private IPEndPoint Source => (IPEndPoint)_app.LocalEndPoint!;

    private IPEndPoint Destination => (IPEndPoint)_listener.LocalEndPoint!;

    public ValueTask DisposeAsync()
    {
        _app.Dispose();
        _listener.Dispose();
        _podListener.Dispose();
        _recorded.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task DialledConnection_IsRelayedToThePod_AndTold()
    {
        await using MachineFlows flows = Start();
        Assert.Equal(0, await flows.DialAsync(Source, Destination).AsTask().WaitAsync(s_bound));
        using Socket pod = await _podListener.AcceptAsync().WaitAsync(s_bound);
        await _app.ConnectAsync(Destination).WaitAsync(s_bound);
        await _app.SendAsync("question"u8.ToArray());
        _app.Shutdown(SocketShutdown.Send);
        Assert.Equal("question", await ReadAsync(pod));
        await pod.SendAsync("answer"u8.ToArray());
        pod.Shutdown(SocketShutdown.Send);
        Assert.Equal("answer", await ReadAsync(_app));
        FlowRecord flow = await RecordAsync();
        Assert.Equal((FlowEnding.AppFinished, 8L, 6L, "hello"), (flow.Ending, flow.BytesUp, flow.BytesDown, flow.Name));
        // The record is the flow's last act but one.
        Assert.True(SpinWait.SpinUntil(() => flows.OpenFlows == 0, s_bound));
    }

    [Theory]
    [InlineData(Errno.ECONNREFUSED)]
    [InlineData(Errno.EHOSTUNREACH)]
    [InlineData(Errno.ETIMEDOUT)]
    public async Task FailedDial_AnswersItsErrno(int errno)
    {
        _dial = () => ValueTask.FromResult(DialResult.Failed(errno));
        await using MachineFlows flows = Start();
        Assert.Equal(errno, await flows.DialAsync(Source, Destination).AsTask().WaitAsync(s_bound));
        Assert.Equal((FlowEnding.DialFailed, errno), ((await RecordAsync()).Ending, errno));
    }

    [Fact]
    public async Task DialThatThrows_IsAFailureOfThatFlowAlone()
    {
        _dial = () => throw new InvalidOperationException("a defect");
        await using MachineFlows flows = Start();
        Assert.Equal(Errno.ENETUNREACH, await flows.DialAsync(Source, Destination).AsTask().WaitAsync(s_bound));
        _dial = null;
        Assert.Equal(0, await flows.DialAsync(Source, Destination).AsTask().WaitAsync(s_bound));
    }

    [Fact]
    public async Task ConnectionThatNobodyDialledFor_IsReset()
    {
        await using MachineFlows flows = Start();
        // The reset may overtake the end of the connect.
        var error = await Assert.ThrowsAsync<SocketException>(async () =>
        {
            await _app.ConnectAsync(Destination).WaitAsync(s_bound);
            await _app.ReceiveAsync(new byte[1]).WaitAsync(s_bound);
        });
        Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);
    }

    [Fact]
    public async Task ProgramThatGivesUpDuringTheDial_LeavesNothingInThePod()
    {
        await using MachineFlows flows = Start();
        Assert.Equal(0, await flows.DialAsync(Source, Destination).AsTask().WaitAsync(s_bound));
        using Socket pod = await _podListener.AcceptAsync().WaitAsync(s_bound);
        _time.Advance(TimeSpan.FromSeconds(11));
        var error = await Assert.ThrowsAsync<SocketException>(() => pod.ReceiveAsync(new byte[1]).WaitAsync(s_bound));
        Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);
        Assert.Equal(FlowEnding.AppGaveUp, (await RecordAsync()).Ending);
    }

    [Fact]
    public async Task EndOfTheSession_ResetsWhatIsOpen_AndAnswersWhatIsDialled()
    {
        MachineFlows flows = Start();
        await flows.DialAsync(Source, Destination).AsTask().WaitAsync(s_bound);
        await _app.ConnectAsync(Destination).WaitAsync(s_bound);
        using Socket pod = await _podListener.AcceptAsync().WaitAsync(s_bound);
        await _app.SendAsync("x"u8.ToArray());
        Assert.Equal(1, await pod.ReceiveAsync(new byte[1]).WaitAsync(s_bound));
        var never = new TaskCompletionSource<DialResult>();
        _dial = () => new ValueTask<DialResult>(never.Task);
        Task<int> dialling = flows.DialAsync(new IPEndPoint(IPAddress.Loopback, 1), Destination).AsTask();
        Task ending = flows.DisposeAsync().AsTask();
        never.SetCanceled();
        await ending.WaitAsync(s_bound);
        Assert.Equal(Errno.ENETUNREACH, await dialling.WaitAsync(s_bound));
        var error = await Assert.ThrowsAsync<SocketException>(() => _app.ReceiveAsync(new byte[1]).WaitAsync(s_bound));
        Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);
    }

    private static Socket Listen()
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        return listener;
    }

    private static async Task<string> ReadAsync(Socket socket)
    {
        using var text = new MemoryStream();
        byte[] buffer = new byte[256];
        int count;
        while ((count = await socket.ReceiveAsync(buffer).WaitAsync(s_bound)) > 0)
            text.Write(buffer, 0, count);
        return System.Text.Encoding.UTF8.GetString(text.ToArray());
    }

    private MachineFlows Start() => new(new()
    {
        Listeners = [_listener],
        Dialer = (_, _) => _dial?.Invoke() ?? ConnectAsync(),
        NameOf = _ => "hello",
        Records = record =>
        {
            _records.Enqueue(record);
            _recorded.Release();
        },
        Time = _time,
    });

    private async ValueTask<DialResult> ConnectAsync()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(_podListener.LocalEndPoint!);
        return DialResult.Connected(new SocketDuplexStream(socket));
    }

    private async Task<FlowRecord> RecordAsync()
    {
        Assert.True(await _recorded.WaitAsync(s_bound));
        Assert.True(_records.TryDequeue(out BrokerRecord? record));
        return Assert.IsType<FlowRecord>(record);
    }
}
