using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using ARSoft.Tools.Net;
using ARSoft.Tools.Net.Dns;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Node.Dns;

/// <summary>What the cluster's zone says to a question.</summary>
/// <param name="Exists">False: NXDOMAIN. True without records: NODATA.</param>
/// <param name="Alias">Where the last CNAME leads if it leads out of the zone; the server resolves it upstream.</param>
internal sealed record ZoneAnswer(bool Exists, IReadOnlyList<DnsRecordBase> Records, DomainName? Alias = null);

/// <summary>The names of <c>cluster.local</c>: one unchanging picture of all Services and their endpoints.</summary>
/// <remarks>
/// Kubernetes DNS-Based Service Discovery 1.1.0 as the CoreDNS plugin <c>kubernetes</c> with <c>pods insecure</c> answers it. A Service has A records for
/// its ClusterIP or, headless, for every ready endpoint; <c>_port._proto</c> SRV; <c>1-2-3-4.ns.pod</c> the address it spells.
/// </remarks>
internal sealed class ClusterZone
{
    /// <summary>Seconds that an answer, a negative one too, may be kept.</summary>
    public const int TimeToLive = 5;

    public static readonly DomainName Apex = DomainName.Parse("cluster.local");

    private static readonly DomainName Reverse = DomainName.Parse("in-addr.arpa");
    private static readonly (IPNetwork Network, int Labels)[] OwnRanges = [(IPNetwork.Parse("10.244.0.0/16"), 2), (IPNetwork.Parse("10.96.0.0/16"), 2)];

    private readonly Dictionary<string, Entry> _names = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, List<string>> _pointers = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> _namespaces;

    public ClusterZone(IEnumerable<JsonObject> services, IEnumerable<JsonObject> slices, IEnumerable<string> namespaces)
    {
        _namespaces = [.. namespaces];
        Touch("cluster.local");
        Touch("svc.cluster.local");
        Touch("pod.cluster.local");
        foreach (var ns in _namespaces)
        {
            Touch($"{ns}.svc.cluster.local");
            Touch($"{ns}.pod.cluster.local");
        }
        _names["dns-version.cluster.local"] = new() { Text = "1.1.0" };
        var byService = slices.ToLookup(s => (s.Namespace, s.Label("kubernetes.io/service-name") ?? ""));
        foreach (var service in services)
            Add(service, [.. byService[(service.Namespace, service.Name)]]);
    }

    /// <summary>True if the zone, and nobody else, knows about this name.</summary>
    public static bool IsOwn(DomainName name) => name.IsEqualOrSubDomainOf(Apex) || IsOwnAddress(name);

    /// <summary>The SOA of the zone that the name is in.</summary>
    public static SoaRecord SoaOf(DomainName name)
    {
        var zone = name.IsEqualOrSubDomainOf(Apex) ? Apex : name.GetParentName(Math.Max(0, name.LabelCount - 4));
        return new(zone, TimeToLive, DomainName.Parse("ns.dns.cluster.local"), DomainName.Parse("hostmaster.cluster.local"),
            1, 7200, 1800, 86400, TimeToLive);
    }

    /// <summary>Answers a question about a name that <see cref="IsOwn"/>.</summary>
    public ZoneAnswer Answer(DomainName name, RecordType type)
    {
        var text = name.ToString().TrimEnd('.');
        if (!name.IsEqualOrSubDomainOf(Apex))
            return AnswerPointer(name, text, type);
        if (name == Apex && type == RecordType.Soa)
            return new(true, [SoaOf(name)]);
        if (_names.TryGetValue(text, out var entry))
            return entry.Alias is null ? new(true, RecordsOf(name, entry, type)) : AnswerAlias(name, entry.Alias, type);
        return PodAddressOf(text) is { } address ? new(true, type == RecordType.A ? [new ARecord(name, TimeToLive, address)] : []) : new(false, []);
    }

    private ZoneAnswer AnswerAlias(DomainName name, string target, RecordType type)
    {
        var alias = DomainName.Parse(target);
        var cname = new CNameRecord(name, TimeToLive, alias);
        if (type == RecordType.CName)
            return new(true, [cname]);
        if (!IsOwn(alias))
            return new(true, [cname], alias);
        // Only one step inside the zone, so that two Services that name each other don't go round for ever.
        var text = alias.ToString().TrimEnd('.');
        var next = _names.TryGetValue(text, out var entry) && entry.Alias is null ? RecordsOf(alias, entry, type) : [];
        return new(true, [cname, .. next]);
    }

    private ZoneAnswer AnswerPointer(DomainName name, string text, RecordType type)
    {
        if (!_pointers.TryGetValue(text, out var targets))
            return new(false, []);
        return new(true, type is RecordType.Ptr or RecordType.Any ? [.. targets.Select(t => new PtrRecord(name, TimeToLive, DomainName.Parse(t)))] : []);
    }

    private static DnsRecordBase[] RecordsOf(DomainName name, Entry entry, RecordType type) => type switch
    {
        RecordType.A => [.. Rotated(entry.Addresses).Select(a => new ARecord(name, TimeToLive, a))],
        RecordType.Srv => [.. entry.Targets.Select(t => new SrvRecord(name, TimeToLive, 0, (ushort)(100 / entry.Targets.Count), t.Port, DomainName.Parse(t.Host)))],
        RecordType.Txt when entry.Text.Length > 0 => [new TxtRecord(name, TimeToLive, entry.Text)],
        _ => [],
    };

    // CoreDNS' plugin loadbalance: another order each time.
    private static IPAddress[] Rotated(List<IPAddress> addresses)
    {
        var order = addresses.ToArray();
        Random.Shared.Shuffle(order);
        return order;
    }

    private void Add(JsonObject service, IReadOnlyList<JsonObject> slices)
    {
        var name = $"{service.Name}.{service.Namespace}.svc.cluster.local";
        if (service.At("spec", "type").Text() == "ExternalName")
        {
            _names[name] = new() { Alias = service.At("spec", "externalName").Text() };
            return;
        }
        Touch(name);
        if (IPAddress.TryParse(service.At("spec", "clusterIP").Text(), out var clusterIp))
        {
            _names[name].Addresses.Add(clusterIp);
            Point(clusterIp, name);
            foreach (var port in service.At("spec", "ports").Items())
                AddPort(name, port["name"].Text(), port["protocol"].Text(), (ushort)port["port"].Number(), name);
            return;
        }
        var publishAll = service.At("spec", "publishNotReadyAddresses").IsTrue();
        foreach (var slice in slices)
        {
            foreach (var endpoint in slice["endpoints"].Items().Where(e => publishAll || e.At("conditions", "ready") is null || e.At("conditions", "ready").IsTrue()))
                AddEndpoint(name, slice, endpoint);
        }
    }

    private void AddEndpoint(string service, JsonObject slice, JsonObject endpoint)
    {
        foreach (var text in (endpoint["addresses"] as JsonArray ?? []).Select(a => a.Text()))
        {
            if (!IPAddress.TryParse(text, out var address) || address.AddressFamily != AddressFamily.InterNetwork)
                continue;
            var host = endpoint["hostname"].Text() is { Length: > 0 } hostName ? hostName : text.Replace('.', '-');
            var name = $"{host}.{service}";
            _names[service].Addresses.Add(address);
            Touch(name);
            _names[name].Addresses.Add(address);
            Point(address, name);
            foreach (var port in slice["ports"].Items())
                AddPort(service, port["name"].Text(), port["protocol"].Text(), (ushort)port["port"].Number(), name);
        }
    }

    private void AddPort(string service, string portName, string protocol, ushort port, string host)
    {
        if (portName.Length == 0)
            return;
        var above = $"_{(protocol.Length > 0 ? protocol.ToLowerInvariant() : "tcp")}.{service}";
        Touch(above);
        Touch($"_{portName}.{above}");
        _names[$"_{portName}.{above}"].Targets.Add((host, port));
    }

    private void Touch(string name) => _names.TryAdd(name, new());

    private void Point(IPAddress address, string name)
    {
        var key = string.Join('.', address.GetAddressBytes().Reverse()) + ".in-addr.arpa";
        if (!_pointers.TryGetValue(key, out var names))
            _pointers[key] = names = [];
        names.Add(name);
    }

    private IPAddress? PodAddressOf(string name)
    {
        var labels = name.Split('.');
        return labels.Length == 5 && labels[2].Equals("pod", StringComparison.OrdinalIgnoreCase) && _namespaces.Contains(labels[1].ToLowerInvariant())
            && labels[0].Count(c => c == '-') == 3 && IPAddress.TryParse(labels[0].Replace('-', '.'), out var address) ? address : null;
    }

    private static bool IsOwnAddress(DomainName name)
    {
        if (!name.IsSubDomainOf(Reverse) || name.LabelCount < 4)
            return false;
        var labels = name.Labels;
        var bytes = new byte[4];
        for (var i = 0; i < 4; i++)
        {
            var at = name.LabelCount - 3 - i;
            if (at < 0)
                break;
            if (!byte.TryParse(labels[at], CultureInfo.InvariantCulture, out bytes[i]))
                return false;
        }
        var address = new IPAddress(bytes);
        return OwnRanges.Any(r => r.Network.Contains(address));
    }

    private sealed class Entry
    {
        public List<IPAddress> Addresses { get; } = [];

        public List<(string Host, ushort Port)> Targets { get; } = [];

        public string? Alias { get; init; }

        public string Text { get; init; } = "";
    }
}
