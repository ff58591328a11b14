using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Telelaunch.Net;

namespace Telelaunch.Broker.Split;

/// <summary>Has this machine's routing send single addresses to the cluster. Completes once it does; called for one change at a time.</summary>
/// <param name="added">To the cluster from now on.</param>
/// <param name="forgotten">As before from now on.</param>
/// <exception cref="TelelaunchException">Nothing has changed; the answer that brought the addresses is withheld.</exception>
public delegate ValueTask SingleRouting(IReadOnlyList<IPAddress> added, IReadOnlyList<IPAddress> forgotten);

/// <summary>What a <see cref="SplitNameServer"/> is given.</summary>
public sealed record SplitNameServerOptions
{
    /// <summary>Bound; owned by the server.</summary>
    public required Socket Udp { get; init; }

    /// <summary>Listening on the same address and port; owned by the server. Null: questions come by UDP only.</summary>
    public Socket? Tcp { get; init; }

    /// <summary>The way to the cluster's names: the tunnel, or <see cref="Net.Dns.DnsResolver"/> where its name server can be reached.</summary>
    public required IPodResolver Resolver { get; init; }

    public required PodDescription Pod { get; init; }

    public ClusterNames Names { get; init; } = ClusterNames.Unknown;

    /// <summary>What is routed already: addresses in it aren't learnt, and are looked up in reverse.</summary>
    public AddressRanges Ranges { get; init; } = AddressRanges.Empty;

    /// <summary>This machine's name servers, see <see cref="SplitNameServer.Upstreams"/>.</summary>
    public required IReadOnlyList<IPEndPoint> Upstreams { get; init; }

    public required SingleRouting Routing { get; init; }

    /// <summary>How many single addresses are routed at most; what was answered longest ago is forgotten first.</summary>
    public int MaximumSingles { get; init; } = 4096;

    /// <summary>Called for each lookup and notice; on any thread, several at once. Must not throw or wait.</summary>
    public Action<BrokerRecord> Records { get; init; } = static _ => { };

    public TimeProvider Time { get; init; } = TimeProvider.System;

    public ILogger Logger { get; init; } = NullLogger.Instance;
}
