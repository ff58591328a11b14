using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Telelaunch.Playground.Node.Containers;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Node.Pods;

/// <summary>/etc/hosts, /etc/hostname, /etc/resolv.conf and /dev/termination-log of a pod's containers.</summary>
internal static class PodFiles
{
    public const string DnsAddress = "10.96.0.10";

    public static string HostName(JsonObject pod)
    {
        var name = pod.At("spec", "hostname").Text() is { Length: > 0 } own ? own : pod.Name;
        return name.Length > 63 ? name[..63].TrimEnd('-', '.') : name;
    }

    /// <summary>Writes them and tells where they go.</summary>
    public static IReadOnlyList<ContainerMount> Write(JsonObject pod, string podIp, string directory)
    {
        var files = new Dictionary<string, string>
        {
            ["hosts"] = Hosts(pod, podIp),
            ["hostname"] = HostName(pod) + "\n",
            ["resolv.conf"] = Resolver(pod),
        };
        foreach (var (name, content) in files)
            File.WriteAllText(Path.Combine(directory, name), content);
        return [.. files.Keys.Select(n => new ContainerMount(Path.Combine(directory, n), "/etc/" + n, ReadOnly: false))];
    }

    public static string Hosts(JsonObject pod, string podIp)
    {
        var host = HostName(pod);
        var subdomain = pod.At("spec", "subdomain").Text();
        var own = subdomain.Length == 0 ? host : $"{host}.{subdomain}.{pod.Namespace}.svc.cluster.local\t{host}";
        var text = new StringBuilder("# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"
            + "fe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n");
        text.Append(CultureInfo.InvariantCulture, $"{podIp}\t{own}\n");
        var aliases = pod.At("spec", "hostAliases").Items().ToList();
        if (aliases.Count > 0)
            text.Append("\n# Entries added by HostAliases.\n");
        foreach (var alias in aliases)
            text.Append(CultureInfo.InvariantCulture, $"{alias["ip"].Text()}\t{string.Join('\t', (alias["hostnames"] as JsonArray ?? []).Select(n => n.Text()))}\n");
        return text.ToString();
    }

    public static string Resolver(JsonObject pod)
    {
        var policy = pod.At("spec", "dnsPolicy").Text();
        if (policy == "Default" && File.Exists("/etc/resolv.conf"))
            return File.ReadAllText("/etc/resolv.conf");
        var own = pod.At("spec", "dnsConfig") as JsonObject;
        var servers = Texts(own?["nameservers"]);
        var searches = Texts(own?["searches"]);
        var options = own?["options"].Items().Select(o => o["value"] is { } value ? $"{o["name"].Text()}:{value.Text()}" : o["name"].Text()).ToList() ?? [];
        if (policy != "None")
        {
            servers = [DnsAddress, .. servers];
            searches = [$"{pod.Namespace}.svc.cluster.local", "svc.cluster.local", "cluster.local", .. searches];
            if (!options.Exists(o => o.StartsWith("ndots:", StringComparison.Ordinal)))
                options.Insert(0, "ndots:5");
        }
        var text = new StringBuilder();
        if (searches.Count > 0)
            text.Append(CultureInfo.InvariantCulture, $"search {string.Join(' ', searches)}\n");
        foreach (var server in servers)
            text.Append(CultureInfo.InvariantCulture, $"nameserver {server}\n");
        if (options.Count > 0)
            text.Append(CultureInfo.InvariantCulture, $"options {string.Join(' ', options)}\n");
        return text.ToString();
    }

    private static List<string> Texts(JsonNode? list) => [.. (list as JsonArray ?? []).Select(t => t.Text())];
}
