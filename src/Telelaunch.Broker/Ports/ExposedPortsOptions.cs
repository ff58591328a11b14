using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Telelaunch.Linux;
using Telelaunch.Net;

namespace Telelaunch.Broker.Ports;

/// <summary>Which ports of the pod lead here, and by what.</summary>
public sealed record ExposedPortsOptions
{
    /// <summary>No two with one port of the pod.</summary>
    public IReadOnlyList<ExposedPort> Ports { get; init; } = [];

    /// <summary><c>--expose auto</c>: whatever port the command listens on, too.</summary>
    public bool FollowsCommand { get; init; }

    public required PodListen Listen { get; init; }

    /// <summary>The command's own listeners, see <see cref="Broker.AppListeners"/>.</summary>
    public required AppListeners AppListeners { get; init; }

    /// <summary>Gets a <see cref="PortRecord"/> for each change and a <see cref="CallerRecord"/> for each caller; on any thread. Must not throw or wait.</summary>
    public Action<BrokerRecord> Records { get; init; } = static _ => { };

    /// <summary>What listens on this machine is looked at so often, and at once when a shim tells of a listener.</summary>
    public TimeSpan LookInterval { get; init; } = TimeSpan.FromMilliseconds(200);

    public TimeProvider Time { get; init; } = TimeProvider.System;

    public ILogger Logger { get; init; } = NullLogger.Instance;

    /// <summary>What listens on this machine.</summary>
    internal Func<IReadOnlyList<ListeningSocket>> ReadListeners { get; init; } = ListeningSockets.Read;
}
