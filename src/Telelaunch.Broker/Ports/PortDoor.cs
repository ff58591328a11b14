using System.Net;
using Microsoft.Extensions.Logging;
using Telelaunch.Linux;
using Telelaunch.Net;

namespace Telelaunch.Broker.Ports;

/// <summary>One exposed port: the pod listens while somebody does on this machine.</summary>
/// <remarks>
/// An unprivileged agent can't hold a SYN, so that a port nobody serves must not be listened on at all, or its callers would be accepted and then reset.
/// Only <see cref="ExposedPorts"/>' loop opens and closes; callers and the tunnel come on threads of their own.
/// <code>
///            somebody listens here            pod says no
/// Unserved ───────────────────────► opening ─────────────► PodRefused ── asked again after a while
///    ▲                                  │ pod listens
///    └───────── nobody any more ─────── Served ◄──────────► TunnelDown
/// </code>
/// </remarks>
internal sealed class PortDoor(ExposedPort port, ExposedPortsOptions options, CallerDialer dialer) : IAsyncDisposable
{
    // Whoever has the port in the pod may give it back: a container that restarts.
    private static readonly TimeSpan RefusedPause = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private IAsyncDisposable? _podListener;
    private HostListener? _host;
    private PortRecord _record = new(options.Time.GetUtcNow(), port, PortState.Unserved, null, 0, "", false, 0);
    private long _refusedAt;

    public ExposedPort Port => port;

    public PortRecord Record
    {
        get
        {
            lock (_lock)
                return _record;
        }
    }

    /// <summary>Whether the pod can listen there at all, found out by doing it. What it finds stays open for <see cref="FollowAsync"/>.</summary>
    /// <returns>0, or the pod's errno.</returns>
    public async ValueTask<int> TryOpenAsync(CancellationToken cancellationToken)
    {
        PodListenResult result = await options.Listen(port.PodEndPoint, DialAsync, OnPodChanged, cancellationToken);
        _podListener = result.Listener;
        return result.Errno;
    }

    /// <summary>Opens, closes and tells, as what listens on this machine demands.</summary>
    /// <param name="host">Null: nobody.</param>
    /// <param name="isCommand">Whether it is the command's.</param>
    public async ValueTask FollowAsync(HostListener? host, bool isCommand, CancellationToken cancellationToken)
    {
        bool isSame = host is { } now && _host is { } before && now.Socket.Cookie == before.Socket.Cookie && now.Socket.Inode == before.Socket.Inode;
        lock (_lock)
            _host = host;
        if (host is null)
        {
            await CloseAsync();
            if (Record.State != PortState.Unserved)
                Tell(new PortRecord(options.Time.GetUtcNow(), port, PortState.Unserved, null, 0, "", false, 0));
            return;
        }

        int errno = _podListener is not null ? Record.Errno : await ReopenAsync(isSame, cancellationToken);
        if (isSame && Record.State != PortState.Unserved && errno == Record.Errno && isCommand == Record.IsCommand)
            return;
        int holder = SocketHolder.Find(host.Value.Socket.Inode);
        Tell(new PortRecord(
            options.Time.GetUtcNow(), port, StateOf(errno), host.Value.DialEndPoint, holder, ProcessIdentity.NameOf(holder), isCommand, errno));
    }

    /// <summary>The pod listens no more.</summary>
    public async ValueTask CloseAsync()
    {
        if (_podListener is { } open)
        {
            _podListener = null;
            await open.DisposeAsync();
            options.Logger.LogDebug("The pod stopped listening on port {Port}", port.PodPort);
        }
    }

    public ValueTask DisposeAsync() => CloseAsync();

    private static PortState StateOf(int errno) => errno switch
    {
        0 => PortState.Served,
        Errno.ENETUNREACH or Errno.ECONNRESET or Errno.ECONNABORTED => PortState.TunnelDown,
        _ => PortState.PodRefused,
    };

    private async ValueTask<int> ReopenAsync(bool isSame, CancellationToken cancellationToken)
    {
        int before = Record.Errno;
        if (isSame && before != 0 && options.Time.GetElapsedTime(_refusedAt) < RefusedPause)
            return before;
        int errno = await TryOpenAsync(cancellationToken);
        _refusedAt = options.Time.GetTimestamp();
        options.Logger.LogDebug("The pod was asked to listen on port {Port}: {Errno}", port.PodPort, Errno.NameOf(errno));
        return errno;
    }

    private ValueTask<DialResult> DialAsync(IPEndPoint caller, CancellationToken cancellationToken)
    {
        HostListener? host;
        lock (_lock)
            host = _host;
        return dialer.DialAsync(port, host?.DialEndPoint, caller, cancellationToken);
    }

    private void OnPodChanged(int errno)
    {
        PortRecord changed;
        lock (_lock)
        {
            // Closed here meanwhile, or nothing new.
            if (_record.State == PortState.Unserved || _record.Errno == errno)
                return;
            changed = _record = _record with { Time = options.Time.GetUtcNow(), State = StateOf(errno), Errno = errno };
        }

        options.Records(changed);
    }

    private void Tell(PortRecord record)
    {
        lock (_lock)
            _record = record;
        options.Records(record);
    }
}
