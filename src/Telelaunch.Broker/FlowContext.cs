using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Telelaunch.Net;

namespace Telelaunch.Broker;

/// <summary>What all flows and lookups of a session share.</summary>
internal sealed class FlowContext(Dialer dialer, PodDescription pod, Action<BrokerRecord> records, TimeProvider time, ILogger logger)
{
    private volatile PodDescription _pod = pod;
    private volatile TunnelState _tunnelState;

    internal Dialer Dialer { get; } = dialer;

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

    internal string? NameOf(IPAddress address) => Learnt?.NameOf(address);

    /// <summary>The pod's first address of the destination's family.</summary>
    internal IPAddress? PodAddressFor(IPEndPoint destination) => PodAddress(destination.AddressFamily);

    internal IPAddress? PodAddress(AddressFamily family) => Pod.Addresses.FirstOrDefault(address => address.AddressFamily == family);
}
