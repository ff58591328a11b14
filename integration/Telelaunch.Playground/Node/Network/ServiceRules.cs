using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Node.Network;

/// <summary>One address and port behind which pods answer.</summary>
/// <param name="Protocol"><c>tcp</c> or <c>udp</c>.</param>
internal sealed record ServicePort(IPAddress ClusterIp, string Protocol, int Port, IReadOnlyList<IPEndPoint> Endpoints);

/// <summary>Writes the nft rules that do what kube-proxy does.</summary>
/// <remarks>
/// As the iptables kube-proxy: a random ready endpoint; no endpoint is ICMP port-unreachable, which connect(2) reports as ECONNREFUSED; an address of
/// the range that no Service has is left alone, and since it has no route it leads nowhere (here: dropped).
/// </remarks>
internal static class ServiceRules
{
    /// <summary>The ports of all Services with a ClusterIP, with their ready endpoints.</summary>
    public static IReadOnlyList<ServicePort> Of(IEnumerable<JsonObject> services, IEnumerable<JsonObject> slices)
    {
        var byService = slices.ToLookup(s => (s.Namespace, s.Label("kubernetes.io/service-name") ?? ""));
        var ports = new List<ServicePort>();
        foreach (var service in services)
        {
            if (!IPAddress.TryParse(service.At("spec", "clusterIP").Text(), out var clusterIp))
                continue;
            foreach (var port in service.At("spec", "ports").Items())
            {
                var protocol = port["protocol"].Text() is { Length: > 0 } named ? named : "TCP";
                var endpoints = byService[(service.Namespace, service.Name)].SelectMany(s => EndpointsOf(s, port["name"].Text(), protocol));
                ports.Add(new(clusterIp, protocol.ToLowerInvariant(), (int)port["port"].Number(), [.. endpoints.Distinct()]));
            }
        }
        return ports;
    }

    /// <summary>The whole table, to be loaded in one transaction.</summary>
    public static string Render(IReadOnlyList<ServicePort> ports)
    {
        var served = ports.Where(p => p.Endpoints.Count > 0).ToList();
        var unserved = ports.Where(p => p.Endpoints.Count == 0).Select(p => $"{p.ClusterIp} . {p.Protocol} . {p.Port}").ToList();
        var pods = served.SelectMany(p => p.Endpoints).Select(e => e.Address).Distinct().Select(a => $"{a} . {a}").ToList();
        var text = new StringBuilder("table ip services\ndelete table ip services\ntable ip services {\n");
        foreach (var hook in (string[])["prerouting", "output"])
        {
            text.Append(CultureInfo.InvariantCulture, $" chain {hook} {{\n  type nat hook {hook} priority -100\n");
            foreach (var port in served)
                text.Append(CultureInfo.InvariantCulture, $"  ip daddr {port.ClusterIp} {port.Protocol} dport {port.Port} {Dnat(port.Endpoints)}\n");
            text.Append(" }\n");
        }
        // A pod that reaches itself through a Service would get a packet from its own address, which the kernel drops.
        text.Append(" chain postrouting {\n  type nat hook postrouting priority 100\n");
        if (pods.Count > 0)
            text.Append(CultureInfo.InvariantCulture, $"  ct status dnat ip saddr . ip daddr {{ {string.Join(", ", pods)} }} masquerade\n");
        text.Append(" }\n chain forwarding {\n  type filter hook forward priority 0\n");
        if (unserved.Count > 0)
            text.Append(CultureInfo.InvariantCulture, $"  ip daddr . meta l4proto . th dport {{ {string.Join(", ", unserved)} }} reject with icmp port-unreachable\n");
        text.Append(CultureInfo.InvariantCulture, $"  ip daddr {PodNetwork.ServiceRange} drop\n }}\n}}\n");
        return text.ToString();
    }

    private static string Dnat(IReadOnlyList<IPEndPoint> endpoints) => endpoints.Count == 1
        ? $"dnat to {endpoints[0]}"
        : $"dnat to numgen random mod {endpoints.Count} map {{ {string.Join(", ", endpoints.Select((e, i) => $"{i} : {e.Address} . {e.Port}"))} }}";

    private static IEnumerable<IPEndPoint> EndpointsOf(JsonObject slice, string portName, string protocol)
    {
        var port = slice["ports"].Items().FirstOrDefault(p => p["name"].Text() == portName && p["protocol"].Text() == protocol);
        if (port is null)
            yield break;
        foreach (var endpoint in slice["endpoints"].Items().Where(e => e.At("conditions", "ready") is null || e.At("conditions", "ready").IsTrue()))
        {
            foreach (var address in (endpoint["addresses"] as JsonArray ?? []).Select(a => a.Text()))
            {
                if (IPAddress.TryParse(address, out var ip))
                    yield return new(ip, (int)port["port"].Number());
            }
        }
    }
}
