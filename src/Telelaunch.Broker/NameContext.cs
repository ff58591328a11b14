using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Telelaunch.Net;

namespace Telelaunch.Broker;

/// <summary>What all lookups of a session share.</summary>
internal class NameContext(PodDescription pod, Action<BrokerRecord> records, TimeProvider time, ILogger logger)
{
    private volatile PodDescription _pod = pod;
    private volatile TunnelState _tunnelState;
    private volatile bool _inLoop;

    internal Action<BrokerRecord> Records { get; } = records;

    internal TimeProvider Time { get; } = time;

    internal ILogger Logger { get; } = logger;

    internal LearntAddresses? Learnt { get; set; }

    internal PodDescription Pod
    {
        get => _pod;
        set => _pod = value;
    }

    internal TunnelState TunnelState
    {
        get => _tunnelState;
        set => _tunnelState = value;
    }

    /// <summary>The cluster's DNS forwards to this machine: it is asked for nothing but its own names from now on.</summary>
    internal bool InLoop => _inLoop;

    /// <summary>To be called once.</summary>
    internal void ReportLoop()
    {
        _inLoop = true;
        Records(new NoticeRecord(
            Time.GetUtcNow(),
            "dns-loop",
            "The cluster's DNS asks this machine in turn, as it does when the cluster runs on it: it is asked for the cluster's own names only.",
            "Nothing has to be done. If names of this machine's network are missing in the cluster, give its DNS another upstream server."));
    }

    internal string? NameOf(IPAddress address) => Learnt?.NameOf(address);

    /// <summary>The pod's first address of the destination's family.</summary>
    internal IPAddress? PodAddressFor(IPEndPoint destination) => PodAddress(destination.AddressFamily);

    internal IPAddress? PodAddress(AddressFamily family) => Pod.Addresses.FirstOrDefault(address => address.AddressFamily == family);
}
