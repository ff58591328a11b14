using System.Collections.Concurrent;
using System.Net;

using Telelaunch.Mux.Frames;
using Telelaunch.Net;

namespace Telelaunch.Mux.Carriers;

/// <summary>The client's side of listening: LISTEN, its answer, and the flows that come by ACCEPTED.</summary>
internal sealed class ClientListeners(MuxConnection connection)
{
    private readonly ConcurrentDictionary<uint, PendingListen> _pending = new();
    private readonly ConcurrentDictionary<uint, MuxListener> _listeners = new();

    public async ValueTask<MuxListenResult> ListenAsync(IPEndPoint podEndPoint, Dialer accept, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var listen = new PendingListen(accept);
        byte[] payload = new byte[20];
        var writer = new PayloadWriter(payload);
        writer.WriteEndPoint(podEndPoint);
        uint number = connection.SendNumbered(FrameType.Listen, payload.AsSpan(0, writer.Written), number => _pending[number] = listen);
        if (number == 0)
            return new(null, Errno.ENETUNREACH);
        if (connection.HasEnded)
            OnEnd();

        using CancellationTokenRegistration cancellation = cancellationToken.UnsafeRegister(_ => Cancel(number, cancellationToken), null);
        return await listen.Answer.Task;
    }

    public void OnListening(uint number, ReadOnlySpan<byte> payload)
    {
        var reader = new PayloadReader(payload);
        IPEndPoint podEndPoint = reader.ReadEndPoint();
        reader.End();
        if (!_pending.TryRemove(number, out PendingListen? listen))
            return;
        var listener = new MuxListener(number, podEndPoint, listen.Accept, () => Stop(number));
        _listeners[number] = listener;
        if (connection.HasEnded)
            OnEnd();
        listen.Answer.SetResult(new(listener, 0));
    }

    public void OnAccepted(uint flow, ReadOnlySpan<byte> payload)
    {
        connection.Incoming.CheckNumber(flow, odd: false);
        // LISTENER 4 | WINDOW 4 | FAMILY 1 | ZERO 1 | PORT 2 | ADDRESS 4|16
        var reader = new PayloadReader(payload);
        uint number = reader.ReadUInt32();
        int window = reader.ReadWindow();
        IPEndPoint caller = reader.ReadEndPoint();
        reader.End();
        if (_listeners.TryGetValue(number, out MuxListener? listener))
            connection.Incoming.Start(flow, window, default, caller, listener.Accept);
        else
            connection.Writer.SendNumber(FrameType.Failed, flow, Errno.ECONNREFUSED);
    }

    /// <summary>FAILED or RST of a LISTEN.</summary>
    public void OnFailed(uint number, int errno)
    {
        if (_pending.TryRemove(number, out PendingListen? listen))
            listen.Answer.SetResult(new(null, errno));
        else if (_listeners.TryRemove(number, out MuxListener? listener))
            listener.OnEnd(errno);
    }

    public void OnEnd()
    {
        foreach (uint number in _pending.Keys)
            OnFailed(number, Errno.ENETUNREACH);
        foreach (uint number in _listeners.Keys)
            OnFailed(number, Errno.ECONNRESET);
    }

    private void Stop(uint number)
    {
        if (_listeners.TryRemove(number, out _))
            connection.Writer.SendNumber(FrameType.Rst, number, Errno.ECONNABORTED);
    }

    private void Cancel(uint number, CancellationToken cancellationToken)
    {
        if (!_pending.TryRemove(number, out PendingListen? listen))
            return;
        connection.Writer.SendNumber(FrameType.Rst, number, Errno.ECONNABORTED);
        listen.Answer.SetCanceled(cancellationToken);
    }

    private sealed class PendingListen(Dialer accept)
    {
        public Dialer Accept => accept;

        public TaskCompletionSource<MuxListenResult> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
