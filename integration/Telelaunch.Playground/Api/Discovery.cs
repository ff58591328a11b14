using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Api;

/// <summary>Tells which resources there are: <c>/api</c>, <c>/apis</c> and below, plain or aggregated.</summary>
public static class Discovery
{
    private static readonly string[] Verbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

    private static readonly Dictionary<string, (string Group, string Version, string Kind, string[] Verbs)> Subresources = new()
    {
        ["scale"] = ("autoscaling", "v1", "Scale", ["get", "patch", "update"]),
        ["status"] = ("", "", "", ["get", "patch", "update"]),
        ["finalize"] = ("", "", "", ["update"]),
        ["ephemeralcontainers"] = ("", "", "", ["get", "patch", "update"]),
        ["eviction"] = ("policy", "v1", "Eviction", ["create"]),
        ["exec"] = ("", "", "PodExecOptions", ["create", "get"]),
        ["log"] = ("", "", "", ["get"]),
        ["portforward"] = ("", "", "PodPortForwardOptions", ["create", "get"]),
        ["token"] = ("authentication.k8s.io", "v1", "TokenRequest", ["create"]),
    };

    /// <summary>Every group but the core one, with its one version.</summary>
    public static IEnumerable<(string Group, string Version)> Groups =>
        ResourceKinds.All.Select(k => (k.Group, k.Version)).Concat(ReviewEndpoint.All.Select(r => (r.Group, Version: "v1"))).Where(g => g.Group.Length > 0).Distinct();

    /// <summary>The answer for a path, or null if the path is none of discovery's.</summary>
    public static JsonObject? Answer(string path, bool aggregated, string server)
    {
        var parts = path.Trim('/').Split('/');
        if (aggregated && parts is ["api"] or ["apis"] && aggregated)
            return Aggregated(parts[0] == "api" ? [("", "v1")] : Groups);
        return parts switch
        {
            ["api"] => new()
            {
                ["kind"] = "APIVersions",
                ["versions"] = new JsonArray("v1"),
                ["serverAddressByClientCIDRs"] = new JsonArray(new JsonObject { ["clientCIDR"] = "0.0.0.0/0", ["serverAddress"] = server }),
            },
            ["apis"] => new() { ["kind"] = "APIGroupList", ["apiVersion"] = "v1", ["groups"] = new JsonArray([.. Groups.Select(g => Group(g.Group, g.Version))]) },
            ["api", "v1"] => ResourceList("", "v1"),
            ["apis", var group] when Groups.FirstOrDefault(g => g.Group == group) is { Version: { } version } => Group(group, version, standalone: true),
            ["apis", var group, var version] when Groups.Contains((group, version)) => ResourceList(group, version),
            _ => null,
        };
    }

    private static JsonObject Group(string group, string version, bool standalone = false)
    {
        JsonObject Version() => new() { ["groupVersion"] = $"{group}/{version}", ["version"] = version };
        var made = standalone ? new JsonObject { ["kind"] = "APIGroup", ["apiVersion"] = "v1" } : [];
        made["name"] = group;
        made["versions"] = new JsonArray(Version());
        made["preferredVersion"] = Version();
        return made;
    }

    private static JsonObject ResourceList(string group, string version)
    {
        var resources = new JsonArray();
        foreach (var kind in ResourceKinds.All.Where(k => k.Group == group).OrderBy(k => k.Plural, StringComparer.Ordinal))
        {
            resources.Add(Resource(kind.Plural, kind.Singular, kind.Namespaced, kind.Kind, VerbsOf(kind), kind));
            foreach (var name in kind.Subresources)
            {
                var sub = Subresources[name];
                var entry = Resource($"{kind.Plural}/{name}", "", kind.Namespaced, sub.Kind.Length > 0 ? sub.Kind : kind.Kind, sub.Verbs, null);
                if (sub.Group.Length > 0)
                    (entry["group"], entry["version"]) = (sub.Group, sub.Version);
                resources.Add(entry);
            }
        }
        foreach (var (_, plural, kind) in ReviewEndpoint.All.Where(r => r.Group == group))
            resources.Add(Resource(plural, kind.ToLowerInvariant(), plural.StartsWith("local", StringComparison.Ordinal), kind, ["create"], null));
        return new()
        {
            ["kind"] = "APIResourceList",
            ["apiVersion"] = "v1",
            ["groupVersion"] = group.Length == 0 ? version : $"{group}/{version}",
            ["resources"] = resources,
        };
    }

    private static JsonObject Resource(string name, string singular, bool namespaced, string kind, string[] verbs, ResourceKind? stored)
    {
        var entry = new JsonObject { ["name"] = name, ["singularName"] = singular, ["namespaced"] = namespaced, ["kind"] = kind, ["verbs"] = Texts(verbs) };
        if (stored?.ShortNames.Count > 0)
            entry["shortNames"] = Texts(stored.ShortNames);
        if (stored?.InAll == true)
            entry["categories"] = new JsonArray("all");
        if (stored is not null)
            entry["storageVersionHash"] = Convert.ToBase64String(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(stored.QualifiedName))[..8]);
        return entry;
    }

    private static JsonObject Aggregated(IEnumerable<(string Group, string Version)> groups) => new()
    {
        ["kind"] = "APIGroupDiscoveryList",
        ["apiVersion"] = "apidiscovery.k8s.io/v2",
        ["metadata"] = new JsonObject(),
        ["items"] = new JsonArray([.. groups.Select(g => new JsonObject
        {
            ["metadata"] = g.Group.Length == 0 ? [] : new JsonObject { ["name"] = g.Group },
            ["versions"] = new JsonArray(new JsonObject { ["version"] = g.Version, ["resources"] = AggregatedResources(g.Group, g.Version), ["freshness"] = "Current" }),
        })]),
    };

    private static JsonArray AggregatedResources(string group, string version)
    {
        var list = ResourceList(group, version)["resources"].Items().ToList();
        var made = new JsonArray();
        foreach (var resource in list.Where(r => !r["name"].Text().Contains('/')))
        {
            var entry = new JsonObject
            {
                ["resource"] = resource["name"].Text(),
                ["responseKind"] = Kind(group, version, resource["kind"].Text()),
                ["scope"] = resource["namespaced"].IsTrue() ? "Namespaced" : "Cluster",
                ["singularResource"] = resource["singularName"].Text(),
                ["verbs"] = resource["verbs"]!.DeepClone(),
            };
            foreach (var key in (string[])["shortNames", "categories"])
            {
                if (resource[key] is { } value)
                    entry[key] = value.DeepClone();
            }
            var below = list.Where(r => r["name"].Text().StartsWith(resource["name"].Text() + "/", StringComparison.Ordinal)).Select(r => new JsonObject
            {
                ["subresource"] = r["name"].Text().Split('/')[1],
                ["responseKind"] = Kind(r["group"].Text() is { Length: > 0 } own ? own : group, r["version"].Text() is { Length: > 0 } v ? v : version, r["kind"].Text()),
                ["verbs"] = r["verbs"]!.DeepClone(),
            });
            if (below.Any())
                entry["subresources"] = new JsonArray([.. below]);
            made.Add(entry);
        }
        return made;
    }

    private static JsonObject Kind(string group, string version, string kind) => new() { ["group"] = group, ["version"] = version, ["kind"] = kind };

    private static string[] VerbsOf(ResourceKind kind) => kind == ResourceKinds.Namespaces ? [.. Verbs.Where(v => v != "deletecollection")] : Verbs;

    private static JsonArray Texts(IEnumerable<string> values) => [.. values.Select(v => JsonValue.Create(v))];
}
