using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Telelaunch.Playground.Node.Images;
using Telelaunch.Playground.Node.Network;
using Telelaunch.Playground.Node.Pods;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Node;

/// <summary>The objects by which the API tells of the node and of the DNS server that it runs.</summary>
internal static class NodeObjects
{
    public static void Create(ObjectStore store, DateTimeOffset now, IEnumerable<string> images)
    {
        var node = Node(now);
        node.Object("status")["images"] = new JsonArray([.. images.Concat(BuiltInImages.Repositories.Where(r => BuiltInImages.Find(r) is not null))
            .Select(i => (JsonNode)new JsonObject { ["names"] = new JsonArray(i), ["sizeBytes"] = 0 })]);
        Put(store, ResourceKinds.Nodes, node);
        if (store.Get(ResourceKinds.Namespaces, "", "kube-system") is null)
            return;
        Put(store, ResourceKinds.Services, DnsService());
        Put(store, ResourceKinds.EndpointSlices, DnsEndpoints());
    }

    private static void Put(ObjectStore store, ResourceKind kind, JsonObject obj)
    {
        store.Remove(kind, obj.Namespace, obj.Name);
        store.Create(kind, obj);
    }

    private static JsonObject Node(DateTimeOffset now)
    {
        var cpus = Environment.ProcessorCount;
        var memory = $"{GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 1024}Ki";
        JsonObject Amounts() => new() { ["cpu"] = cpus.ToString(System.Globalization.CultureInfo.InvariantCulture), ["memory"] = memory, ["pods"] = "110" };
        return new()
        {
            ["metadata"] = new JsonObject
            {
                ["name"] = PodEvents.NodeName,
                ["labels"] = new JsonObject
                {
                    ["kubernetes.io/hostname"] = PodEvents.NodeName,
                    ["kubernetes.io/os"] = "linux",
                    ["kubernetes.io/arch"] = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "arm64" : "amd64",
                },
            },
            ["spec"] = new JsonObject { ["podCIDR"] = PodNetwork.PodRange, ["podCIDRs"] = new JsonArray(PodNetwork.PodRange) },
            ["status"] = new JsonObject
            {
                ["capacity"] = Amounts(),
                ["allocatable"] = Amounts(),
                ["conditions"] = new JsonArray(new JsonObject
                {
                    ["type"] = "Ready",
                    ["status"] = "True",
                    ["lastHeartbeatTime"] = ObjectJson.Time(now),
                    ["lastTransitionTime"] = ObjectJson.Time(now),
                    ["reason"] = "KubeletReady",
                    ["message"] = "kubelet is posting ready status",
                }),
                ["addresses"] = new JsonArray(
                    new JsonObject { ["type"] = "InternalIP", ["address"] = PodNetwork.NodeAddress.ToString() },
                    new JsonObject { ["type"] = "Hostname", ["address"] = PodEvents.NodeName }),
                ["nodeInfo"] = new JsonObject
                {
                    ["kubeletVersion"] = "v1.36.2",
                    ["containerRuntimeVersion"] = "runc://playground",
                    ["operatingSystem"] = "linux",
                    ["architecture"] = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "arm64" : "amd64",
                    ["osImage"] = RuntimeInformation.OSDescription,
                    ["kernelVersion"] = File.ReadAllText("/proc/sys/kernel/osrelease").Trim(),
                },
            },
        };
    }

    private static JsonObject DnsService() => new()
    {
        ["metadata"] = new JsonObject
        {
            ["name"] = "kube-dns",
            ["namespace"] = "kube-system",
            ["labels"] = new JsonObject { ["k8s-app"] = "kube-dns", ["kubernetes.io/name"] = "CoreDNS" },
        },
        ["spec"] = new JsonObject
        {
            ["type"] = "ClusterIP",
            ["clusterIP"] = PodFiles.DnsAddress,
            ["clusterIPs"] = new JsonArray(PodFiles.DnsAddress),
            ["ipFamilies"] = new JsonArray("IPv4"),
            ["ipFamilyPolicy"] = "SingleStack",
            ["internalTrafficPolicy"] = "Cluster",
            ["sessionAffinity"] = "None",
            ["ports"] = new JsonArray(Port("dns", "UDP", "port"), Port("dns-tcp", "TCP", "port")),
        },
        ["status"] = new JsonObject { ["loadBalancer"] = new JsonObject() },
    };

    private static JsonObject DnsEndpoints() => new()
    {
        ["metadata"] = new JsonObject
        {
            ["name"] = "kube-dns-node",
            ["namespace"] = "kube-system",
            ["labels"] = new JsonObject { ["kubernetes.io/service-name"] = "kube-dns", ["endpointslice.kubernetes.io/managed-by"] = "playground" },
        },
        ["addressType"] = "IPv4",
        ["endpoints"] = new JsonArray(new JsonObject
        {
            ["addresses"] = new JsonArray(PodNetwork.Gateway.ToString()),
            ["conditions"] = new JsonObject { ["ready"] = true, ["serving"] = true, ["terminating"] = false },
        }),
        ["ports"] = new JsonArray(Port("dns", "UDP", "port"), Port("dns-tcp", "TCP", "port")),
    };

    private static JsonObject Port(string name, string protocol, string key) => new() { ["name"] = name, [key] = 53, ["protocol"] = protocol };
}
