using Telelaunch.Net;

namespace Telelaunch.Broker.Ports;

/// <summary>The local process's end of a caller's connection, which counts bytes and knows how it ended.</summary>
/// <remarks>Owns the stream that it wraps. Reading is from the local process, writing to it.</remarks>
internal sealed class CallerStream(DuplexStream app) : DuplexStream
{
    private const int AppFin = 1;
    private const int CallerFin = 2;

    private readonly TaskCompletionSource<FlowResult> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _bytesOut;
    private long _bytesIn;

    // FINs in the order in which they came: the first in the low four bits, the second above. Both directions may end at once.
    private int _fins;
    private int _isOver;

    /// <summary>Ends with the connection; never faults. "Up" is from the local process to the caller.</summary>
    public Task<FlowResult> Ended => _ended.Task;

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        try
        {
            int count = await app.ReadAsync(buffer, cancellationToken);
            if (count > 0)
                Volatile.Write(ref _bytesOut, _bytesOut + count);
            else if (!buffer.IsEmpty)
                Finish(AppFin);
            return count;
        }
        catch (FlowException error)
        {
            End(FlowEnding.AppReset, error.Errno);
            throw;
        }
    }

    /// <inheritdoc/>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
    {
        try
        {
            await app.WriteAsync(buffer, cancellationToken);
            Volatile.Write(ref _bytesIn, _bytesIn + buffer.Length);
        }
        catch (FlowException error)
        {
            End(FlowEnding.AppReset, error.Errno);
            throw;
        }
    }

    /// <inheritdoc/>
    public override async ValueTask CompleteWritesAsync(CancellationToken cancellationToken)
    {
        Finish(CallerFin);
        try
        {
            await app.CompleteWritesAsync(cancellationToken);
        }
        catch (FlowException error)
        {
            End(FlowEnding.AppReset, error.Errno);
            throw;
        }
    }

    /// <inheritdoc/>
    public override void Abort(int errno = Errno.ECONNRESET)
    {
        // Whoever relays aborts both ends when one of them fails: what failed here was told before.
        End(FlowEnding.PodReset, errno);
        app.Abort(errno);
    }

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        await app.DisposeAsync();
        int fins = Volatile.Read(ref _fins);
        if (fins >> 4 == 0)
            End(FlowEnding.PodReset, Errno.ECONNRESET);
        else
            End((fins & 0xF) == AppFin ? FlowEnding.AppFinished : FlowEnding.PodFinished, 0);
    }

    private void Finish(int side)
    {
        if (Interlocked.CompareExchange(ref _fins, side, 0) is var first and not 0 && (first & 0xF) != side)
            Interlocked.Or(ref _fins, side << 4);
    }

    private void End(FlowEnding ending, int errno)
    {
        if (Interlocked.Exchange(ref _isOver, 1) == 0)
            _ended.SetResult(new FlowResult(ending, errno, Volatile.Read(ref _bytesOut), Volatile.Read(ref _bytesIn)));
    }
}
