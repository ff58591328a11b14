using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Telelaunch.Linux;

namespace Telelaunch.Broker;

/// <summary>A real listener on loopback for kernels where SYN can't be held: the shim asks first and connects afterwards.</summary>
/// <remarks>Accepts only sockets that it was told of: the accepted peer's address must be the own address of a socket passed with a DIAL. Others get RST.</remarks>
internal sealed class WaitPort : IAsyncDisposable
{
    private readonly Socket _listener;
    private readonly ILogger _logger;
    private readonly ConcurrentDictionary<PassedSocket, TaskCompletionSource<Socket>> _expected = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _accepting;
    private int _strangers;

    private WaitPort(Socket listener, ILogger logger)
    {
        _listener = listener;
        _logger = logger;
        _accepting = RunAsync(_stop.Token);
    }

    internal int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    /// <summary>Null where the address isn't to be had (IPv6 off).</summary>
    internal static WaitPort? TryOpen(IPAddress loopback, ILogger logger)
    {
        var listener = new Socket(loopback.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            listener.Bind(new IPEndPoint(loopback, 0));
            listener.Listen(4096);
            return new WaitPort(listener, logger);
        }
        catch (SocketException)
        {
            listener.Dispose();
            return null;
        }
    }

    /// <summary>From now on <paramref name="app"/> is let in; the task ends with the accepted socket, owned by the caller.</summary>
    internal Task<Socket> ExpectAsync(PassedSocket app, CancellationToken cancellationToken)
    {
        var accepted = new TaskCompletionSource<Socket>(TaskCreationOptions.RunContinuationsAsynchronously);
        _expected[app] = accepted;
        return WaitAsync();

        async Task<Socket> WaitAsync()
        {
            await using CancellationTokenRegistration _ = cancellationToken.Register(() =>
            {
                // Whoever removes the entry decides: after an accept there is a socket to take over.
                if (_expected.TryRemove(app, out TaskCompletionSource<Socket>? mine))
                    mine.TrySetCanceled(cancellationToken);
            });
            return await accepted.Task;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _stop.Dispose();
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                Socket peer = await _listener.AcceptAsync(cancellationToken);
                Admit(peer);
            }
            catch (Exception error) when (error is OperationCanceledException or ObjectDisposedException or SocketException)
            {
                // ECONNABORTED is the caller's business; anything while stopping is ours.
            }
        }
    }

    private static bool IsOwnAddress(PassedSocket app, IPEndPoint from)
    {
        try
        {
            return app.LocalEndPoint.Equals(from);
        }
        catch (ObjectDisposedException)
        {
            // Its flow gave up at this very moment.
            return false;
        }
    }

    private void Admit(Socket peer)
    {
        var from = (IPEndPoint)peer.RemoteEndPoint!;
        foreach ((PassedSocket app, TaskCompletionSource<Socket> accepted) in _expected)
        {
            if (IsOwnAddress(app, from) && _expected.TryRemove(app, out _))
            {
                peer.NoDelay = true;
                accepted.SetResult(peer);
                return;
            }
        }

        if (Interlocked.Exchange(ref _strangers, 1) == 0)
            _logger.LogWarning("A connection from {Peer} that no application announced was refused", from);
        peer.LingerState = new LingerOption(true, 0);
        peer.Close(0);
    }
}
