using System.Buffers;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Telelaunch.Linux;
using Telelaunch.Net;

namespace Telelaunch.Broker;

/// <summary>What the broker does with a request.</summary>
/// <param name="WellFormed">False: the body wasn't one; the connection is closed without a reply.</param>
/// <param name="Reply">Empty: none is sent.</param>
internal readonly record struct ControlAnswer(bool WellFormed, ReadOnlyMemory<byte> Reply)
{
    internal static ControlAnswer None => new(true, default);

    internal static ControlAnswer Malformed => new(false, default);
}

/// <summary>Answers one request; owns it.</summary>
internal delegate ValueTask<ControlAnswer> ControlHandler(ControlRequest request, CancellationToken cancellationToken);

/// <summary>The listening end of <c>$TELELAUNCH_SESSION/control</c>.</summary>
/// <remarks>
/// Theory of operation: one connection carries one packet each way. Accepting, waiting for the packet and answering are asynchronous, so no
/// connection has a thread. Only this user's processes are served (SO_PEERCRED); what isn't a request of this version is closed, and the first of each
/// kind of fault is logged.
/// </remarks>
internal sealed class ControlSocket : IAsyncDisposable
{
    private const int Backlog = 4096;
    private const int MaximumConnections = 4096;

    // A peer that connects and sends nothing is broken or hostile; the shim sends at once.
    private static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(30);

    private readonly Socket _listener;
    private readonly ControlHandler _handler;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly OpenTasks _connections = new();
    private readonly SemaphoreSlim _room = new(MaximumConnections);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _accepting;
    private int _faultsSeen;
    private long _connectionCount;

    /// <param name="path">Doesn't exist yet; at most 107 bytes.</param>
    internal ControlSocket(string path, ControlHandler handler, TimeProvider time, ILogger logger)
    {
        _handler = handler;
        _time = time;
        _logger = logger;
        _listener = new Socket(AddressFamily.Unix, SocketType.Seqpacket, ProtocolType.Unspecified);
        try
        {
            _listener.Bind(new UnixDomainSocketEndPoint(path));
            _listener.Listen(Backlog);
        }
        catch
        {
            _listener.Dispose();
            throw;
        }

        _accepting = RunAsync(_stop.Token);
    }

    /// <summary>Connections accepted so far: one a request.</summary>
    internal long ConnectionCount => Interlocked.Read(ref _connectionCount);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        await _connections.WhenAllAsync();
        _stop.Dispose();
        _room.Dispose();
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await _room.WaitAsync(cancellationToken);
                Socket peer = await _listener.AcceptAsync(cancellationToken);
                Interlocked.Increment(ref _connectionCount);
                _connections.Run(() => ServeAsync(peer, cancellationToken));
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (ObjectDisposedException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (SocketException error)
            {
                // ECONNABORTED, or no descriptors left for a moment: the listener goes on.
                _room.Release();
                ReportOnce(Fault.Accept, $"The control socket could not accept: {error.SocketErrorCode}");
                await Task.Delay(TimeSpan.FromMilliseconds(10), _time, CancellationToken.None);
            }
        }
    }

    private async Task ServeAsync(Socket peer, CancellationToken cancellationToken)
    {
        // Off the accept loop: it goes on while this one is read.
        await Task.Yield();
        try
        {
            using (peer)
                await ServePacketAsync(peer, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // The session ends, or the peer sent nothing in time.
        }
        catch (SocketException)
        {
            // The peer went away before its reply; it has nobody to tell.
        }
        catch (Exception error)
        {
            _logger.LogError(error, "A control request failed");
        }
        finally
        {
            _room.Release();
        }
    }

    private async Task ServePacketAsync(Socket peer, CancellationToken cancellationToken)
    {
        PeerCredentials credentials = PeerCredentials.Of(peer);
        if (credentials.UserId != PeerCredentials.CurrentUserId)
        {
            ReportOnce(Fault.Stranger, $"A process of user {credentials.UserId} was refused on the control socket");
            return;
        }

        ControlRequest? request = await ReceiveAsync(peer, credentials, cancellationToken);
        if (request is null)
            return;
        using (request)
        {
            ControlAnswer answer = await AnswerAsync(peer, request, cancellationToken);
            if (!answer.WellFormed)
                ReportOnce(Fault.Malformed, $"A malformed {request.Kind} request of {request.Body.Length} bytes was refused (process {credentials.ProcessId})");
            else if (!answer.Reply.IsEmpty)
                await peer.SendAsync(answer.Reply, SocketFlags.None, cancellationToken);
        }
    }

    /// <summary>Answers, and cancels that when the peer closes meanwhile: it was interrupted by a signal, or died.</summary>
    private async ValueTask<ControlAnswer> AnswerAsync(Socket peer, ControlRequest request, CancellationToken cancellationToken)
    {
        using CancellationTokenSource gone = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        ValueTask<ControlAnswer> answering = _handler(request, gone.Token);
        if (answering.IsCompleted)
            return await answering;
        Task watching = CancelWhenClosedAsync(peer, gone);
        try
        {
            return await answering;
        }
        finally
        {
            await gone.CancelAsync();
            await watching;
        }
    }

    private static async Task CancelWhenClosedAsync(Socket peer, CancellationTokenSource gone)
    {
        try
        {
            await peer.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None, gone.Token);
            await gone.CancelAsync();
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException)
        {
            // Answered first, or the send will meet the same.
        }
    }

    private async ValueTask<ControlRequest?> ReceiveAsync(Socket peer, PeerCredentials credentials, CancellationToken cancellationToken)
    {
        ReceivedPacket packet;
        byte[] buffer = ArrayPool<byte>.Shared.Rent(ControlProtocol.MaximumLength);
        try
        {
            packet = PacketReceiver.TryReceive(peer.SafeHandle, buffer.AsSpan(0, ControlProtocol.MaximumLength));
            if (packet.Status == PacketStatus.WouldBlock)
            {
                using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                using ITimer timer = _time.CreateTimer(static state => ((CancellationTokenSource)state!).Cancel(), patience, RequestTimeout, Timeout.InfiniteTimeSpan);
                await peer.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None, patience.Token);
                packet = PacketReceiver.TryReceive(peer.SafeHandle, buffer.AsSpan(0, ControlProtocol.MaximumLength));
            }

            if (packet.Status == PacketStatus.Received
                && ControlRequest.TryParse(buffer.AsSpan(0, packet.Length), packet.Socket, credentials, out ControlRequest request))
                return request;
            packet.Socket?.Dispose();
            if (packet.Status == PacketStatus.Received && packet.Length > 0 && buffer[0] != ControlProtocol.Version)
            {
                ReportOnce(
                    Fault.Version,
                    $"A shim of protocol version {buffer[0]} called (process {credentials.ProcessId}), this broker speaks {ControlProtocol.Version}: install both from one build");
            }
            else if (packet.Status is PacketStatus.Received or PacketStatus.Broken)
            {
                ReportOnce(Fault.Malformed, $"A packet of {packet.Length} bytes that is no request was refused (process {credentials.ProcessId})");
            }

            return null;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private void ReportOnce(Fault fault, string message)
    {
        if ((Interlocked.Or(ref _faultsSeen, (int)fault) & (int)fault) == 0)
            _logger.LogWarning("{Message}", message);
    }

    [Flags]
    private enum Fault
    {
        Stranger = 1,
        Malformed = 2,
        Version = 4,
        Accept = 8,
    }
}
