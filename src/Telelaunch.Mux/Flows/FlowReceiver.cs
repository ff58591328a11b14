using Telelaunch.Mux.Carriers;
using Telelaunch.Net;

namespace Telelaunch.Mux.Flows;

/// <summary>The receiving half of a flow: what came and wasn't read yet, and the credit that the peer has.</summary>
/// <remarks>
/// Always: credit of the peer + bytes held + bytes read but not yet given back = window.
/// <para>The window doubles while the reader keeps up, and halves when bytes pile up. Above <see cref="FreeWindow"/> it doubles only where it
/// is what limits the flow: a whole window took less than two round trips. A window larger than the distance asks for would only fill
/// the queues of everything in between, and delay all other flows.</para>
/// </remarks>
internal sealed class FlowReceiver
{
    /// <summary>The agent's window before OPENED, and every window's start, in bytes.</summary>
    public const int InitialWindow = 65_536;

    /// <summary>Up to so many bytes a window grows whatever the distance is: delays of a busy machine need them.</summary>
    public const int FreeWindow = 1024 * 1024;

    private readonly Lock _gate = new();
    private readonly SegmentQueue _held = new();
    private readonly Signal<int> _read;
    private readonly WindowBudget _budget;
    private readonly RoundTrip _roundTrip;
    private readonly TimeProvider _time;
    private readonly int _maxWindow;
    private readonly Action<int> _sendCredit;
    private Memory<byte> _readerBuffer;
    private int _given;
    private int _window = InitialWindow;
    private int _peerCredit = InitialWindow;
    private int _takenBytes;
    private long _measuredSince;
    private long _measuredBytes;
    private bool _fin;
    private int _errno;
    private bool _dropped;

    /// <param name="sendCredit">Gives so many bytes of credit to the peer; called under this half's lock.</param>
    public FlowReceiver(WindowBudget budget, RoundTrip roundTrip, MuxOptions options, Action<int> sendCredit)
    {
        _budget = budget;
        _roundTrip = roundTrip;
        _time = options.TimeProvider;
        _maxWindow = options.MaxWindow;
        _sendCredit = sendCredit;
        _read = new(_gate, () => _readerBuffer = default);
    }

    public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_read.Pending)
                throw new InvalidOperationException("A read is under way already.");
            cancellationToken.ThrowIfCancellationRequested();
            if (_held.Length > 0)
                return new(Take(buffer.Span));
            if (_errno != 0)
                return ValueTask.FromException<int>(new FlowException(_errno));
            if (_fin)
                return new(0);
            _readerBuffer = buffer;
            short version = _read.Start(cancellationToken);
            return _read.AsValueTask(version);
        }
    }

    /// <summary>Takes a DATA frame.</summary>
    /// <returns>Whether a reader waits, and <see cref="Tell"/> has to follow.</returns>
    public bool OnData(ReadOnlySpan<byte> payload)
    {
        lock (_gate)
        {
            if (_fin)
                throw new ProtocolException("DATA behind FIN");
            if (payload.Length > _peerCredit)
                throw new ProtocolException($"{payload.Length} bytes of DATA with a credit of {_peerCredit}");
            _peerCredit -= payload.Length;
            if (_dropped)
                return false;
            if (!_read.Pending)
            {
                _held.Append(payload);
                return false;
            }

            // Straight into the waiting reader's buffer; an empty one only asks to be told.
            _given = Math.Min(payload.Length, _readerBuffer.Length);
            payload[.._given].CopyTo(_readerBuffer.Span);
            if (_given < payload.Length)
                _held.Append(payload[_given..]);
            _readerBuffer = default;
            GiveBack(_given);
            return _read.Take();
        }
    }

    /// <summary>Lets the reader go on, in this call: with it the relay, up to its next wait.</summary>
    public void Tell() => _read.Continue(_given);

    public void OnFin()
    {
        lock (_gate)
        {
            if (_fin)
                throw new ProtocolException("a second FIN");
            _fin = true;
            _readerBuffer = default;
            _read.Complete(0);
            ReleaseBudgetWhenOver();
        }
    }

    /// <summary>Ends this half: what is held can still be read, then <paramref name="errno"/> is told.</summary>
    public void OnReset(int errno)
    {
        lock (_gate)
        {
            if (_errno == 0 && !_fin)
                _errno = errno;
            _readerBuffer = default;
            _read.Fail(new FlowException(errno));
            ReleaseBudgetWhenOver();
        }
    }

    /// <summary>Ends this half at once: what is held is dropped.</summary>
    public void Drop(int errno)
    {
        lock (_gate)
        {
            _dropped = true;
            _held.Clear();
            if (_errno == 0)
                _errno = errno;
            _readerBuffer = default;
            _read.Fail(new FlowException(errno));
            ReleaseBudgetWhenOver();
        }
    }

    private int Take(Span<byte> target)
    {
        int count = _held.Take(target);
        GiveBack(count);
        ReleaseBudgetWhenOver();
        return count;
    }

    /// <summary>The reader took so many bytes: gives credit back in steps of a quarter of the window.</summary>
    private void GiveBack(int count)
    {
        _takenBytes += count;
        if (_takenBytes < _window / 4 || _fin || _errno != 0)
            return;
        int credit = _takenBytes + ResizeWindow();
        _takenBytes = 0;
        if (credit <= 0)
            return;
        _peerCredit += credit;
        _sendCredit(credit);
    }

    private int ResizeWindow()
    {
        if (_held.Length <= _window / 4)
        {
            if (_window >= FreeWindow && !Limits())
                return 0;
            int growth = Math.Min(_window, _maxWindow - _window);
            if (growth <= 0 || !_budget.TryTake(growth))
                return 0;
            _window += growth;
            return growth;
        }

        if (_held.Length <= _window / 2)
            return 0;
        int cut = Math.Min(_takenBytes, _window - Math.Max(_window / 2, InitialWindow));
        _window -= cut;
        _budget.Return(cut);
        return -cut;
    }

    /// <summary>Whether the window holds the flow back: its bytes came in less than two round trips.</summary>
    private bool Limits()
    {
        if (_window >= _maxWindow)
            return false;
        _measuredBytes += _takenBytes;
        if (_measuredSince != 0 && _measuredBytes < _window)
            return false;
        TimeSpan elapsed = _measuredSince == 0 ? TimeSpan.MaxValue : _time.GetElapsedTime(_measuredSince);
        _measuredSince = _time.GetTimestamp();
        _measuredBytes = 0;
        _roundTrip.Measure();
        return _roundTrip.Shortest is TimeSpan shortest && elapsed < 2 * shortest;
    }

    private void ReleaseBudgetWhenOver()
    {
        int grown = _window - InitialWindow;
        if (grown <= 0 || _held.Length > 0 || (!_fin && _errno == 0))
            return;
        _window = InitialWindow;
        _budget.Return(grown);
    }
}
