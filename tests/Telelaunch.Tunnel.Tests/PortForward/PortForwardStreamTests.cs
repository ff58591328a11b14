using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Cryptography;
using Telelaunch.Net;
using Telelaunch.Tunnel.PortForward;

namespace Telelaunch.Tunnel.Tests.PortForward;

[System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "CA1001", Justification = "IAsyncLifetime.DisposeAsync disposes")]
public sealed class PortForwardStreamTests : IAsyncLifetime
{
    private const int Port = 9001;
    private readonly CancellationTokenSource _bound = new(TimeSpan.FromSeconds(60));
    private WebSocketPair _pair = null!;
    private PortForwardStream _stream = null!;

    private CancellationToken Token => _bound.Token;

    public async Task InitializeAsync()
    {
        _pair = await WebSocketPair.ConnectAsync(Token);
        _stream = new PortForwardStream(_pair.Client, Port, TimeProvider.System);
    }

    public async Task DisposeAsync()
    {
        await _stream.DisposeAsync();
        _pair.Dispose();
        _bound.Dispose();
    }

    [Theory]
    [InlineData("target-closes")]
    [InlineData("large-download")]
    [InlineData("pod-deleted-idle")]
    public async Task RecordedCleanClose_ReadsEveryByteThenEof(string name)
    {
        Recording recording = Recording.Load(name);
        await using var stream = new PortForwardStream(_pair.Client, recording.Port, TimeProvider.System);
        Task<List<byte[]>> server = recording.PlayServerAsync(_pair, Token);

        byte[] read = await ReadToEndAsync(stream);
        await server;

        Assert.Equal(recording.PodBytes, read);
        Assert.Null(stream.Failure);
    }

    [Theory]
    [InlineData("port-not-listening", "port-forward-refused", 0)]
    [InlineData("target-resets", "port-forward-reset", 7)]
    public async Task RecordedErrorText_IsTheReason(string name, string code, int bytesBefore)
    {
        Recording recording = Recording.Load(name);
        await using var stream = new PortForwardStream(_pair.Client, recording.Port, TimeProvider.System);
        Task server = recording.PlayServerAsync(_pair, Token);
        if (bytesBefore > 0)
            await stream.WriteAsync("x"u8.ToArray(), Token);

        var read = new byte[bytesBefore];
        await stream.ReadExactlyAsync(read, Token);
        IOException error = await Assert.ThrowsAsync<IOException>(async () => _ = await stream.ReadAsync(new byte[100], Token));
        await server;

        var failure = Assert.IsType<TunnelException>(error.InnerException);
        Assert.Same(stream.Failure, failure);
        Assert.Equal(code, failure.Code);
        Assert.Contains(recording.ErrorText.Trim()[..60], failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RecordedEcho_WritesOneMessageEachOnChannelZero()
    {
        Recording recording = Recording.Load("echo-client-closes");
        Task<List<byte[]>> server = recording.PlayServerAsync(_pair, Token);

        await _stream.WriteAsync("hello"u8.ToArray(), Token);
        await _stream.WriteAsync("world"u8.ToArray(), Token);
        var read = new byte[10];
        await _stream.ReadExactlyAsync(read, Token);

        Assert.Equal("helloworld"u8.ToArray(), read);
        Assert.Equal(["\0hello"u8.ToArray(), "\0world"u8.ToArray()], await server);
    }

    [Fact]
    public async Task ErrorAfterFailure_IsRepeated()
    {
        await _pair.SendPortFramesAsync(Port, Token);
        await _pair.SendAsync(1, "connection reset by peer"u8, Token);
        await _pair.Server.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, Token);

        await Assert.ThrowsAsync<IOException>(ReadAsync);
        await Assert.ThrowsAsync<IOException>(ReadAsync);
    }

    [Fact]
    public async Task ServerAbortsTcp_IsAnErrorAndNeverEof()
    {
        await _pair.SendPortFramesAsync(Port, Token);
        await _pair.SendAsync(0, "ab"u8, Token);
        var read = new byte[2];
        await _stream.ReadExactlyAsync(read, Token);
        _pair.ServerSocket.Close(0);

        await Assert.ThrowsAsync<IOException>(ReadAsync);
        Assert.Equal("port-forward-lost", _stream.Failure?.Code);
    }

    [Fact]
    public async Task ServerFinWithoutClose_IsAnErrorAndNeverEof()
    {
        await _pair.SendPortFramesAsync(Port, Token);
        _pair.ServerSocket.Shutdown(SocketShutdown.Send);

        await Assert.ThrowsAsync<IOException>(ReadAsync);
        Assert.Equal("port-forward-lost", _stream.Failure?.Code);
    }

    [Fact]
    public async Task OtherCloseCode_IsAnErrorWithItsNumber()
    {
        await _pair.SendPortFramesAsync(Port, Token);
        await _pair.Server.CloseOutputAsync(WebSocketCloseStatus.EndpointUnavailable, "going away", Token);

        await Assert.ThrowsAsync<IOException>(ReadAsync);
        Assert.Equal("port-forward-closed", _stream.Failure?.Code);
        Assert.Contains("1001", _stream.Failure!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task OtherPortInPrefix_IsRefused()
    {
        await _pair.SendPortFramesAsync(Port + 1, Token);

        await Assert.ThrowsAsync<IOException>(ReadAsync);
        Assert.Equal("port-forward-protocol", _stream.Failure?.Code);
    }

    [Fact]
    public async Task UnknownChannelAndEmptyMessages_AreIgnored()
    {
        await _pair.SendPortFramesAsync(Port, Token);
        await _pair.Server.SendAsync(ReadOnlyMemory<byte>.Empty, WebSocketMessageType.Binary, true, Token);
        await _pair.SendAsync(7, "noise"u8, Token);
        await _pair.SendAsync(0, [], Token);
        await _pair.SendAsync(0, "ok"u8, Token);

        var read = new byte[2];
        await _stream.ReadExactlyAsync(read, Token);
        Assert.Equal("ok"u8.ToArray(), read);
    }

    [Fact]
    public async Task FragmentedServerMessage_IsReadAsOne()
    {
        await _pair.SendPortFramesAsync(Port, Token);
        await _pair.SendAsync(0, "frag"u8, Token, endOfMessage: false);
        await _pair.Server.SendAsync("ment"u8.ToArray().AsMemory(), WebSocketMessageType.Binary, endOfMessage: false, Token);
        await _pair.Server.SendAsync("ed"u8.ToArray().AsMemory(), WebSocketMessageType.Binary, endOfMessage: true, Token);

        var read = new byte[10];
        await _stream.ReadExactlyAsync(read, Token);
        Assert.Equal("fragmented"u8.ToArray(), read);
    }

    [Fact]
    public async Task CancelledRead_LosesNothing()
    {
        await _pair.SendPortFramesAsync(Port, Token);
        using var cancelled = new CancellationTokenSource();
        ValueTask<int> waiting = _stream.ReadAsync(new byte[10], cancelled.Token);
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await waiting);

        await _pair.SendAsync(0, "still here"u8, Token);
        var read = new byte[10];
        await _stream.ReadExactlyAsync(read, Token);
        Assert.Equal("still here"u8.ToArray(), read);
    }

    [Fact]
    public async Task CancelledWrite_StillSendsWholeMessages()
    {
        await _pair.SendPortFramesAsync(Port, Token);
        using var cancelled = new CancellationTokenSource();
        _pair.ClientStream.Shut();
        Task writing = _stream.WriteAsync("first"u8.ToArray(), cancelled.Token).AsTask();
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => writing);
        Task second = _stream.WriteAsync("second"u8.ToArray(), Token).AsTask();
        Assert.False(second.IsCompleted);
        _pair.ClientStream.Open();
        await second;

        var buffer = new byte[100];
        Assert.Equal("\0first"u8.ToArray(), buffer[..await ReceiveMessageAsync(buffer)]);
        Assert.Equal("\0second"u8.ToArray(), buffer[..await ReceiveMessageAsync(buffer)]);
    }

    [Fact]
    public async Task WriterThatWaitsForItsTurn_CanBeCancelled()
    {
        _pair.ClientStream.Shut();
        Task first = _stream.WriteAsync("first"u8.ToArray(), Token).AsTask();
        using var cancelled = new CancellationTokenSource();
        Task second = _stream.WriteAsync("second"u8.ToArray(), cancelled.Token).AsTask();
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        _pair.ClientStream.Open();
        await first;

        var buffer = new byte[100];
        Assert.Equal("\0first"u8.ToArray(), buffer[..await ReceiveMessageAsync(buffer)]);
    }

    [Fact]
    public async Task BothDirectionsAtOnce_AreByteIdentical()
    {
        await _pair.SendPortFramesAsync(Port, Token);
        const int Total = 32 << 20;
        byte[] up = RandomNumberGenerator.GetBytes(Total);
        byte[] down = RandomNumberGenerator.GetBytes(Total);

        Task sendDown = SendDownAsync(down);
        Task<byte[]> receiveUp = ReceiveUpAsync(Total);
        Task write = _stream.WriteAsync(up, Token).AsTask();
        byte[] readDown = await ReadToEndAsync(_stream);
        await Task.WhenAll(sendDown, write);

        Assert.Equal(SHA256.HashData(down), SHA256.HashData(readDown));
        Assert.Equal(SHA256.HashData(up), SHA256.HashData(await receiveUp));
    }

    [Fact]
    public async Task Dispose_SendsClose1000AndEndsPendingRead()
    {
        await _pair.SendPortFramesAsync(Port, Token);
        Task<int> pending = _stream.ReadAsync(new byte[1], Token).AsTask();

        await _stream.DisposeAsync();

        ValueWebSocketReceiveResult close = await _pair.Server.ReceiveAsync(new byte[10].AsMemory(), Token);
        Assert.Equal(WebSocketMessageType.Close, close.MessageType);
        Assert.Equal(WebSocketCloseStatus.NormalClosure, _pair.Server.CloseStatus);
        await Assert.ThrowsAnyAsync<IOException>(() => pending);
    }

    private async Task ReadAsync() => _ = await _stream.ReadAsync(new byte[1], Token);

    private async Task SendDownAsync(byte[] bytes)
    {
        for (int offset = 0; offset < bytes.Length; offset += 32 * 1024)
            await _pair.SendAsync(0, bytes.AsSpan(offset, Math.Min(32 * 1024, bytes.Length - offset)), Token);
        await _pair.Server.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, Token);
    }

    private async Task<byte[]> ReceiveUpAsync(int total)
    {
        var received = new MemoryStream(total);
        var buffer = new byte[PortForwardStream.MessageSize];
        while (received.Length < total)
        {
            int count = await ReceiveMessageAsync(buffer);
            Assert.Equal(0, buffer[0]);
            received.Write(buffer.AsSpan(1, count - 1));
        }

        return received.ToArray();
    }

    private async Task<int> ReceiveMessageAsync(byte[] buffer)
    {
        ValueWebSocketReceiveResult message = await _pair.Server.ReceiveAsync(buffer.AsMemory(), Token);
        Assert.True(message.EndOfMessage, "the client fragmented a message, or sent one that is too long");
        return message.Count;
    }

    private async Task<byte[]> ReadToEndAsync(PortForwardStream stream)
    {
        var all = new MemoryStream();
        await stream.CopyToAsync(all, Token);
        return all.ToArray();
    }
}
