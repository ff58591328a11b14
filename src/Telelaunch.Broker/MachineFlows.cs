using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Telelaunch.Linux;
using Telelaunch.Net;

namespace Telelaunch.Broker;

/// <summary>What <see cref="MachineFlows"/> are given.</summary>
public sealed record MachineFlowsOptions
{
    /// <summary>Listening and transparent, one a family; owned by the flows.</summary>
    public required IReadOnlyList<Socket> Listeners { get; init; }

    public required Dialer Dialer { get; init; }

    /// <summary>The name that a lookup gave an address for; null where none did.</summary>
    public Func<IPAddress, string?> NameOf { get; init; } = static _ => null;

    /// <summary>Called for each flow that ended; on any thread, several at once. Must not throw or wait.</summary>
    public Action<BrokerRecord> Records { get; init; } = static _ => { };

    public TimeProvider Time { get; init; } = TimeProvider.System;

    public ILogger Logger { get; init; } = NullLogger.Instance;
}

/// <summary>Connections of any program of this machine, caught by the packet filter.</summary>
/// <remarks>
/// <list type="number">
/// <item>The filter holds a SYN and asks <see cref="DialAsync"/>; the pod connects, or its errno says how the filter answers.</item>
/// <item>The filter lets the SYN go on to one of our listeners, which are transparent: the accepted socket's own address is the destination that the program asked for.</item>
/// <item>Both ends of the accepted socket find the pod's stream, and the two are relayed.</item>
/// </list>
/// A connection that nobody dialled for (somebody connects to the listener itself) gets RST.
/// </remarks>
public sealed class MachineFlows : IAsyncDisposable
{
    // A program that closed its socket during the dial never completes the handshake. SYN is sent again after 1, 3 and 7 s (tcp(7)), so whoever still wants it comes by then.
    private static readonly TimeSpan AcceptPatience = TimeSpan.FromSeconds(10);

    private readonly MachineFlowsOptions _options;
    private readonly ConcurrentDictionary<(IPEndPoint Source, IPEndPoint Destination), TaskCompletionSource<Socket>> _expected = new();
    private readonly OpenTasks _open = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _accepting;

    public MachineFlows(MachineFlowsOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _accepting = [.. options.Listeners.Select(listener => AcceptAsync(listener, _stop.Token))];
    }

    /// <summary>Flows that dial or relay.</summary>
    public int OpenFlows => _open.Count;

    /// <summary>Waits until the flows that are open now have ended: what a program wrote before it ended is still on its way to the pod.</summary>
    public Task WaitForFlowsAsync(CancellationToken cancellationToken) => _open.WhenPresentAsync().WaitAsync(cancellationToken);

    /// <summary>Has the pod connect; then the program's handshake may go on.</summary>
    /// <returns>0, or the errno of the pod's connect.</returns>
    public ValueTask<int> DialAsync(IPEndPoint source, IPEndPoint destination)
    {
        var answered = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        _open.Run(() => RunAsync(source, destination, answered));
        return new ValueTask<int>(answered.Task);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        foreach (Socket listener in _options.Listeners)
            listener.Dispose();
        await Task.WhenAll(_accepting);
        await _open.WhenAllAsync();
        _stop.Dispose();
    }

    private async Task RunAsync(IPEndPoint source, IPEndPoint destination, TaskCompletionSource<int> answered)
    {
        DateTimeOffset start = _options.Time.GetUtcNow();
        FlowResult result;
        try
        {
            DialResult dial = await _options.Dialer(destination, _stop.Token);
            result = dial.Stream is null ? FlowResult.Failed(dial.Errno) : await RelayAsync((source, destination), dial.Stream, answered);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            result = new FlowResult(FlowEnding.SessionEnded, Errno.ENETUNREACH, 0, 0);
        }
        catch (Exception error)
        {
            _options.Logger.LogError(error, "A flow to {Destination} failed", destination);
            result = FlowResult.Failed(Errno.ENETUNREACH);
        }

        answered.TrySetResult(result.Errno);
        _options.Records(new FlowRecord(
            start, 0, "", destination, _options.NameOf(destination.Address), result.Ending, result.Errno, result.BytesUp, result.BytesDown, _options.Time.GetUtcNow() - start));
    }

    private async Task<FlowResult> RelayAsync((IPEndPoint Source, IPEndPoint Destination) ends, DuplexStream pod, TaskCompletionSource<int> answered)
    {
        var accepted = new TaskCompletionSource<Socket>(TaskCreationOptions.RunContinuationsAsynchronously);
        _expected[ends] = accepted;
        answered.SetResult(0);
        Socket socket;
        try
        {
            socket = await accepted.Task.WaitAsync(AcceptPatience, _options.Time, _stop.Token);
        }
        catch (Exception error) when (error is TimeoutException or OperationCanceledException)
        {
            // Whoever removes the entry decides: after an accept there is a socket, however late.
            if (_expected.TryRemove(new(ends, accepted)))
            {
                pod.Abort();
                await pod.DisposeAsync();
                return new FlowResult(error is TimeoutException ? FlowEnding.AppGaveUp : FlowEnding.SessionEnded, 0, 0, 0);
            }

            socket = await accepted.Task;
        }

        return FlowResult.Relayed(await new StreamRelay(new SocketDuplexStream(socket), pod).RunAsync(_stop.Token));
    }

    private async Task AcceptAsync(Socket listener, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                Socket socket = await listener.AcceptAsync(cancellationToken);
                // Socket.LocalEndPoint may answer the listener's.
                if (socket.RemoteEndPoint is IPEndPoint source && _expected.TryRemove((source, socket.ReadLocalEndPoint()), out TaskCompletionSource<Socket>? expected))
                {
                    socket.NoDelay = true;
                    expected.SetResult(socket);
                }
                else
                {
                    socket.LingerState = new LingerOption(true, 0);
                    socket.Dispose();
                }
            }
            catch (Exception error) when (error is OperationCanceledException or ObjectDisposedException or SocketException)
            {
                // The session ends; or the caller was gone before it was accepted, or descriptors have run out for now.
            }
        }
    }
}
