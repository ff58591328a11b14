using System.Net.Sockets;
using System.Security.Cryptography;

namespace Telelaunch.Net.Tests;

public sealed class StreamRelayTests : IAsyncLifetime, IDisposable
{
    private readonly CancellationTokenSource _cancel = new();
    private LoopbackPair _left = null!;
    private LoopbackPair _right = null!;
    private Task<RelayResult> _relay = null!;

    private Socket First => _left.Far;

    private Socket Second => _right.Far;

    public async Task InitializeAsync()
    {
        _left = await LoopbackPair.ConnectAsync();
        _right = await LoopbackPair.ConnectAsync();
        _relay = new StreamRelay(new SocketDuplexStream(_left.Near), new SocketDuplexStream(_right.Near)).RunAsync(_cancel.Token);
    }

    public async Task DisposeAsync()
    {
        await _cancel.CancelAsync();
        await _relay;
        _left.Dispose();
        _right.Dispose();
    }

    public void Dispose() => _cancel.Dispose();

    [Fact]
    public async Task SourceEof_HalfClosesTarget_AndTheWayBackGoesOn()
    {
        await First.SendAsync("question"u8.ToArray());
        First.Shutdown(SocketShutdown.Send);
        Assert.Equal("question", await ReadToEndAsync(Second));

        await Second.SendAsync("answer"u8.ToArray());
        Second.Shutdown(SocketShutdown.Send);
        Assert.Equal("answer", await ReadToEndAsync(First));

        Assert.Equal(new RelayResult(8, 6, RelaySide.First, 0), await _relay);
    }

    [Fact]
    public async Task SecondEndsFirst_IsTold()
    {
        Second.Shutdown(SocketShutdown.Send);
        Assert.Equal("", await ReadToEndAsync(First));
        First.Shutdown(SocketShutdown.Send);

        Assert.Equal(new RelayResult(0, 0, RelaySide.Second, 0), await _relay);
    }

    [Fact]
    public async Task FirstResets_SecondSeesReset()
    {
        LoopbackPair.Reset(First);

        await AssertResetAsync(Second);
        Assert.Equal(new RelayResult(0, 0, RelaySide.First, Errno.ECONNRESET), await _relay);
    }

    [Fact]
    public async Task SecondResets_FirstSeesReset_AfterWhatWasSent()
    {
        await Second.SendAsync("partial"u8.ToArray());
        byte[] buffer = new byte[16];
        Assert.Equal(7, await First.ReceiveAsync(buffer));

        LoopbackPair.Reset(Second);

        await AssertResetAsync(First);
        Assert.Equal(new RelayResult(0, 7, RelaySide.Second, Errno.ECONNRESET), await _relay);
    }

    [Fact]
    public async Task ResetAfterHalfClose_StillReachesTheOtherSide()
    {
        First.Shutdown(SocketShutdown.Send);
        Assert.Equal("", await ReadToEndAsync(Second));

        LoopbackPair.Reset(Second);

        await AssertResetAsync(First);
    }

    [Fact]
    public async Task Cancel_ResetsBothSides()
    {
        await _cancel.CancelAsync();

        await AssertResetAsync(First);
        await AssertResetAsync(Second);
        Assert.Equal(new RelayResult(0, 0, RelaySide.None, Errno.ECONNABORTED), await _relay);
    }

    [Fact]
    public async Task BulkBothWays_ArrivesUnchanged()
    {
        byte[] up = RandomNumberGenerator.GetBytes(5_000_011);
        byte[] down = RandomNumberGenerator.GetBytes(7_000_003);

        await Task.WhenAll(SendAllAsync(First, up), SendAllAsync(Second, down), ExpectAsync(Second, up), ExpectAsync(First, down));

        RelayResult result = await _relay;
        Assert.True(result.Orderly);
        Assert.Equal(up.Length, result.BytesFromFirst);
        Assert.Equal(down.Length, result.BytesFromSecond);
    }

    [Fact]
    public async Task SlowReader_StopsTheSender()
    {
        var source = new EndlessStream();
        var target = new StuckStream();
        var relay = new StreamRelay(source, target);
        using var cancel = new CancellationTokenSource();
        Task<RelayResult> running = relay.RunAsync(cancel.Token);

        await target.FirstWrite.Task;
        Assert.Equal(1, source.Reads);

        await cancel.CancelAsync();
        Assert.Equal(0, (await running).BytesFromFirst);
        Assert.Equal(1, source.Reads);
    }

    [Fact]
    public async Task UnexpectedException_EndsBothDirections_AndIsThrown()
    {
        var broken = new StuckStream { WriteError = new InvalidOperationException("bug") };
        var relay = new StreamRelay(new EndlessStream(), broken);

        await Assert.ThrowsAsync<InvalidOperationException>(() => relay.RunAsync(CancellationToken.None));
    }

    private static async Task SendAllAsync(Socket socket, byte[] bytes)
    {
        for (int sent = 0; sent < bytes.Length;)
            sent += await socket.SendAsync(bytes.AsMemory(sent));
        socket.Shutdown(SocketShutdown.Send);
    }

    private static async Task ExpectAsync(Socket socket, byte[] expected)
    {
        byte[] received = new byte[expected.Length + 1];
        int total = 0;
        for (int count = -1; count != 0; total += count)
            count = await socket.ReceiveAsync(received.AsMemory(total));
        Assert.True(received.AsSpan(0, total).SequenceEqual(expected));
    }

    private static async Task<string> ReadToEndAsync(Socket socket)
    {
        byte[] buffer = new byte[1024];
        int total = 0;
        for (int count = -1; count != 0; total += count)
            count = await socket.ReceiveAsync(buffer.AsMemory(total));
        return System.Text.Encoding.ASCII.GetString(buffer, 0, total);
    }

    private static async Task AssertResetAsync(Socket socket)
    {
        SocketException error = await Assert.ThrowsAsync<SocketException>(() => socket.ReceiveAsync(new byte[16]));
        Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);
    }

    /// <summary>Always has data, counts real reads.</summary>
    private sealed class EndlessStream : DuplexStream
    {
        private readonly TaskCompletionSource _aborted = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _reads;

        public int Reads => Volatile.Read(ref _reads);

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
        {
            if (buffer.Length > 0)
                Interlocked.Increment(ref _reads);
            return ValueTask.FromResult(buffer.Length);
        }

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken) => await _aborted.Task.WaitAsync(cancellationToken);

        public override ValueTask CompleteWritesAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

        public override void Abort(int errno) => _aborted.TrySetResult();

        public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    /// <summary>Takes a write and never finishes it; has nothing to read.</summary>
    private sealed class StuckStream : DuplexStream
    {
        private readonly TaskCompletionSource _aborted = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource FirstWrite { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Exception? WriteError { get; init; }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
        {
            await _aborted.Task.WaitAsync(cancellationToken);
            throw new FlowException(Net.Errno.ECONNRESET);
        }

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
        {
            if (WriteError is not null)
                throw WriteError;
            FirstWrite.TrySetResult();
            await _aborted.Task.WaitAsync(cancellationToken);
            throw new FlowException(Net.Errno.ECONNRESET);
        }

        public override ValueTask CompleteWritesAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

        public override void Abort(int errno) => _aborted.TrySetResult();

        public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
