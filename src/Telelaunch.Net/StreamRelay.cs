using System.Buffers;

namespace Telelaunch.Net;

/// <summary>Copies bytes both ways until each side has ended.</summary>
/// <remarks>
/// Owns both streams. FIN on one side half-closes the other, and the way back goes on; RST on one side resets the other. A slow reader
/// stops its own direction: at most one buffer a direction is under way here. A direction that waits for data holds no buffer.
/// <code>
/// first ──read──► buffer ──write──► second      one loop
/// first ◄──write── buffer ◄──read── second      another
/// </code>
/// </remarks>
public sealed class StreamRelay
{
    private const int BufferSize = 64 * 1024;

    private readonly DuplexStream _first;
    private readonly DuplexStream _second;
    private long _bytesFromFirst;
    private long _bytesFromSecond;

    // RelaySide << 32 | errno of the first failure; 0 = none yet.
    private long _failure;
    private int _firstFin;

    public StreamRelay(DuplexStream first, DuplexStream second)
    {
        _first = first;
        _second = second;
    }

    /// <summary>Bytes copied from the first stream to the second so far.</summary>
    public long BytesFromFirst => Volatile.Read(ref _bytesFromFirst);

    /// <summary>Bytes copied from the second stream to the first so far.</summary>
    public long BytesFromSecond => Volatile.Read(ref _bytesFromSecond);

    /// <summary>Relays, once. Cancelling resets both sides and is told in the result, not thrown.</summary>
    public async Task<RelayResult> RunAsync(CancellationToken cancellationToken)
    {
        await using (_first)
        await using (_second)
        {
            Task up = PumpAsync(RelaySide.First, cancellationToken);
            Task down = PumpAsync(RelaySide.Second, cancellationToken);
            // What ends a direction may run on the thread that serves all flows: what follows mustn't.
            await Task.WhenAll(up, down).ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        }

        long failure = Volatile.Read(ref _failure);
        return failure == 0
            ? new RelayResult(BytesFromFirst, BytesFromSecond, (RelaySide)_firstFin, 0)
            : new RelayResult(BytesFromFirst, BytesFromSecond, (RelaySide)(failure >> 32), (int)failure);
    }

    private async Task PumpAsync(RelaySide side, CancellationToken cancellationToken)
    {
        (DuplexStream source, DuplexStream target) = side == RelaySide.First ? (_first, _second) : (_second, _first);
        RelaySide acting = side;
        byte[]? buffer = null;
        try
        {
            bool more = false;
            while (true)
            {
                // A buffer that was filled to the brim says that more is waiting: no need to ask.
                if (!more)
                    await source.ReadAsync(Memory<byte>.Empty, cancellationToken);
                buffer ??= ArrayPool<byte>.Shared.Rent(BufferSize);
                int count = await source.ReadAsync(buffer.AsMemory(0, BufferSize), cancellationToken);
                if (count == 0)
                    break;
                acting = Other(side);
                await target.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
                acting = side;
                Count(side, count);
                more = count == BufferSize;
                if (!more)
                {
                    ArrayPool<byte>.Shared.Return(buffer);
                    buffer = null;
                }
            }

            Interlocked.CompareExchange(ref _firstFin, (int)side, (int)RelaySide.None);
            acting = Other(side);
            await target.CompleteWritesAsync(cancellationToken);
        }
        catch (FlowException error)
        {
            Fail(acting, error.Errno);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            Fail(RelaySide.None, Net.Errno.ECONNABORTED);
        }
        catch
        {
            // Without this the other direction would wait for ever; the caller sees the exception.
            Fail(acting, Net.Errno.ECONNABORTED);
            throw;
        }
        finally
        {
            if (buffer is not null)
                ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Keeps the first cause and resets both sides, so that the other direction ends too.</summary>
    private void Fail(RelaySide side, int errno)
    {
        Interlocked.CompareExchange(ref _failure, ((long)side << 32) | (uint)errno, 0);
        _first.Abort(errno);
        _second.Abort(errno);
    }

    private void Count(RelaySide side, int count)
    {
        if (side == RelaySide.First)
            Volatile.Write(ref _bytesFromFirst, _bytesFromFirst + count);
        else
            Volatile.Write(ref _bytesFromSecond, _bytesFromSecond + count);
    }

    private static RelaySide Other(RelaySide side) => side == RelaySide.First ? RelaySide.Second : RelaySide.First;
}
