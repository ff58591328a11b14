using System.Net.Sockets;

namespace Telelaunch.Net;

/// <summary>A connected TCP (or UNIX stream) socket whose FIN and RST stay apart.</summary>
/// <remarks>
/// Owns the socket. Nagle's algorithm and buffers are as the caller set them. Should this process be killed, the kernel closes the socket with RST:
/// what was cut off must not look complete to the far end.
/// </remarks>
public sealed class SocketDuplexStream : DuplexStream
{
    private readonly Socket _socket;
    private int _writesCompleted;
    private int _closed;
    private volatile bool _readEnded;
    private volatile int _abortErrno = Net.Errno.ECONNRESET;

    /// <param name="socket">Connected; owned by the stream from now on.</param>
    public SocketDuplexStream(Socket socket)
    {
        ArgumentNullException.ThrowIfNull(socket);
        _socket = socket;
        SetReset(true);
    }

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        try
        {
            int count = await _socket.ReceiveAsync(buffer, SocketFlags.None, cancellationToken);
            if (count == 0 && buffer.Length > 0)
                _readEnded = true;
            return count;
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            throw Translate(error);
        }
    }

    /// <inheritdoc/>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
    {
        try
        {
            while (buffer.Length > 0)
                buffer = buffer[await _socket.SendAsync(buffer, SocketFlags.None, cancellationToken)..];
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            throw Translate(error);
        }
    }

    /// <inheritdoc/>
    public override ValueTask CompleteWritesAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (Interlocked.Exchange(ref _writesCompleted, 1) != 0)
            return ValueTask.CompletedTask;
        try
        {
            _socket.Shutdown(SocketShutdown.Send);
            return ValueTask.CompletedTask;
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            return ValueTask.FromException(Translate(error));
        }
    }

    /// <inheritdoc/>
    /// <remarks>TCP can't carry <paramref name="errno"/>: the far end sees ECONNRESET; only calls pending here report it.</remarks>
    public override void Abort(int errno = Net.Errno.ECONNRESET)
    {
        if (Interlocked.Exchange(ref _closed, 1) != 0)
            return;
        _abortErrno = errno;
        _socket.Close(0);
    }

    /// <inheritdoc/>
    public override ValueTask DisposeAsync()
    {
        if (!_readEnded || Volatile.Read(ref _writesCompleted) == 0)
            Abort();
        else if (Interlocked.Exchange(ref _closed, 1) == 0)
        {
            // FIN was sent, and what is queued before it still has to leave.
            SetReset(false);
            _socket.Dispose();
        }

        return ValueTask.CompletedTask;
    }

    /// <summary>SO_LINGER with a time of 0 makes close(2), also the kernel's after the death of a process, drop what is queued and send RST (socket(7)).</summary>
    private void SetReset(bool isOn)
    {
        try
        {
            _socket.LingerState = new LingerOption(isOn, 0);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // Already disconnected: there is nobody left to tell.
        }
    }

    private FlowException Translate(Exception error)
    {
        if (Volatile.Read(ref _closed) != 0)
            return new FlowException(_abortErrno, error);
        return new FlowException(error is SocketException socketError ? Net.Errno.Of(socketError) : Net.Errno.ECONNRESET, error);
    }
}
