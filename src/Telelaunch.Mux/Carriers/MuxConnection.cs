using System.Buffers.Binary;
using System.Collections.Concurrent;

using Telelaunch.Mux.Flows;
using Telelaunch.Mux.Frames;
using Telelaunch.Net;

namespace Telelaunch.Mux.Carriers;

/// <summary>The engine of both ends: one reader, one writer, the flows between them, and how it all ends.</summary>
/// <remarks>
/// Owns the carrier. Frames that only one end may get are given to its <see cref="IMuxRole"/>. The first cause of an end wins.
/// </remarks>
internal sealed class MuxConnection : IAsyncDisposable
{
    // What is queued when this side closes (RST, GOAWAY) gets so long to leave.
    private static readonly TimeSpan s_drainTime = TimeSpan.FromSeconds(2);

    private readonly Stream _carrier;
    private readonly IMuxRole _role;
    private readonly CarrierReader _reader;
    private readonly ConcurrentDictionary<uint, MuxFlow> _flows = new();
    private readonly TaskCompletionSource<CarrierEnd> _ending = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _stop = new();

    // Flows whose readers wait for data that have come. The carrier's reader alone knows of it.
    private readonly List<MuxFlow> _untold = [];
    private uint _nextNumber;
    private string? _goAway;
    private Task _reading = Task.CompletedTask;
    private Task _writing = Task.CompletedTask;

    /// <param name="firstNumber">1 for the client, 2 for the agent.</param>
    public MuxConnection(Stream carrier, MuxOptions options, IMuxRole role, uint firstNumber)
    {
        _carrier = carrier;
        _role = role;
        _nextNumber = firstNumber;
        Options = options;
        Stopped = _stop.Token;
        Writer = new(carrier);
        WindowBudget = new(options.WindowBudget);
        RoundTrip = new(Writer, options.TimeProvider);
        Outgoing = new(this);
        Incoming = new(this);
        _reader = new(carrier, options.TimeProvider);
    }

    public MuxOptions Options { get; }

    public CarrierWriter Writer { get; }

    public WindowBudget WindowBudget { get; }

    public RoundTrip RoundTrip { get; }

    public OutgoingFlows Outgoing { get; }

    public IncomingFlows Incoming { get; }

    public RunningTasks Running { get; } = new();

    /// <summary>Ends when the carrier is over and its flows are reset; never faults.</summary>
    public Task<CarrierEnd> Completion { get; private set; } = null!;

    /// <summary>Ends with the carrier: for what runs on the client's request.</summary>
    public CancellationToken Stopped { get; }

    public bool HasEnded => _ending.Task.IsCompleted;

    /// <summary>The agent's reason, once it has sent GOAWAY.</summary>
    public string? GoAwayReason => Volatile.Read(ref _goAway);

    public int OpenFlows => _flows.Count;

    public void Start()
    {
        _reading = ReadAsync();
        _writing = WriteAsync();
        Completion = RunAsync();
    }

    /// <summary>Begins the end; the first cause wins.</summary>
    public void End(CarrierEnd end) => _ending.TrySetResult(end);

    /// <summary>Sends a frame under the next number of this end; 0 when there is none left or the carrier is over.</summary>
    /// <param name="register">Called with the number before the frame can be answered.</param>
    public uint SendNumbered(FrameType type, ReadOnlySpan<byte> payload, Action<uint> register)
    {
        uint number;
        // Numbers must ascend on the wire, so taking one and sending it are one step.
        lock (Writer.Gate)
        {
            if (HasEnded || GoAwayReason is not null)
                return 0;
            number = _nextNumber;
            if (number > uint.MaxValue - 2)
            {
                End(new(CarrierEndKind.Closed, "The carrier's flow numbers are used up."));
                return 0;
            }

            _nextNumber = number + 2;
            register(number);
            Writer.Append(type, number, payload);
        }

        Writer.Flush();
        return number;
    }

    /// <summary>Refuses a peer that asks for more than <see cref="MuxOptions.MaxFlows"/> things at once.</summary>
    public void CheckLoad()
    {
        if (Running.Count >= Options.MaxFlows)
            throw new ProtocolException($"more than {Options.MaxFlows} flows at once");
    }

    public MuxFlow AddFlow(uint id, int peerWindow, bool observesReset)
    {
        var flow = new MuxFlow(this, id, peerWindow, observesReset);
        _flows[id] = flow;
        if (HasEnded)
            flow.OnReset(Errno.ECONNRESET);
        return flow;
    }

    public void Forget(uint id) => _flows.TryRemove(id, out _);

    /// <summary>The agent ends: no new flows from here on.</summary>
    public void OnGoAway(string reason) => Volatile.Write(ref _goAway, reason);

    public async ValueTask DisposeAsync()
    {
        End(new(CarrierEndKind.Closed, "The carrier was closed by this side."));
        await Completion;
        await Task.WhenAll(_reading, _writing);
        await Running.WaitAsync();
        _stop.Dispose();
    }

    private async Task<CarrierEnd> RunAsync()
    {
        CarrierEnd end;
        using (new Liveness(Options, _reader, RoundTrip.Ping, () => End(new(CarrierEndKind.Dead, $"Nothing came from the other side for {Options.DeadAfter.TotalSeconds} s."))))
            end = await _ending.Task;

        _role.OnEnd(end);
        Outgoing.FailAll();
        bool polite = end.Kind == CarrierEndKind.Closed;
        foreach (MuxFlow flow in _flows.Values)
        {
            if (polite)
                flow.Abort();
            else
                flow.OnReset(Errno.ECONNRESET);
        }

        if (polite)
        {
            Writer.Close();
            using var drain = new CancellationTokenSource(s_drainTime, Options.TimeProvider);
            await _writing.WaitAsync(drain.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await _stop.CancelAsync();
        await _carrier.DisposeAsync();
        return end;
    }

    private async Task ReadAsync()
    {
        try
        {
            await _reader.RunAsync(OnFrame, Tell, _stop.Token);
            End(GoAwayReason is { } reason
                ? new(CarrierEndKind.GoAway, reason)
                : new(CarrierEndKind.ClosedByPeer, "The other side closed the carrier."));
        }
        catch (ProtocolException error)
        {
            End(new(CarrierEndKind.ProtocolError, error.Message, error));
        }
        catch (Exception error)
        {
            EndLost(error);
        }
    }

    private async Task WriteAsync()
    {
        try
        {
            Task writing = Writer.RunAsync(_stop.Token);
            if (await Task.WhenAny(writing, Writer.Overflowed) == Writer.Overflowed)
                End(new(CarrierEndKind.ProtocolError, "The peer asks for frames, but doesn't read them."));
            await writing;
        }
        catch (Exception error)
        {
            EndLost(error);
        }
    }

    private void EndLost(Exception error) => End(GoAwayReason is { } reason
        ? new(CarrierEndKind.GoAway, reason, error)
        : new(CarrierEndKind.Lost, $"The carrier failed: {error.Message}", error));

    private void OnFrame(FrameHeader header, ReadOnlySpan<byte> payload)
    {
        switch (header.Type)
        {
            case FrameType.Data:
                OnData(NumberOf(header), payload);
                break;
            case FrameType.Credit:
                OnCredit(NumberOf(header), payload);
                break;
            case FrameType.Fin:
                new PayloadReader(payload).End();
                Find(NumberOf(header))?.OnFin();
                break;
            case FrameType.Rst:
            case FrameType.Failed:
                OnFailed(NumberOf(header), header.Type, payload);
                break;
            case FrameType.Opened:
                Outgoing.OnOpened(NumberOf(header), payload);
                break;
            case FrameType.Ping:
            case FrameType.Pong:
                OnPing(header, payload);
                break;
            case FrameType.Datagram:
                CheckDatagram(payload);
                break;
            default:
                if (!_role.OnFrame(header, payload))
                    throw new ProtocolException($"a frame of type {(byte)header.Type} for {header.Flow}");
                break;
        }
    }

    private static uint NumberOf(FrameHeader header)
        => header.Flow != 0 ? header.Flow : throw new ProtocolException($"a {header.Type} frame for number 0");

    private MuxFlow? Find(uint id) => _flows.GetValueOrDefault(id);

    private void OnData(uint id, ReadOnlySpan<byte> payload)
    {
        if (payload.IsEmpty)
            throw new ProtocolException("DATA without data");
        if (Find(id) is not { } flow)
            Writer.SendNumber(FrameType.Rst, id, Errno.ECONNRESET);
        else if (flow.OnData(payload))
            _untold.Add(flow);
    }

    private void Tell()
    {
        foreach (MuxFlow flow in _untold)
            flow.Tell();
        _untold.Clear();
    }

    private void OnCredit(uint id, ReadOnlySpan<byte> payload)
    {
        var reader = new PayloadReader(payload);
        int bytes = reader.ReadWindow();
        reader.End();
        if (bytes == 0)
            throw new ProtocolException("CREDIT of nothing");
        Find(id)?.OnCredit(bytes);
    }

    private void OnFailed(uint id, FrameType type, ReadOnlySpan<byte> payload)
    {
        var reader = new PayloadReader(payload);
        int errno = reader.ReadErrno();
        reader.End();
        if (Outgoing.TryFail(id, errno))
            return;
        if (type == FrameType.Rst && Find(id) is { } flow)
            flow.OnReset(errno);
        else
            _role.OnFailed(id, errno);
    }

    private void OnPing(FrameHeader header, ReadOnlySpan<byte> payload)
    {
        if (header.Flow != 0 || payload.Length != 8)
            throw new ProtocolException($"a damaged {header.Type} frame");
        if (header.Type == FrameType.Ping)
            Writer.Send(FrameType.Pong, 0, payload);
        else
            RoundTrip.OnPong(BinaryPrimitives.ReadInt64BigEndian(payload));
    }

    private static void CheckDatagram(ReadOnlySpan<byte> payload)
    {
        // Reserved: must be well-formed, and is dropped, as UDP may be.
        var reader = new PayloadReader(payload);
        reader.ReadEndPoint();
        reader.ReadRest();
    }
}
