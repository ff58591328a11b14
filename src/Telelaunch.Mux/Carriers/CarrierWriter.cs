using System.Buffers.Binary;

using Telelaunch.Mux.Flows;
using Telelaunch.Mux.Frames;

namespace Telelaunch.Mux.Carriers;

/// <summary>The one writer of a carrier. Gathers the frames of all flows into batches: one is filled while the other is under way.</summary>
/// <remarks>
/// <code>
/// flows ── data: straight in, or a turn each ──► batch being filled ──swap──► batch under way ──► carrier
/// anyone ── control frames ──► there too, or the backlog when it is full; the backlog goes first into the next batch
/// </code>
/// A write copies straight into the batch while nobody waits. Once somebody waits, everybody queues and gets at most 64 KiB a turn.
/// </remarks>
internal sealed class CarrierWriter
{
    /// <summary>Bytes of one send.</summary>
    private const int BatchSize = 256 * 1024;

    // Data leave this much of a batch to control frames.
    private const int ControlReserve = 16 * 1024;

    // Cutting a write for the sake of so little room isn't worth a frame.
    private const int SmallestPiece = 4 * 1024;

    // A peer that reads lets it drain; one that doesn't and goes on asking would fill our memory.
    private const int MaxBacklog = 16 * 1024 * 1024;

    // Whoever flushes lends the writer a thread, for so many batches at the most.
    private const int BatchesInARow = 16;

    private readonly Stream _carrier;
    private readonly Queue<FlowSender> _turns = new();
    private readonly Signal<bool> _wake;
    private readonly TaskCompletionSource _overflowed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private byte[] _filling = GC.AllocateUninitializedArray<byte>(BatchSize);
    private byte[] _underWay = GC.AllocateUninitializedArray<byte>(BatchSize);
    private byte[] _backlog = [];
    private int _filled;
    private int _backlogged;
    private bool _closing;

    public CarrierWriter(Stream carrier)
    {
        _carrier = carrier;
        _wake = new(Gate, static () => { });
    }

    /// <summary>Guards this and the sending half of every flow.</summary>
    public Lock Gate { get; } = new();

    /// <summary>Ends when the peer has asked for more frames than it reads.</summary>
    public Task Overflowed => _overflowed.Task;

    /// <summary>Whether data have to wait for their turn.</summary>
    public bool HasQueue => _turns.Count > 0 || _backlogged > 0;

    /// <summary>Sends batches until <see cref="Close"/> was called and everything is sent, or the carrier fails.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        for (int batches = 1; ; batches++)
        {
            int count;
            ValueTask<bool> wake = default;
            lock (Gate)
            {
                count = Swap();
                if (count == 0)
                {
                    if (_closing)
                        return;
                    short version = _wake.Start(cancellationToken);
                    wake = _wake.AsValueTask(version);
                }
            }

            if (count == 0)
            {
                await wake;
                continue;
            }

            await _carrier.WriteAsync(_underWay.AsMemory(0, count), cancellationToken);
            await _carrier.FlushAsync(cancellationToken);
            if (batches % BatchesInARow == 0)
                await Task.Yield();
        }
    }

    /// <summary>Lets <see cref="RunAsync"/> end when everything is sent.</summary>
    public void Close()
    {
        lock (Gate)
        {
            _closing = true;
            Wake();
        }
    }

    /// <summary>Lets the writer go on, elsewhere; under the lock.</summary>
    public void Wake() => _wake.Complete(true);

    /// <summary>Lets the writer go on here, where it waits and there is something to send: the way out without a change of threads. Outside all locks.</summary>
    public void Flush()
    {
        bool wake;
        lock (Gate)
            wake = (_filled > 0 || HasQueue) && _wake.Take();
        if (wake)
            _wake.Continue(true);
    }

    /// <summary>Sends a frame without payload.</summary>
    public void SendEmpty(FrameType type, uint flow) => Send(type, flow, default);

    /// <summary>Sends a frame whose payload is one number: CREDIT, FAILED, RST.</summary>
    public void SendNumber(FrameType type, uint flow, int number)
    {
        Span<byte> payload = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(payload, number);
        Send(type, flow, payload);
    }

    /// <summary>Sends a control frame: before data that wait, after what is in the batch already.</summary>
    public void Send(FrameType type, uint flow, ReadOnlySpan<byte> payload)
    {
        lock (Gate)
        {
            Append(type, flow, payload);
            Wake();
        }
    }

    /// <summary>Does as <see cref="Send"/> on this thread where it can, because somebody waits for the answer. Outside all locks.</summary>
    public void SendHere(FrameType type, uint flow, ReadOnlySpan<byte> payload)
    {
        lock (Gate)
            Append(type, flow, payload);
        Flush();
    }

    /// <summary>Does as <see cref="Send"/>, but for the wake: under the lock, and <see cref="Flush"/> has to follow.</summary>
    public void Append(FrameType type, uint flow, ReadOnlySpan<byte> payload)
    {
        int size = FrameHeader.Size + payload.Length;
        bool direct = _backlogged == 0 && _filled + size <= BatchSize;
        if (!direct && _backlogged + size > MaxBacklog)
        {
            _overflowed.TrySetResult();
            return;
        }

        Span<byte> target = direct ? _filling.AsSpan(_filled, size) : ExtendBacklog(size);
        new FrameHeader(type, flow, payload.Length).Write(target);
        payload.CopyTo(target[FrameHeader.Size..]);
        if (direct)
            _filled += size;
    }

    /// <summary>Moves data into the batch, as far as credit, room and <paramref name="limit"/> allow; under the lock. The writer isn't woken.</summary>
    /// <returns>How many bytes were moved.</returns>
    public int AppendData(FlowSender flow, ReadOnlySpan<byte> bytes, int limit)
    {
        int moved = 0;
        limit = Math.Min(limit, bytes.Length);
        while (moved < limit)
        {
            int room = BatchSize - ControlReserve - _filled - FrameHeader.Size;
            int wanted = Math.Min(limit - moved, FrameHeader.MaxPayload);
            if (room < Math.Min(wanted, SmallestPiece))
                break;
            int count = flow.TakeCredit(Math.Min(wanted, room));
            if (count == 0)
                break;
            Span<byte> target = _filling.AsSpan(_filled);
            new FrameHeader(FrameType.Data, flow.Flow, count).Write(target);
            bytes.Slice(moved, count).CopyTo(target[FrameHeader.Size..]);
            _filled += FrameHeader.Size + count;
            moved += count;
        }

        return moved;
    }

    /// <summary>Queues a flow that has work; under the lock. The writer isn't woken.</summary>
    public void QueueTurn(FlowSender flow)
    {
        if (flow.InTurn)
            return;
        flow.InTurn = true;
        _turns.Enqueue(flow);
    }

    /// <summary>Hands out the filled batch and starts the next one with what waits; 0 when there is nothing to send.</summary>
    private int Swap()
    {
        if (_filled == 0)
            Refill();
        int count = _filled;
        if (count == 0)
            return 0;
        (_filling, _underWay) = (_underWay, _filling);
        _filled = 0;
        Refill();
        return count;
    }

    private void Refill()
    {
        int moved = Math.Min(_backlogged, BatchSize - _filled);
        if (moved > 0)
        {
            // Frames may be cut here: the rest goes first into the next batch, and nothing comes between.
            _backlog.AsSpan(0, moved).CopyTo(_filling.AsSpan(_filled));
            _filled += moved;
            _backlogged -= moved;
            _backlog.AsSpan(moved, _backlogged).CopyTo(_backlog);
            if (_backlogged == 0)
                _backlog = [];
        }

        if (_backlogged > 0)
            return;
        for (int turns = _turns.Count; turns > 0 && _filled + FrameHeader.Size + SmallestPiece <= BatchSize - ControlReserve; turns--)
        {
            FlowSender flow = _turns.Dequeue();
            flow.InTurn = false;
            flow.TakeTurn(FrameHeader.MaxPayload);
            if (flow.HasWork)
                QueueTurn(flow);
        }
    }

    private Span<byte> ExtendBacklog(int size)
    {
        if (_backlogged + size > _backlog.Length)
            Array.Resize(ref _backlog, Math.Max(_backlogged + size, Math.Max(ControlReserve, _backlog.Length * 2)));
        Span<byte> target = _backlog.AsSpan(_backlogged, size);
        _backlogged += size;
        return target;
    }
}
