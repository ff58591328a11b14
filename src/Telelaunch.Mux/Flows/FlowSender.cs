using Telelaunch.Mux.Carriers;
using Telelaunch.Mux.Frames;
using Telelaunch.Net;

namespace Telelaunch.Mux.Flows;

/// <summary>The sending half of a flow: its credit, and at most one write that waits for credit or for its turn.</summary>
/// <remarks>Everything here is guarded by the carrier writer's lock.</remarks>
internal sealed class FlowSender
{
    private readonly CarrierWriter _carrier;
    private readonly Signal<bool> _written;
    private ReadOnlyMemory<byte> _pending;
    private bool _finSent;
    private int _errno;

    public FlowSender(CarrierWriter carrier, uint flow, long credit)
    {
        _carrier = carrier;
        Flow = flow;
        Credit = credit;
        _written = new(carrier.Gate, () => _pending = default);
    }

    public uint Flow { get; }

    /// <summary>Bytes that the peer allows at this moment.</summary>
    public long Credit { get; private set; }

    /// <summary>Whether it stands in the carrier writer's queue; written by that alone.</summary>
    public bool InTurn { get; set; }

    public bool HasWork => _written.Pending && Credit > 0;

    public ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
    {
        ValueTask written;
        lock (_carrier.Gate)
        {
            if (_written.Pending)
                throw new InvalidOperationException("A write is under way already.");
            cancellationToken.ThrowIfCancellationRequested();
            if (_errno != 0)
                return ValueTask.FromException(new FlowException(_errno));
            if (_finSent)
                throw new InvalidOperationException("Writes have been completed.");
            // Nobody waits for a turn: no need to queue up.
            if (!_carrier.HasQueue)
                buffer = buffer[_carrier.AppendData(this, buffer.Span, int.MaxValue)..];
            written = buffer.IsEmpty ? ValueTask.CompletedTask : Wait(buffer, cancellationToken);
        }

        _carrier.Flush();
        return written;
    }

    /// <summary>Sends FIN; false when the half has ended before.</summary>
    public bool Complete()
    {
        lock (_carrier.Gate)
        {
            if (_written.Pending)
                throw new InvalidOperationException("A write is under way.");
            if (_finSent || _errno != 0)
                return false;
            _finSent = true;
            _carrier.SendEmpty(FrameType.Fin, Flow);
            return true;
        }
    }

    /// <summary>Ends this half; what waits is dropped.</summary>
    public void End(int errno)
    {
        lock (_carrier.Gate)
        {
            if (_errno == 0)
                _errno = errno;
            _pending = default;
            _written.Fail(new FlowException(errno));
        }
    }

    public void AddCredit(int bytes)
    {
        lock (_carrier.Gate)
        {
            if (Credit + bytes > int.MaxValue)
                throw new ProtocolException("more credit than a window can hold");
            Credit += bytes;
            if (!HasWork)
                return;
            _carrier.QueueTurn(this);
            _carrier.Wake();
        }
    }

    /// <summary>Its turn: moves at most <paramref name="limit"/> bytes of what waits into the batch.</summary>
    public void TakeTurn(int limit)
    {
        if (!HasWork)
            return;
        _pending = _pending[_carrier.AppendData(this, _pending.Span, limit)..];
        if (_pending.IsEmpty)
            _written.Complete(true);
    }

    private ValueTask Wait(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
    {
        _pending = buffer;
        short version = _written.Start(cancellationToken);
        if (HasWork)
            _carrier.QueueTurn(this);
        return _written.AsVoidValueTask(version);
    }

    /// <summary>Takes as much credit as there is, at most <paramref name="bytes"/>.</summary>
    public int TakeCredit(int bytes)
    {
        int taken = (int)Math.Min(bytes, Credit);
        Credit -= taken;
        return taken;
    }
}
