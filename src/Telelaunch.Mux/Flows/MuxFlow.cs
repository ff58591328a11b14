using Telelaunch.Mux.Carriers;
using Telelaunch.Mux.Frames;
using Telelaunch.Net;

namespace Telelaunch.Mux.Flows;

/// <summary>One flow of a carrier.</summary>
/// <remarks>
/// Each direction ends by FIN; after both, or one RST, the flow leaves the carrier's table. What was received before can still be read.
/// An idle flow holds no buffer.
/// </remarks>
internal sealed class MuxFlow : DuplexStream
{
    // Ends of the flow, as bits of _ends.
    private const int FinSent = 1;
    private const int FinReceived = 2;
    private const int Over = 4;

    private readonly MuxConnection _connection;
    private readonly FlowReceiver _receiver;
    private readonly FlowSender _sender;
    private readonly CancellationTokenSource? _reset;
    private int _ends;

    /// <param name="peerWindow">Bytes that may be sent before CREDIT comes.</param>
    /// <param name="observesReset">Whether <see cref="ResetToken"/> is wanted.</param>
    public MuxFlow(MuxConnection connection, uint id, int peerWindow, bool observesReset)
    {
        _connection = connection;
        Id = id;
        _sender = new(connection.Writer, id, peerWindow);
        _receiver = new(connection.WindowBudget, connection.RoundTrip, connection.Options, SendCredit);
        _reset = observesReset ? new() : null;
    }

    public uint Id { get; }

    /// <summary>Ends when the flow is reset, so that a dial that is under way for it can stop.</summary>
    public CancellationToken ResetToken => _reset?.Token ?? CancellationToken.None;

    /// <inheritdoc/>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
        => _receiver.ReadAsync(buffer, cancellationToken);

    /// <inheritdoc/>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
        => _sender.WriteAsync(buffer, cancellationToken);

    /// <inheritdoc/>
    public override ValueTask CompleteWritesAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (_sender.Complete())
            MarkEnd(FinSent);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public override void Abort(int errno = Errno.ECONNRESET)
    {
        if ((Interlocked.Or(ref _ends, Over) & Over) == 0)
        {
            _connection.Forget(Id);
            _sender.End(errno);
            _connection.Writer.SendNumber(FrameType.Rst, Id, errno);
            CancelReset();
        }

        _receiver.Drop(errno);
    }

    /// <inheritdoc/>
    public override ValueTask DisposeAsync()
    {
        Abort();
        return ValueTask.CompletedTask;
    }

    /// <summary>Ends the flow without telling the peer: it has said FAILED, or was told so.</summary>
    public void Fail(int errno)
    {
        if ((Interlocked.Or(ref _ends, Over) & Over) != 0)
            return;
        _connection.Forget(Id);
        _sender.End(errno);
        _receiver.Drop(errno);
        CancelReset();
    }

    /// <returns>Whether a reader waits, and <see cref="Tell"/> has to follow.</returns>
    public bool OnData(ReadOnlySpan<byte> payload) => _receiver.OnData(payload);

    /// <summary>Lets the reader go on, in this call.</summary>
    public void Tell() => _receiver.Tell();

    public void OnCredit(int bytes) => _sender.AddCredit(bytes);

    public void OnFin()
    {
        _receiver.OnFin();
        MarkEnd(FinReceived);
    }

    /// <summary>RST came, or the carrier is lost.</summary>
    public void OnReset(int errno)
    {
        if ((Interlocked.Or(ref _ends, Over) & Over) != 0)
            return;
        _connection.Forget(Id);
        _sender.End(errno);
        _receiver.OnReset(errno);
        CancelReset();
    }

    private void MarkEnd(int end)
    {
        int ends = Interlocked.Or(ref _ends, end) | end;
        if ((ends & (FinSent | FinReceived)) == (FinSent | FinReceived) && (Interlocked.Or(ref _ends, Over) & Over) == 0)
            _connection.Forget(Id);
    }

    private void SendCredit(int bytes) => _connection.Writer.SendNumber(FrameType.Credit, Id, bytes);

    private void CancelReset()
    {
        // Whoever dials may run anything in its callbacks: not on the carrier's reader.
        if (_reset is not null)
            ThreadPool.UnsafeQueueUserWorkItem(static source => source.Cancel(), _reset, preferLocal: false);
    }
}
