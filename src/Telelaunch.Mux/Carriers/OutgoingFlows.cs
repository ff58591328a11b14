using System.Collections.Concurrent;
using System.Net;

using Telelaunch.Mux.Flows;
using Telelaunch.Mux.Frames;
using Telelaunch.Net;

namespace Telelaunch.Mux.Carriers;

/// <summary>Flows that this end asks for: OPEN by the client, ACCEPTED by the agent. Both are answered by OPENED or FAILED.</summary>
internal sealed class OutgoingFlows(MuxConnection connection)
{
    private readonly ConcurrentDictionary<uint, PendingOpen> _pending = new();

    public int Count => _pending.Count;

    /// <summary>Asks, and waits for the answer. A lost carrier is ENETUNREACH.</summary>
    /// <param name="firstData">How many bytes of data the payload carries.</param>
    public async ValueTask<DialResult> OpenAsync(FrameType type, ReadOnlyMemory<byte> payload, int firstData, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var open = new PendingOpen(firstData);
        uint id = connection.SendNumbered(type, payload.Span, number => _pending[number] = open);
        if (id == 0)
            return DialResult.Failed(Errno.ENETUNREACH);
        if (connection.HasEnded)
            FailAll();

        using CancellationTokenRegistration cancellation = cancellationToken.UnsafeRegister(_ => Cancel(id, cancellationToken), null);
        return await open.Answer.Task;
    }

    /// <summary>OPENED; one for an unknown number was cancelled here, and its RST is under way.</summary>
    public void OnOpened(uint id, ReadOnlySpan<byte> payload)
    {
        var reader = new PayloadReader(payload);
        int window = reader.ReadWindow();
        IPEndPoint endPoint = reader.ReadEndPoint();
        reader.End();
        // Before the dial is taken out: what is still pending when the carrier ends is failed, what was taken out would wait for ever.
        if (window < FlowReceiver.InitialWindow)
            throw new ProtocolException($"OPENED with a window of {window}");
        if (!_pending.TryRemove(id, out PendingOpen? open))
            return;
        MuxFlow flow = connection.AddFlow(id, window - open.FirstData, observesReset: false);
        bool known = endPoint.Port != 0;
        open.Answer.SetResult(DialResult.Connected(flow, known ? endPoint : null));
    }

    /// <summary>FAILED or RST; false when the number is no flow that waits.</summary>
    public bool TryFail(uint id, int errno)
    {
        if (!_pending.TryRemove(id, out PendingOpen? open))
            return false;
        open.Answer.SetResult(DialResult.Failed(errno));
        return true;
    }

    public void FailAll()
    {
        foreach (uint id in _pending.Keys)
            TryFail(id, Errno.ENETUNREACH);
    }

    private void Cancel(uint id, CancellationToken cancellationToken)
    {
        if (!_pending.TryRemove(id, out PendingOpen? open))
            return;
        connection.Writer.SendNumber(FrameType.Rst, id, Errno.ECONNABORTED);
        open.Answer.SetCanceled(cancellationToken);
    }

    private sealed class PendingOpen(int firstData)
    {
        public int FirstData => firstData;

        public TaskCompletionSource<DialResult> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
