using System.Globalization;
using System.Text.Json.Nodes;
using Telelaunch.Playground.Store;
using static Telelaunch.Playground.Api.Tables.Table;

namespace Telelaunch.Playground.Api.Tables;

/// <summary>The columns of each kind, named and ordered as on a real server.</summary>
internal static class Columns
{
    private const string None = "<none>";

    private static readonly Column Name = new("Name", o => o.Name);
    private static readonly Column Age = new("Age", o => Since(o.At("metadata", "creationTimestamp")));

    private static readonly Column[] Template =
    [
        new("Containers", o => string.Join(',', o.At("spec", "template", "spec", "containers").Items().Select(c => c["name"].Text())), Wide: true),
        new("Images", o => string.Join(',', o.At("spec", "template", "spec", "containers").Items().Select(c => c["image"].Text())), Wide: true),
        new("Selector", o => LabelSelector.OfObject(o.At("spec", "selector"))?.ToString(), Wide: true),
    ];

    private static readonly Dictionary<ResourceKind, Column[]> Known = new()
    {
        [ResourceKinds.Pods] = PodColumns.All(Name, Age),
        [ResourceKinds.Services] = ServiceColumns.All(Name, Age),
        [ResourceKinds.Deployments] =
        [
            Name,
            new("Ready", o => $"{Count(o, "readyReplicas")}/{o.At("spec", "replicas").Number()}"),
            new("Up-to-date", o => Count(o, "updatedReplicas"), Type: "integer"),
            new("Available", o => Count(o, "availableReplicas"), Type: "integer"),
            Age, .. Template,
        ],
        [ResourceKinds.ReplicaSets] =
        [
            Name,
            new("Desired", o => o.At("spec", "replicas").Number(), Type: "integer"),
            new("Current", o => Count(o, "replicas"), Type: "integer"),
            new("Ready", o => Count(o, "readyReplicas"), Type: "integer"),
            Age, .. Template,
        ],
        [ResourceKinds.StatefulSets] = [Name, new("Ready", o => $"{Count(o, "readyReplicas")}/{o.At("spec", "replicas").Number()}"), Age, .. Template[..2]],
        [ResourceKinds.Jobs] = [Name, new("Status", _ => "Running"), new("Completions", o => $"{Count(o, "succeeded")}/{o.At("spec", "completions").Number()}"), Age],
        [ResourceKinds.Namespaces] = [Name, Text("Status", "status", "phase"), Age],
        [ResourceKinds.Nodes] =
        [
            Name,
            new("Status", o => o.Condition("Ready")?["status"].Text() == "True" ? "Ready" : "NotReady"),
            new("Roles", _ => None),
            Age,
            Text("Version", "status", "nodeInfo", "kubeletVersion"),
            new("Internal-IP", o => o.At("status", "addresses").Items().FirstOrDefault(a => a["type"].Text() == "InternalIP")?["address"].Text() ?? None, Wide: true),
            Text("OS-Image", "status", "nodeInfo", "osImage") with { Wide = true },
            Text("Kernel-Version", "status", "nodeInfo", "kernelVersion") with { Wide = true },
            Text("Container-Runtime", "status", "nodeInfo", "containerRuntimeVersion") with { Wide = true },
        ],
        [ResourceKinds.ConfigMaps] = [Name, new("Data", o => Members(o, "data") + Members(o, "binaryData"), Type: "integer"), Age],
        [ResourceKinds.Secrets] = [Name, Text("Type", "type"), new("Data", o => Members(o, "data"), Type: "integer"), Age],
        [ResourceKinds.ServiceAccounts] = [Name, new("Secrets", o => o["secrets"].Items().Count(), Type: "integer"), Age],
        [ResourceKinds.Endpoints] = [Name, new("Endpoints", ServiceColumns.EndpointsCell), Age],
        [ResourceKinds.EndpointSlices] =
        [
            Name,
            Text("AddressType", "addressType"),
            new("Ports", o => ServiceColumns.Joined(o["ports"].Items().Select(p => p["port"].Number().ToString(CultureInfo.InvariantCulture)))),
            new("Endpoints", o => ServiceColumns.Joined(o["endpoints"].Items().SelectMany(e => e["addresses"] as JsonArray ?? []).Select(a => a.Text()))),
            Age,
        ],
        [ResourceKinds.Events] =
        [
            new("Last Seen", o => Since(o["lastTimestamp"] ?? o["eventTime"])),
            Text("Type", "type"),
            Text("Reason", "reason"),
            new("Object", o => $"{o.At("involvedObject", "kind").Text().ToLowerInvariant()}/{o.At("involvedObject", "name").Text()}"),
            new("Message", o => o["message"].Text().Trim()),
            Name with { Wide = true },
        ],
        [ResourceKinds.Leases] = [Name, Text("Holder", "spec", "holderIdentity"), Age],
        [ResourceKinds.ServiceCidrs] = [Name, new("CIDRs", o => string.Join(',', (o.At("spec", "cidrs") as JsonArray ?? []).Select(c => c.Text()))), Age],
        [ResourceKinds.IpAddresses] = [Name, new("ParentRef", o => $"{o.At("spec", "parentRef", "resource").Text()}/{o.At("spec", "parentRef", "namespace").Text()}/{o.At("spec", "parentRef", "name").Text()}")],
        [ResourceKinds.PersistentVolumeClaims] =
            [Name, Text("Status", "status", "phase"), Text("Volume", "spec", "volumeName"), Text("Capacity", "status", "capacity", "storage"), Text("StorageClass", "spec", "storageClassName"), Age],
        [ResourceKinds.ResourceQuotas] =
            [Name, new("Request", o => string.Join(", ", o.At("status", "hard").Strings().Select(h => $"{h.Key}: {o.At("status", "used", h.Key).Text()}/{h.Value}"))), new("Limit", _ => ""), Age],
        [ResourceKinds.PodDisruptionBudgets] =
        [
            Name,
            new("Min Available", o => o.At("spec", "minAvailable")?.ToString() ?? "N/A"),
            new("Max Unavailable", o => o.At("spec", "maxUnavailable")?.ToString() ?? "N/A"),
            new("Allowed Disruptions", o => Count(o, "disruptionsAllowed"), Type: "integer"),
            Age,
        ],
        [ResourceKinds.Roles] = [Name, new("Created At", o => o.At("metadata", "creationTimestamp").Text())],
        [ResourceKinds.ClusterRoles] = [Name, new("Created At", o => o.At("metadata", "creationTimestamp").Text())],
        [ResourceKinds.RoleBindings] = [Name, new("Role", RoleCell), Age],
        [ResourceKinds.ClusterRoleBindings] = [Name, new("Role", RoleCell), Age],
    };

    public static IReadOnlyList<Column> For(ResourceKind kind) => Known.TryGetValue(kind, out var columns) ? columns : [Name, Age];

    /// <summary>How long ago, as kubectl writes it: 5s, 3m4s, 2h, 4d.</summary>
    internal static string Since(JsonNode? time)
    {
        if (ObjectJson.ParseTime(time.Text()) is not { } at)
            return "<unknown>";
        var passed = TimeProvider.System.GetUtcNow() - at;
        var (days, hours, minutes, seconds) = ((int)passed.TotalDays, (int)passed.TotalHours, (int)passed.TotalMinutes, (int)Math.Max(0, passed.TotalSeconds));
        return seconds < 120 ? $"{seconds}s"
            : minutes < 10 ? passed.Seconds == 0 ? $"{minutes}m" : $"{minutes}m{passed.Seconds}s"
            : hours < 3 ? $"{minutes}m"
            : hours < 8 ? passed.Minutes == 0 ? $"{hours}h" : $"{hours}h{passed.Minutes}m"
            : hours < 48 ? $"{hours}h"
            : days < 8 && passed.Hours > 0 ? $"{days}d{passed.Hours}h" : $"{days}d";
    }

    private static long Count(JsonObject obj, string key) => obj.At("status", key).Number();

    private static int Members(JsonObject obj, string key) => (obj[key] as JsonObject)?.Count ?? 0;

    private static Column Text(string name, params string[] path) => new(name, o => o.At(path).Text());

    private static JsonNode RoleCell(JsonObject binding) => $"{binding.At("roleRef", "kind").Text()}/{binding.At("roleRef", "name").Text()}";
}
