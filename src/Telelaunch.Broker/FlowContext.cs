using Microsoft.Extensions.Logging;
using Telelaunch.Net;

namespace Telelaunch.Broker;

/// <summary>What all flows and lookups of a session share.</summary>
internal sealed class FlowContext(Dialer dialer, PodDescription pod, Action<BrokerRecord> records, TimeProvider time, ILogger logger)
    : NameContext(pod, records, time, logger)
{
    internal Dialer Dialer { get; } = dialer;
}
