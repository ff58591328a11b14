using System.Net.Sockets;
using Renci.SshNet;
using Telelaunch.Net;

namespace Telelaunch.Tunnel.Ssh;

/// <summary>A carrier inside an SSH session: end-to-end encryption and a pinned host key, whatever sits between.</summary>
/// <remarks>
/// <code>
/// mux ⇄ loopback socket ⇄ [ SSH.NET: one direct-tcpip channel ] ⇄ loopback bridge ⇄ port-forward ⇄ sshd ⇄ agent
/// </code>
/// <para>The channel is one connection of a forwarded port; user flows never are. Unlike SSH.NET's command streams it has back-pressure both ways.</para>
/// <para>SSH.NET keeps two threads for the carrier's life, its session's and a pool thread that reads the socket, for which the pool
/// is granted another. Calls of SSH.NET that block run on threads of their own.</para>
/// </remarks>
internal sealed class SshCarrier : CarrierStream
{
    private readonly Lock _lock = new();
    private readonly LoopbackBridge _bridge;
    private readonly SshClient _client;
    private readonly SshChannelPort _port;
    private readonly Task _watching;
    private readonly PoolThreadGrant _grant = new();
    private TunnelException? _failure;
    private bool _hasReceived;
    private int _disposed;

    /// <param name="bridge">Owned.</param>
    /// <param name="client">A connected client; owned.</param>
    private SshCarrier(LoopbackBridge bridge, SshClient client, int agentPort)
    {
        _bridge = bridge;
        _client = client;
        _client.ErrorOccurred += (_, e) => End(_bridge.Failure ?? TunnelFault.SshLost(e.Exception));
        _port = new SshChannelPort(client, agentPort, e => End(_bridge.Failure ?? TunnelFault.SshChannelRefused(e)));
        _watching = WatchBridgeAsync();
    }

    public override TunnelException? Failure => Volatile.Read(ref _failure);

    /// <summary>Opens a session over <paramref name="lower"/>, which leads to sshd, and one channel in it.</summary>
    /// <param name="lower">Owned from now on, also when this throws.</param>
    /// <exception cref="TunnelException">The host key isn't the session's, sshd refused us or isn't there, or no strong cipher is common.</exception>
    public static async Task<SshCarrier> OpenAsync(CarrierStream lower, SessionKeys keys, TunnelOptions options, CancellationToken cancellationToken)
    {
        var bridge = new LoopbackBridge(lower);
        using var login = new SshLogin(bridge, keys, options.SshUser);
        SshCarrier? carrier = null;
        try
        {
            await using (cancellationToken.UnsafeRegister(static b => ((LoopbackBridge)b!).Stop(), bridge))
            {
                // Connecting and opening block; stopping the bridge ends them.
                await Task.Factory.StartNew(Open, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            }

            return carrier!;
        }
        catch (Exception e)
        {
            TunnelException failure = login.Explain(e);
            if (carrier is null)
                await bridge.DisposeAsync();
            else
                await carrier.DisposeAsync();
            cancellationToken.ThrowIfCancellationRequested();
            throw failure;
        }

        void Open()
        {
            carrier = new SshCarrier(bridge, login.Connect(), options.AgentPort);
            carrier._port.Open();
        }
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            int count = await _port.Socket.ReceiveAsync(buffer, cancellationToken);
            _hasReceived |= count > 0;
            if (count > 0 || buffer.IsEmpty)
                return count;
            End(_bridge.Failure ?? (_hasReceived ? TunnelFault.SshChannelClosed() : TunnelFault.SshChannelRefused(null)));
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            End(_bridge.Failure ?? TunnelFault.SshLost(e));
        }

        throw new IOException(Failure!.Message, Failure);
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            while (!buffer.IsEmpty)
                buffer = buffer[await _port.Socket.SendAsync(buffer, cancellationToken)..];
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            End(_bridge.Failure ?? TunnelFault.SshLost(e));
            throw new IOException(Failure!.Message, Failure);
        }
    }

    public override async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;

        End(TunnelFault.CarrierClosed());
        await _bridge.DisposeAsync();
        await _watching;
        // Waits for SSH.NET's threads.
        await Task.Factory.StartNew(_client.Dispose, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        await _port.DisposeAsync();
        _grant.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>The bridge's end is told by the bridge; SSH.NET would only see a socket that closed.</summary>
    private async Task WatchBridgeAsync()
    {
        await _bridge.Completion;
        End(_bridge.Failure ?? TunnelFault.PortForwardEnded());
    }

    /// <summary>Keeps the first cause and wakes whoever waits. Called on any thread, SSH.NET's included; never blocks.</summary>
    private void End(TunnelException failure)
    {
        lock (_lock)
            _failure ??= failure;
        _port.Socket.Dispose();
    }
}
