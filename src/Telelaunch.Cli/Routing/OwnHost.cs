using System.Net;
using System.Net.Sockets;
using Telelaunch.Cluster;
using Telelaunch.Net;

namespace Telelaunch.Cli.Routing;

/// <summary>The host that this session itself is carried by: its connections and its name must never go into the session.</summary>
/// <param name="Name">Its name, which this machine's own name servers answer; null where the kubeconfig has an address.</param>
/// <param name="Addresses">All of its addresses.</param>
internal sealed record OwnHost(string? Name, IReadOnlyList<IPAddress> Addresses)
{
    /// <summary>The addresses as ranges of their own.</summary>
    public IEnumerable<AddressRange> Ranges => Addresses.Select(AddressRange.OfAddress);

    /// <summary>Looks it up while this machine's name servers are still as they were.</summary>
    /// <exception cref="HostException">It has no address any more.</exception>
    public static async Task<OwnHost> FindAsync(Kubeconfig kubeconfig, CancellationToken cancellationToken)
    {
        var host = kubeconfig.FirstHop.IdnHost.Trim('[', ']');
        if (IPAddress.TryParse(host, out var address)) return new(null, [address]);
        try
        {
            return new(host, await Dns.GetHostAddressesAsync(host, cancellationToken));
        }
        catch (SocketException error)
        {
            throw new HostException("api-server-unknown", $"The name {host} of the API server can't be resolved: {error.Message}", "Look at this machine's name servers, and try again.", error);
        }
    }
}
