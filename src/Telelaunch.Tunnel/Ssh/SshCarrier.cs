using System.Net.Sockets;
using Renci.SshNet;
using Renci.SshNet.Common;
using Telelaunch.Net;

namespace Telelaunch.Tunnel.Ssh;

/// <summary>A carrier inside an SSH session: end-to-end encryption and a pinned host key, whatever sits between.</summary>
/// <remarks>
/// <code>
/// mux ⇄ [ SSH.NET: one session channel ] ⇄ loopback bridge ⇄ port-forward ⇄ sshd ⇄ login shell, which hands the channel to the agent
/// </code>
/// <para>The channel is a session without a terminal; user flows never have one of their own. A forwarded port would lead every byte through one
/// more socket on each side.</para>
/// <para>Two threads live as long as the carrier, SSH.NET's session's and the one that writes. Calls of SSH.NET that block run on threads of their own.</para>
/// </remarks>
internal sealed class SshCarrier : CarrierStream
{
    private readonly Lock _lock = new();
    private readonly LoopbackBridge _bridge;
    private readonly SshClient _client;
    private readonly Task _watching;
    private SshChannel? _channel;
    private TunnelException? _failure;
    private bool _hasReceived;
    private int _disposed;

    /// <param name="bridge">Owned.</param>
    /// <param name="client">A connected client; owned.</param>
    private SshCarrier(LoopbackBridge bridge, SshClient client)
    {
        _bridge = bridge;
        _client = client;
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
            carrier = new SshCarrier(bridge, login.Connect(static info => new SshClient(info)));
            carrier.OpenChannel();
        }
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int count = await _channel!.ReadAsync(buffer, cancellationToken);
        _hasReceived |= count > 0;
        if (count > 0 || buffer.IsEmpty)
            return count;

        End(TunnelFault.SshChannelClosed());
        throw new IOException(Failure!.Message, Failure);
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            await _channel!.WriteAsync(buffer);
        }
        catch (Exception e) when (e is SshException or SocketException or ObjectDisposedException)
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
        if (_channel is not null)
            await _channel.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    private void OpenChannel()
    {
        try
        {
            _channel = new SshChannel(_client, error => End(_bridge.Failure ?? WhyChannelEnded(error)));
        }
        catch (Exception e) when (_bridge.Failure is null && e is SshException and not SshConnectionException)
        {
            throw TunnelFault.SshChannelRefused(e);
        }

        // What ended meanwhile found no channel to end.
        if (Failure is not null)
            _channel.End();
    }

    private TunnelException WhyChannelEnded(Exception? error) => error switch
    {
        not null => TunnelFault.SshLost(error),
        null when _hasReceived => TunnelFault.SshChannelClosed(),
        null => TunnelFault.SshChannelRefused(null),
    };

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
        _channel?.End();
    }
}
