using System.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Telelaunch.Net;

namespace Telelaunch.Broker;

/// <summary>What a broker is given: the ways into the cluster, and what is known of it.</summary>
public sealed record BrokerOptions
{
    public required Dialer Dialer { get; init; }

    public required IPodResolver Resolver { get; init; }

    public required PodDescription Pod { get; init; }

    /// <summary>Ranges that were found out (Services, Pods). One that overlaps a route of this machine is dropped, see <see cref="Broker.Overlaps"/>.</summary>
    public IReadOnlyList<AddressRange> ClusterRanges { get; init; } = [];

    /// <summary>Ranges of <c>--also-proxy</c>: never dropped. Names of it belong to <see cref="Names"/>.</summary>
    public IReadOnlyList<AddressRange> AlsoProxy { get; init; } = [];

    public IReadOnlyList<AddressRange> NeverProxy { get; init; } = [];

    /// <summary>Ports of <c>--to-pod</c>: loopback with one of these is the pod's own. At most <see cref="Broker.MaximumPodPorts"/>.</summary>
    public IReadOnlyList<int> PodPorts { get; init; } = [];

    /// <summary>Whether shims tell on which sockets the command listens, see <see cref="Broker.AppListeners"/>.</summary>
    public bool FollowsListeners { get; init; }

    public ClusterNames Names { get; init; } = ClusterNames.Unknown;

    /// <summary>This machine's name servers; null: those of /etc/resolv.conf.</summary>
    public IReadOnlyList<IPAddress>? HostNameServers { get; init; }

    /// <summary>This machine's routes; null: those of /proc/net.</summary>
    public IReadOnlyList<NamedRange>? HostRoutes { get; init; }

    /// <summary>Programs that stay outside (<c>--skip-processes</c>), besides the shim's own list.</summary>
    public IReadOnlyList<string> SkipProcesses { get; init; } = [];

    /// <summary>What gethostname(2) answers to processes; null: this machine's name. What is longer than 63 bytes is cut, as the kubelet cuts a pod's.</summary>
    public string? HostName { get; init; }

    /// <summary>The pod's volumes; null: none are shown.</summary>
    public MountedVolumes? Volumes { get; init; }

    /// <summary>Brings files of <see cref="Volumes"/> that are fetched on demand.</summary>
    public PodFileDesk Files { get; init; } = static (_, _) => ValueTask.FromResult(PodFileAnswer.Failed(Errno.ENOENT));

    /// <summary>The session's directory where it was made before; owned by the broker from <see cref="Broker.StartAsync"/> on. Null: one is made.</summary>
    public SessionDirectory? Directory { get; init; }

    /// <summary>Called for each flow that ended, each lookup, each notice; on any thread, several at once. Must not throw or wait.</summary>
    public Action<BrokerRecord> Records { get; init; } = static _ => { };

    /// <summary>Where session directories live; null: the user's runtime directory.</summary>
    public string? SessionRoot { get; init; }

    /// <summary>False: connects wait for the dial, as on kernels where a SYN can't be held.</summary>
    public bool HoldSyn { get; init; } = true;

    public TimeProvider Time { get; init; } = TimeProvider.System;

    public ILogger Logger { get; init; } = NullLogger.Instance;
}
