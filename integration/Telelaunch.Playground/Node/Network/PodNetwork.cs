using System.Net;

namespace Telelaunch.Playground.Node.Network;

/// <summary>A pod's network: its namespace and its address.</summary>
internal sealed record PodAddress(string Namespace, IPAddress Address)
{
    public string Path => $"/var/run/netns/{Namespace}";
}

// node namespace                          pod namespace
//   cni0 10.244.0.1/24 ── vethN ══ eth0 10.244.0.N/32, default via 10.244.0.1
//   lo   10.243.0.2/32 (the node)
//
// The Service range has a route only so that its packets get as far as the rules, which translate, refuse or drop every one of them.
//
// A pod's address is a /32: also the neighbour on the bridge is reached through the node, so that the answer of a pod that was reached through a Service
// passes the node's connection tracking, without the kernel module br_netfilter. An address that nobody has ends in the node's ARP request, and the
// node's ICMP makes it EHOSTUNREACH after three seconds, as on any bridge.

/// <summary>Gives pods a network namespace and an address on the bridge.</summary>
internal sealed class PodNetwork(NodeSandbox sandbox)
{
    /// <summary>The bridge: where the pods' default route leads and where the cluster's DNS server listens.</summary>
    public static readonly IPAddress Gateway = IPAddress.Parse("10.244.0.1");

    /// <summary>The node's own address, <c>status.hostIP</c>.</summary>
    public static readonly IPAddress NodeAddress = IPAddress.Parse("10.243.0.2");

    public const string PodRange = "10.244.0.0/24";
    public const string ServiceRange = "10.96.0.0/16";

    private const string PrepareScript =
        """
        ip -batch - <<END
        link add cni0 type bridge
        addr add 10.244.0.1/24 dev cni0
        link set cni0 up
        addr add 10.243.0.2/32 dev lo
        route add 10.96.0.0/16 dev cni0
        END
        cd /proc/sys/net/ipv4
        echo 1 > ip_forward
        echo 0 > conf/all/send_redirects
        echo 0 > conf/cni0/send_redirects
        # Where br_netfilter is loaded, the bridge would translate addresses itself and send a pod's packet to its own Service nowhere.
        [ ! -e ../bridge/bridge-nf-call-iptables ] || echo 0 > ../bridge/bridge-nf-call-iptables
        """;

    private const string AddScript =
        """
        ip netns add $1
        ip -batch - <<END
        link add $2 type veth peer name eth0 netns $1
        link set $2 master cni0 up
        END
        nsenter --net=/run/netns/$1 sh -e <<END
        [ ! -d /proc/sys/net/ipv6 ] || echo 1 > /proc/sys/net/ipv6/conf/eth0/disable_ipv6
        ip -batch - <<IP
        link set lo up
        addr add $3/32 dev eth0
        link set eth0 up
        route add 10.244.0.1 dev eth0
        route add default via 10.244.0.1
        IP
        END
        """;

    private readonly Lock _lock = new();
    private readonly HashSet<byte> _taken = [];
    private byte _last = 1;

    /// <summary>Makes the bridge. Once.</summary>
    public Task PrepareAsync(CancellationToken cancellation) => sandbox.ScriptAsync(PrepareScript, cancellation);

    /// <summary>Makes a namespace with an address of its own; both stay until <see cref="RemoveAsync"/>.</summary>
    /// <exception cref="InvalidOperationException">No address is left.</exception>
    public async Task<PodAddress> AddAsync(CancellationToken cancellation)
    {
        var last = Take();
        var pod = new PodAddress("cni-" + Guid.NewGuid(), IPAddress.Parse($"10.244.0.{last}"));
        try
        {
            await sandbox.ScriptAsync(AddScript, cancellation, pod.Namespace, $"veth{last}", pod.Address.ToString());
        }
        catch
        {
            await RemoveAsync(pod, CancellationToken.None);
            throw;
        }
        return pod;
    }

    /// <summary>Takes namespace and address away; a namespace that isn't there is no error.</summary>
    public async Task RemoveAsync(PodAddress pod, CancellationToken cancellation)
    {
        var last = pod.Address.GetAddressBytes()[3];
        await sandbox.RunAsync(["sh", "-c", "ip link del $2; ip netns del $1", "node", pod.Namespace, $"veth{last}"], null, cancellation);
        lock (_lock)
            _taken.Remove(last);
    }

    // Round robin, so that an address isn't used again at once: a client of the old pod must not reach a new one.
    private byte Take()
    {
        lock (_lock)
        {
            for (var tries = 0; tries < 253; tries++)
            {
                _last = _last >= 254 ? (byte)2 : (byte)(_last + 1);
                if (_taken.Add(_last))
                    return _last;
            }
        }
        throw new InvalidOperationException($"No address is left in {PodRange}.");
    }
}
