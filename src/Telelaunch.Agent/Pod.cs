using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

using Telelaunch.Agent.Names;
using Telelaunch.Net;
using Telelaunch.Net.Dns;

namespace Telelaunch.Agent;

/// <summary>What the agent tells of its pod.</summary>
internal static class Pod
{
    public static string AgentVersion { get; } = typeof(Pod).Assembly.GetName().Version?.ToString(3) ?? "0.0.0";

    public static PodDescription Describe(PodResolver resolver)
    {
        ResolvConf configuration = resolver.Configuration;
        return new(Environment.MachineName, Addresses(), configuration.NameServers, configuration.SearchDomains, configuration.Ndots, AgentVersion);
    }

    /// <summary>Addresses of the interfaces that are up, IPv4 first; neither loopback nor link-local.</summary>
    private static IPAddress[] Addresses() =>
    [
        .. NetworkInterface.GetAllNetworkInterfaces()
            .Where(link => link.OperationalStatus != OperationalStatus.Down && link.NetworkInterfaceType != NetworkInterfaceType.Loopback)
            .SelectMany(link => link.GetIPProperties().UnicastAddresses)
            .Select(unicast => unicast.Address)
            .Where(address => !IPAddress.IsLoopback(address) && !address.IsIPv6LinkLocal)
            .OrderBy(address => address.AddressFamily == AddressFamily.InterNetwork ? 0 : 1),
    ];
}
