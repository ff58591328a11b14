using System.Net;

namespace Telelaunch.Routing.Resolver;

/// <summary>The name server that knows the cluster's names and asks the machine's own servers for all others.</summary>
public static class SplitDns
{
    /// <summary>Where it listens, UDP and TCP, port 53. Not 127.0.0.1 nor 127.0.0.53, where servers of the machine's own may be; not outside of 127.0.0.0/8, where others could reach it.</summary>
    public static IPAddress Address { get; } = IPAddress.Parse("127.84.53.53");
}
