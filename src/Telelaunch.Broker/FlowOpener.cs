using System.ComponentModel;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Telelaunch.Linux;
using Telelaunch.Net;

namespace Telelaunch.Broker;

/// <summary>Carries out DIAL: dial, open the application's connection or fail it, relay, record.</summary>
/// <remarks>
/// What happens to the application's socket while a dial runs:
/// <list type="number">
/// <item>It is closed, or its process dies: the passed descriptor keeps it in SYN_SENT, so that its port can't be given to another. When the dial
/// succeeds, the connection stands for a moment and ends as the last descriptor is closed here: the pod sees connect and FIN, as from any client that gives up late.</item>
/// <item>The kernel's own time for SYN (net.ipv4.tcp_syn_retries, about two minutes) is over: it is in CLOSE, the pod's side is reset.</item>
/// <item>A blocking caller hasn't reached SYN_SENT when the dial is over: it is waited for, while it lives and for <see cref="CallerPatience"/> at most.</item>
/// </list>
/// </remarks>
internal sealed class FlowOpener : IAsyncDisposable
{
    private static readonly TimeSpan CallerPatience = TimeSpan.FromSeconds(30);

    // Nothing tells of another process's socket leaving CLOSE, so it is looked at; a blocking caller needs some microseconds.
    private static readonly TimeSpan ShortestLook = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan LongestLook = TimeSpan.FromMilliseconds(20);

    private readonly RelayPorts _ports;
    private readonly FlowTable _flows;
    private readonly FlowContext _context;
    private readonly OpenTasks _open = new();
    private readonly CancellationTokenSource _stop = new();

    internal FlowOpener(RelayPorts ports, FlowTable flows, FlowContext context)
    {
        _ports = ports;
        _flows = flows;
        _context = context;
    }

    /// <summary>Flows that dial or relay.</summary>
    internal int OpenFlows => _open.Count;

    /// <summary>Completes once the flows of this moment have ended.</summary>
    internal Task PresentFlows => _open.WhenPresentAsync();

    internal async ValueTask<ControlAnswer> DialAsync(ControlRequest request, CancellationToken cancellationToken)
    {
        PassedSocket? app = request.TakeSocket();
        if (app is null)
            return ControlAnswer.Malformed;
        if (!ControlEndPoint.TryRead(request.Body.Span, out IPEndPoint destination) || !app.IsTcp)
        {
            app.Dispose();
            return ControlAnswer.Malformed;
        }

        var flow = new AppFlow(app.Cookie, destination, request.Peer.ProcessId, ProcessIdentity.NameOf(request.Peer.ProcessId), _stop.Token);
        if (!_flows.TryBegin(flow))
        {
            flow.Dispose();
            app.Dispose();
            return ControlAnswer.None;
        }

        if ((request.Flags & ControlProtocol.DialWait) == 0)
        {
            bool callerIsThere = (request.Flags & ControlProtocol.DialNonBlocking) != 0;
            _open.Run(() => RunHeldAsync(flow, app, callerIsThere));
            return ControlAnswer.None;
        }

        var replied = new TaskCompletionSource<byte[]>(TaskCreationOptions.RunContinuationsAsynchronously);
        _open.Run(() => RunWaitingAsync(flow, app, replied));
        try
        {
            return new ControlAnswer(true, await replied.Task.WaitAsync(cancellationToken));
        }
        catch (OperationCanceledException)
        {
            // The caller was interrupted: nobody will connect any more.
            flow.Supersede();
            throw;
        }
    }

    /// <summary>FLOW: what is known of a socket.</summary>
    internal ControlAnswer Describe(ControlRequest request)
    {
        if (request.Body.Length != sizeof(ulong))
            return ControlAnswer.Malformed;
        AppFlow? flow = _flows.Find(BitConverter.ToUInt64(request.Body.Span));
        if (flow is null)
            return new ControlAnswer(true, ControlReply.UnknownFlow());
        int errno = flow.TakeErrno();
        if (errno != 0)
            _flows.Remove(flow);
        IPEndPoint own = flow.Own ?? new IPEndPoint(_context.PodAddressFor(flow.Destination) ?? IPAddress.Any, 0);
        return new ControlAnswer(true, ControlReply.Flow(errno, flow.Destination, own));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _open.WhenAllAsync();
        _stop.Dispose();
    }

    private async Task RunHeldAsync(AppFlow flow, PassedSocket app, bool callerIsThere)
    {
        await Task.Yield();
        DateTimeOffset start = _context.Time.GetUtcNow();
        FlowResult result;
        using (flow)
        using (app)
        {
            result = await GuardAsync(flow, () => OpenHeldAsync(flow, app, callerIsThere));
            if (result.Errno != 0 && !app.IsClosed)
            {
                // First the errno, then the end: the application asks as soon as it is woken.
                _flows.EndDial(flow, result.Ending == FlowEnding.SessionEnded ? Errno.ENETUNREACH : result.Errno);
                app.ShutDown();
            }
            else
            {
                _flows.Remove(flow);
            }
        }

        Record(flow, start, result);
    }

    private async ValueTask<FlowResult> OpenHeldAsync(AppFlow flow, PassedSocket app, bool callerIsThere)
    {
        HeldSynPort? port = _ports.Held(flow.Destination);
        DialResult dial = port is null ? DialResult.Failed(Errno.ENETUNREACH) : await DialAsync(flow);
        bool connecting = await WaitForSynSentAsync(app, flow, callerIsThere);
        if (dial.Stream is not DuplexStream pod)
        {
            // A socket that is on its way elsewhere isn't to be ended.
            flow.Cancelled.ThrowIfCancellationRequested();
            return FlowResult.Failed(dial.Errno);
        }

        Socket back;
        try
        {
            if (!connecting)
                return await GiveUpAsync(pod);
            IPEndPoint appEnd = app.LocalEndPoint;
            flow.Own = dial.PodEndPoint ?? new IPEndPoint(_context.PodAddressFor(flow.Destination) ?? appEnd.Address, appEnd.Port);
            _flows.EndDial(flow, 0);
            back = await port!.ConnectBackAsync(appEnd, flow.Cancelled);
        }
        catch (Exception error) when (error is SocketException or Win32Exception)
        {
            return await GiveUpAsync(pod);
        }
        catch (OperationCanceledException)
        {
            pod.Abort();
            await pod.DisposeAsync();
            throw;
        }

        // From here on the application's own descriptors alone keep its end open.
        app.Dispose();
        return await RelayAsync(back, pod);
    }

    private async Task RunWaitingAsync(AppFlow flow, PassedSocket app, TaskCompletionSource<byte[]> replied)
    {
        await Task.Yield();
        DateTimeOffset start = _context.Time.GetUtcNow();
        FlowResult result;
        using (flow)
        using (app)
        {
            result = await GuardAsync(flow, () => OpenWaitingAsync(flow, app, replied));
            _flows.Remove(flow);
        }

        // The session may have ended before there was an answer.
        replied.TrySetResult(ControlReply.Dialed(Errno.ENETUNREACH, 0));
        Record(flow, start, result);
    }

    private async ValueTask<FlowResult> OpenWaitingAsync(AppFlow flow, PassedSocket app, TaskCompletionSource<byte[]> replied)
    {
        WaitPort? port = _ports.Waiting(flow.Destination);
        DialResult dial = port is null ? DialResult.Failed(Errno.ENETUNREACH) : await DialAsync(flow);
        if (dial.Stream is not DuplexStream pod)
        {
            // The reply tells the errno: none is kept.
            replied.SetResult(ControlReply.Dialed(dial.Errno, 0));
            return FlowResult.Failed(dial.Errno);
        }

        flow.Own = dial.PodEndPoint;
        _flows.EndDial(flow, 0);
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(flow.Cancelled);
        using ITimer timer = _context.Time.CreateTimer(static state => ((CancellationTokenSource)state!).Cancel(), patience, CallerPatience, Timeout.InfiniteTimeSpan);
        Task<Socket> accepted = port!.ExpectAsync(app, patience.Token);
        replied.SetResult(ControlReply.Dialed(0, port.Port));
        try
        {
            Socket socket = await accepted;
            app.Dispose();
            return await RelayAsync(socket, pod);
        }
        catch (OperationCanceledException) when (!flow.Cancelled.IsCancellationRequested)
        {
            return await GiveUpAsync(pod);
        }
        catch (OperationCanceledException)
        {
            pod.Abort();
            await pod.DisposeAsync();
            throw;
        }
    }

    private async ValueTask<DialResult> DialAsync(AppFlow flow) =>
        _context.TunnelState == TunnelState.Down ? DialResult.Failed(Errno.ENETUNREACH) : await _context.Dialer(flow.Destination, flow.Cancelled);

    private async ValueTask<FlowResult> RelayAsync(Socket appSide, DuplexStream pod)
    {
        // Superseding ends a dial; once connected, the application's own close or reset does.
        RelayResult relayed = await new StreamRelay(new SocketDuplexStream(appSide), pod).RunAsync(_stop.Token);
        return FlowResult.Relayed(relayed);
    }

    private static async ValueTask<FlowResult> GiveUpAsync(DuplexStream pod)
    {
        pod.Abort();
        await pod.DisposeAsync();
        return new FlowResult(FlowEnding.AppGaveUp, 0, 0, 0);
    }

    /// <summary>Waits until the application's connect(2) has begun. False when it has ended already, or never comes.</summary>
    private async ValueTask<bool> WaitForSynSentAsync(PassedSocket app, AppFlow flow, bool callerIsThere)
    {
        long begin = _context.Time.GetTimestamp();
        for (TimeSpan look = ShortestLook; app.State == TcpState.Close; look = TimeSpan.FromTicks(Math.Min(look.Ticks * 2, LongestLook.Ticks)))
        {
            // A non-blocking caller was in SYN_SENT before it sent DIAL: CLOSE means that it is over.
            if (callerIsThere || _context.Time.GetElapsedTime(begin) > CallerPatience || !ProcessIdentity.IsAlive(flow.ProcessId))
                return false;
            await Task.Delay(look, _context.Time, flow.Cancelled);
        }

        return true;
    }

    /// <summary>The root of a flow: whatever goes wrong in it ends here and is recorded.</summary>
    private async ValueTask<FlowResult> GuardAsync(AppFlow flow, Func<ValueTask<FlowResult>> run)
    {
        try
        {
            return await run();
        }
        catch (OperationCanceledException) when (flow.Cancelled.IsCancellationRequested)
        {
            return _stop.IsCancellationRequested
                ? new FlowResult(FlowEnding.SessionEnded, Errno.ECONNABORTED, 0, 0)
                : new FlowResult(FlowEnding.AppGaveUp, 0, 0, 0);
        }
        catch (Exception error)
        {
            _context.Logger.LogError(error, "A flow to {Destination} failed", flow.Destination);
            return FlowResult.Failed(Errno.ENETUNREACH);
        }
    }

    private void Record(AppFlow flow, DateTimeOffset start, FlowResult result) => _context.Records(new FlowRecord(
        start,
        flow.ProcessId,
        flow.ProcessName,
        flow.Destination,
        _context.NameOf(flow.Destination.Address),
        result.Ending,
        result.Errno,
        result.BytesUp,
        result.BytesDown,
        _context.Time.GetUtcNow() - start));
}
