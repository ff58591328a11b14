using System.Net.WebSockets;
using System.Text;
using Telelaunch.Net;

namespace Telelaunch.Tunnel.PortForward;

/// <summary>The bytes of one forwarded pod port over a <c>v4.channel.k8s.io</c> WebSocket.</summary>
/// <remarks>
/// <para>One reader and one writer at a time; the two may run at once. Owns the socket.</para>
/// <code>
/// binary message: CHANNEL 1 | bytes            channel 0 = data, 1 = error text
/// first message of each channel: CHANNEL 1 | PORT 2 (little-endian)
/// </code>
/// <para>The protocol has no half-close: close code 1000 without a text on the error channel is the end of both directions, read as EOF.
/// Any other ending is an <see cref="IOException"/>, and <see cref="Failure"/> says why.</para>
/// <para>Nothing is buffered but one message under way: what isn't read stays in the sockets and holds the pod back.</para>
/// <para>Cancelling a read that waits for a message, or a write that waits for its turn, leaves the stream usable. A read cancelled in the
/// middle of a message aborts the socket, because the bytes already taken can't be given back. A write cancelled while its message is being
/// sent returns at once; the message is still sent, whole.</para>
/// </remarks>
internal sealed class PortForwardStream : CarrierStream
{
    /// <summary>Most bytes of a message to the server, channel byte included.</summary>
    /// <remarks>The server takes up to 32 MiB and never a fragmented message.</remarks>
    internal const int MessageSize = 64 * 1024;

    private const int ErrorTextLimit = 4096;
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(1);

    private readonly WebSocket _socket;
    private readonly TimeProvider _time;
    private readonly ChannelPrefix _dataPrefix = new();
    private readonly ChannelPrefix _errorPrefix = new();
    private readonly byte[] _errorText = new byte[ErrorTextLimit];
    private readonly byte[] _head = new byte[1];
    private readonly byte[] _skipped = new byte[512];
    private readonly byte[] _message = new byte[MessageSize];
    private readonly SemaphoreSlim _sending = new(1, 1);

    private Task<ValueWebSocketReceiveResult>? _pendingHead;
    private Task _pendingSend = Task.CompletedTask;
    private bool _insideMessage;
    private int _channel;
    private int _errorLength;
    private bool _ended;
    private TunnelException? _failure;
    private int _disposed;

    /// <param name="socket">An open socket on which nothing has been received yet.</param>
    /// <param name="podPort">The one port that was asked for.</param>
    public PortForwardStream(WebSocket socket, int podPort, TimeProvider time)
    {
        _socket = socket;
        _time = time;
        PodPort = podPort;
    }

    public int PodPort { get; }

    public override TunnelException? Failure => _failure;

    /// <summary>Reads bytes of the data channel straight into <paramref name="buffer"/>; 0 when the pod's side ended cleanly.</summary>
    /// <exception cref="IOException">The forward failed; <see cref="Failure"/> is its inner exception.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.IsEmpty)
            return 0;

        try
        {
            while (!_ended)
            {
                if (!_insideMessage)
                {
                    await ReadHeadAsync(cancellationToken);
                    continue;
                }

                bool isData = _channel == 0 && _dataPrefix.IsComplete;
                ValueWebSocketReceiveResult part = await _socket.ReceiveAsync(isData ? buffer : _skipped, cancellationToken);
                if (part.MessageType == WebSocketMessageType.Close)
                {
                    End();
                    break;
                }

                _insideMessage = !part.EndOfMessage;
                if (isData && part.Count > 0)
                    return part.Count;

                TakeSkipped(_skipped.AsSpan(0, part.Count));
            }
        }
        catch (Exception e) when (IsSocketGone(e, cancellationToken))
        {
            // Disposed by its owner: that is no failure, and no EOF either.
            if (Volatile.Read(ref _disposed) != 0)
                throw new IOException($"The port-forward to port {PodPort} was closed on this side.", e);

            Fail(TunnelFault.PortForwardLost(PodPort, e));
        }

        return Failure is null ? 0 : throw new IOException(Failure.Message, Failure);
    }

    /// <summary>Sends all of it in whole messages.</summary>
    /// <exception cref="IOException">The socket is closed or lost.</exception>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await _sending.WaitAsync(cancellationToken);
        try
        {
            while (!buffer.IsEmpty)
            {
                // A write cancelled earlier may have left its message under way in the shared buffer.
                await _pendingSend.WaitAsync(cancellationToken);
                int count = Math.Min(buffer.Length, MessageSize - 1);
                _message[0] = 0;
                buffer.Span[..count].CopyTo(_message.AsSpan(1));
                buffer = buffer[count..];
                ValueTask send = _socket.SendAsync(
                    _message.AsMemory(0, count + 1), WebSocketMessageType.Binary, endOfMessage: true, CancellationToken.None);
                _pendingSend = send.IsCompletedSuccessfully ? Task.CompletedTask : send.AsTask();
                await _pendingSend.WaitAsync(cancellationToken);
            }
        }
        catch (Exception e) when (IsSocketGone(e, cancellationToken))
        {
            throw new IOException($"The port-forward to port {PodPort} takes no more data.", Failure ?? e);
        }
        finally
        {
            _sending.Release();
        }
    }

    /// <summary>Ends the forward at once: pending reads and writes fail, no close frame is sent.</summary>
    public void Abort() => _socket.Abort();

    /// <summary>Sends close 1000 where the socket takes it within a second, then lets go of it.</summary>
    public override async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;

        if (_socket.State is WebSocketState.Open or WebSocketState.CloseReceived && await _sending.WaitAsync(TimeSpan.Zero, CancellationToken.None))
        {
            try
            {
                using var bound = new CancellationTokenSource(CloseTimeout, _time);
                await _pendingSend.WaitAsync(bound.Token);
                await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, statusDescription: null, bound.Token);
            }
            catch (Exception e) when (e is WebSocketException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
            {
                // The other side is gone already; there is nobody left to say goodbye to.
            }
        }

        await AbandonAsync();
        GC.SuppressFinalize(this);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing && Interlocked.Exchange(ref _disposed, 1) == 0)
            _socket.Abort();

        base.Dispose(disposing);
    }

    /// <summary>Whether a call failed because the socket is lost, closed or aborted, rather than cancelled by its caller.</summary>
    /// <remarks>An aborted socket ends pending calls with an OperationCanceledException of its own.</remarks>
    private static bool IsSocketGone(Exception error, CancellationToken cancellationToken) =>
        error is WebSocketException or ObjectDisposedException or InvalidOperationException
        || (error is OperationCanceledException && !cancellationToken.IsCancellationRequested);

    /// <summary>Waits for the first byte of the next message: its channel. It is kept pending when the caller stops waiting.</summary>
    private async ValueTask ReadHeadAsync(CancellationToken cancellationToken)
    {
        if (_pendingHead is null)
        {
            cancellationToken.ThrowIfCancellationRequested();
            ValueTask<ValueWebSocketReceiveResult> receive = _socket.ReceiveAsync(_head.AsMemory(), CancellationToken.None);
            if (receive.IsCompletedSuccessfully)
            {
                BeginMessage(receive.Result);
                return;
            }

            _pendingHead = receive.AsTask();
        }

        ValueWebSocketReceiveResult head = await _pendingHead.WaitAsync(cancellationToken);
        _pendingHead = null;
        BeginMessage(head);
    }

    private void BeginMessage(ValueWebSocketReceiveResult head)
    {
        if (head.MessageType == WebSocketMessageType.Close)
        {
            End();
            return;
        }

        // An empty message has no channel and means nothing.
        if (head.Count == 0)
            return;

        _channel = _head[0];
        _insideMessage = !head.EndOfMessage;
    }

    /// <summary>Bytes that aren't the caller's: the port at the start of each channel, the error text, channels that we didn't ask for.</summary>
    private void TakeSkipped(ReadOnlySpan<byte> bytes)
    {
        ChannelPrefix? prefix = _channel switch { 0 => _dataPrefix, 1 => _errorPrefix, _ => null };
        if (prefix is null)
            return;

        bytes = bytes[prefix.Take(bytes)..];
        if (prefix.IsComplete && prefix.Port != PodPort)
            Fail(TunnelFault.PortForwardProtocol(PodPort, $"it forwards port {prefix.Port}"));
        else if (_channel == 0 && !bytes.IsEmpty)
            Fail(TunnelFault.PortForwardProtocol(PodPort, "the port and data came in one message"));
        else
            AppendErrorText(bytes);
    }

    /// <summary>Keeps the beginning of the text, which names the cause; what exceeds the limit is dropped.</summary>
    private void AppendErrorText(ReadOnlySpan<byte> bytes)
    {
        int count = Math.Min(bytes.Length, _errorText.Length - _errorLength);
        bytes[..count].CopyTo(_errorText.AsSpan(_errorLength));
        _errorLength += count;
    }

    private void End()
    {
        _ended = true;
        if (_errorLength > 0)
            Fail(TunnelFault.PortForwardFailed(PodPort, Encoding.UTF8.GetString(_errorText, 0, _errorLength)));
        else if (_socket.CloseStatus is not (WebSocketCloseStatus.NormalClosure or WebSocketCloseStatus.Empty))
            Fail(TunnelFault.PortForwardClosed(PodPort, _socket.CloseStatus, _socket.CloseStatusDescription));
    }

    private void Fail(TunnelException failure)
    {
        _ended = true;
        _failure ??= failure;
    }

    /// <summary>Lets the socket go and waits until nothing uses the buffers any more.</summary>
    private async ValueTask AbandonAsync()
    {
        _socket.Abort();
        _socket.Dispose();
        await ((Task?)_pendingHead ?? Task.CompletedTask).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _pendingSend.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
