using Microsoft.Extensions.Logging;
using Telelaunch.Linux;
using Telelaunch.Net;

namespace Telelaunch.Broker.Ports;

/// <summary>The ports of the pod that lead to this machine, each open exactly while somebody listens here.</summary>
/// <remarks>
/// What listens here is read from the kernel: at once when a shim tells of a listener, and at a steady interval, because nothing tells that one has closed, nor
/// of programs that aren't the command's. One loop does it all.
/// </remarks>
public sealed class ExposedPorts : IAsyncDisposable
{
    private readonly ExposedPortsOptions _options;
    private readonly CallerDialer _dialer;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly List<PortDoor> _doors;
    private Task _following = Task.CompletedTask;
    private bool _readFailed;

    private ExposedPorts(ExposedPortsOptions options)
    {
        _options = options;
        _dialer = new CallerDialer(options);
        _doors = [.. options.Ports.Select(port => new PortDoor(port, options, _dialer))];
    }

    /// <summary>How each port stands now.</summary>
    public IReadOnlyList<PortRecord> Ports
    {
        get
        {
            lock (_lock)
                return [.. _doors.Select(door => door.Record)];
        }
    }

    /// <summary>Asks the pod for every port once, and then follows what listens here.</summary>
    /// <exception cref="ClusterException">The pod can't open a port that was asked for: <c>pod-port-taken</c>, <c>pod-port-not-permitted</c>, <c>pod-port-refused</c>.</exception>
    public static async Task<ExposedPorts> StartAsync(ExposedPortsOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        var ports = new ExposedPorts(options);
        try
        {
            await ports.TryAllAsync(cancellationToken);
            await ports.FollowAsync(cancellationToken);
            ports._following = ports.RunAsync(ports._stop.Token);
            return ports;
        }
        catch
        {
            await ports.DisposeAsync();
            throw;
        }
    }

    /// <summary>Waits until the callers that are connected now have ended: what the command wrote before it ended is still on its way to them.</summary>
    public Task WaitForCallersAsync(CancellationToken cancellationToken) => _dialer.PresentCallers.WaitAsync(cancellationToken);

    /// <summary>The pod stops listening; connected callers go on until the tunnel is closed.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_stop.IsCancellationRequested)
            return;
        await _stop.CancelAsync();
        await _following;
        foreach (PortDoor door in _doors)
            await door.DisposeAsync();
        _stop.Dispose();
    }

    /// <summary>Finds out before the command starts what the pod can't open.</summary>
    private async Task TryAllAsync(CancellationToken cancellationToken)
    {
        int[] errnos = await Task.WhenAll(_doors.Select(door => door.TryOpenAsync(cancellationToken).AsTask()));
        foreach ((PortDoor door, int errno) in _doors.Zip(errnos))
        {
            // A declared port that can't be opened is told once somebody serves it: nobody has asked for it.
            if (errno != 0 && door.Port.Origin != ExposeOrigin.Declared)
                throw PodPortFault.Of(door.Port, errno);
        }
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                // Taken before looking, so that what is told in between isn't missed.
                Task grown = _options.AppListeners.Grown;
                await FollowAsync(cancellationToken);
                using var turn = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                await Task.WhenAny(grown, Task.Delay(_options.LookInterval, _options.Time, turn.Token));
                await turn.CancelAsync();
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The session ends.
        }
        catch (Exception error)
        {
            _options.Logger.LogError(error, "The exposed ports aren't followed any more");
            _options.Records(new NoticeRecord(
                _options.Time.GetUtcNow(),
                "ports-not-followed",
                $"Exposed ports stay as they are from now on: {error.GetType().Name}: {error.Message}",
                "This is a defect of Telelaunch: start again with -v --log-file F and report it with that file."));
        }
    }

    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        if (TryLook() is not { } look)
            return;
        PortDoor[] gone = Follow(look.Told);
        await Task.WhenAll(_doors.Select(door => FollowAsync(door, look, cancellationToken)));
        foreach (PortDoor door in gone)
            await door.FollowAsync(null, false, cancellationToken);
    }

    private static Task FollowAsync(PortDoor door, ListenerLook look, CancellationToken cancellationToken)
    {
        // What was followed because the command listens must never lead to somebody else.
        IReadOnlyList<ListeningSocket> candidates = door.Port.Origin == ExposeOrigin.Followed ? look.Told : look.All;
        HostListener? host = HostListener.Choose(candidates, door.Port.HostPort);
        return door.FollowAsync(host, host is { } found && look.Told.Contains(found.Socket), cancellationToken).AsTask();
    }

    private ListenerLook? TryLook()
    {
        try
        {
            return _options.AppListeners.Look(_options.ReadListeners);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            if (!_readFailed)
            {
                _readFailed = true;
                _options.Records(new NoticeRecord(
                    _options.Time.GetUtcNow(),
                    "listeners-unreadable",
                    $"What listens on this machine can't be read: {error.Message}. Exposed ports stay as they are.",
                    "Allow this process to read /proc/net/tcp."));
            }

            return null;
        }
    }

    /// <summary>With <see cref="ExposedPortsOptions.FollowsCommand"/>: a door for each port of the command's that has none.</summary>
    /// <returns>Doors that nobody stands behind any more, removed from the list.</returns>
    private PortDoor[] Follow(IReadOnlyList<ListeningSocket> told)
    {
        if (!_options.FollowsCommand)
            return [];
        var ports = told.Select(socket => socket.EndPoint.Port).ToHashSet();
        lock (_lock)
        {
            PortDoor[] gone = [.. _doors.Where(door => door.Port.Origin == ExposeOrigin.Followed && !ports.Contains(door.Port.HostPort))];
            _doors.RemoveAll(door => gone.Contains(door));
            foreach (int port in ports.Order())
            {
                // An option that names the port, here or in the pod, goes first.
                if (!_doors.Any(door => door.Port.HostPort == port || door.Port.PodPort == port))
                    _doors.Add(new PortDoor(new ExposedPort(port, port, ExposeOrigin.Followed), _options, _dialer));
            }

            return gone;
        }
    }
}
