using System.Text.Json.Nodes;
using Telelaunch.Playground.Api;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Controllers;

/// <summary>Writes which pods stand behind a Service: one EndpointSlice, and the old Endpoints, for each Service with a selector.</summary>
public sealed class EndpointController(ObjectStore store) : Controller
{
    private const string ManagedBy = "endpointslice.kubernetes.io/managed-by";
    private const string SliceManager = "endpointslice-controller.k8s.io";
    private const string OldManagedBy = "endpoints.kubernetes.io/managed-by";
    internal const string ServiceName = "kubernetes.io/service-name";

    public override bool Concerns(WatchEvent change) =>
        change.Kind == ResourceKinds.Services || change.Kind == ResourceKinds.Pods || change.Kind == ResourceKinds.EndpointSlices;

    public override DateTimeOffset? Reconcile()
    {
        var services = store.List(ResourceKinds.Services).Where(s => s.At("spec", "selector").IsFilled() && s.At("spec", "type").Text() != "ExternalName").ToList();
        foreach (var service in services.Where(s => !s.IsTerminating && store.Get(ResourceKinds.Namespaces, "", s.Namespace)?.IsTerminating == false))
        {
            var selector = LabelSelector.OfMap(service.At("spec", "selector"));
            var pods = store.List(ResourceKinds.Pods, service.Namespace).Where(p => selector.Matches(p) && !p.HasEnded() && p.At("status", "podIP").Text().Length > 0).ToList();
            Slice(service, pods);
            Old(service, pods);
        }
        foreach (var old in store.List(ResourceKinds.Endpoints).Where(e => e.Label(OldManagedBy) is not null && !services.Any(s => s.Namespace == e.Namespace && s.Name == e.Name)))
            store.Delete(ResourceKinds.Endpoints, old.Namespace, old.Name);
        return null;
    }

    private void Slice(JsonObject service, List<JsonObject> pods)
    {
        var labels = Labels(service);
        labels[ManagedBy] = SliceManager;
        labels[ServiceName] = service.Name;
        if (service.At("spec", "clusterIP").Text() == "None")
            labels["service.kubernetes.io/headless"] = "";
        JsonNode? endpoints = pods.Count == 0 ? null : new JsonArray([.. pods.Select(p => Endpoint(service, p))]);
        var ports = new JsonArray([.. Ports(service, pods).Select(p => p.DeepClone())]);
        var slices = store.List(ResourceKinds.EndpointSlices, service.Namespace).Where(s => s.Label(ServiceName) == service.Name && s.Label(ManagedBy) == SliceManager).ToList();
        if (slices.Count == 0)
        {
            store.Create(ResourceKinds.EndpointSlices, new()
            {
                ["metadata"] = new JsonObject
                {
                    ["generateName"] = $"{service.Name}-",
                    ["namespace"] = service.Namespace,
                    ["labels"] = labels,
                    ["ownerReferences"] = new JsonArray(Owned.Reference(ResourceKinds.Services, service)),
                },
                ["addressType"] = "IPv4",
                ["endpoints"] = endpoints,
                ["ports"] = ports,
            });
            return;
        }
        store.UpdateStatus(ResourceKinds.EndpointSlices, service.Namespace, slices[0].Name, slice =>
        {
            slice.Metadata["labels"] = labels;
            slice["endpoints"] = endpoints;
            slice["ports"] = ports;
        });
    }

    private static JsonObject Endpoint(JsonObject service, JsonObject pod)
    {
        var serving = pod.IsReady();
        var made = new JsonObject
        {
            ["addresses"] = new JsonArray(pod.At("status", "podIP").Text()),
            ["conditions"] = new JsonObject
            {
                ["ready"] = service.At("spec", "publishNotReadyAddresses").IsTrue() || (serving && !pod.IsTerminating),
                ["serving"] = serving,
                ["terminating"] = pod.IsTerminating,
            },
        };
        if (pod.At("spec", "hostname").Text() is { Length: > 0 } hostname && pod.At("spec", "subdomain").Text() == service.Name)
            made["hostname"] = hostname;
        made["targetRef"] = Target(pod);
        made["nodeName"] = pod.At("spec", "nodeName").Text();
        return made;
    }

    private void Old(JsonObject service, List<JsonObject> pods)
    {
        var labels = Labels(service);
        labels[OldManagedBy] = "endpoint-controller";
        if (service.At("spec", "clusterIP").Text() == "None")
            labels["service.kubernetes.io/headless"] = "";
        var subsets = Subsets(service, pods);
        if (store.Get(ResourceKinds.Endpoints, service.Namespace, service.Name) is null)
        {
            var made = new JsonObject { ["metadata"] = new JsonObject { ["name"] = service.Name, ["namespace"] = service.Namespace, ["labels"] = labels } };
            if (subsets is not null)
                made["subsets"] = subsets;
            store.Create(ResourceKinds.Endpoints, made);
            return;
        }
        store.UpdateStatus(ResourceKinds.Endpoints, service.Namespace, service.Name, endpoints =>
        {
            if (endpoints.Label(OldManagedBy) is null)
                return;
            endpoints.Metadata["labels"] = labels;
            endpoints.Remove("subsets");
            if (subsets is not null)
                endpoints["subsets"] = subsets;
        });
    }

    private static JsonArray? Subsets(JsonObject service, List<JsonObject> pods)
    {
        var present = pods.Where(p => !p.IsTerminating).OrderBy(p => p.At("status", "podIP").Text(), StringComparer.Ordinal).ToList();
        if (present.Count == 0)
            return null;
        var subset = new JsonObject();
        foreach (var (key, ready) in ((string, bool)[])[("addresses", true), ("notReadyAddresses", false)])
        {
            var addresses = present.Where(p => (p.IsReady() || service.At("spec", "publishNotReadyAddresses").IsTrue()) == ready).Select(p => new JsonObject
            {
                ["ip"] = p.At("status", "podIP").Text(),
                ["nodeName"] = p.At("spec", "nodeName").Text(),
                ["targetRef"] = Target(p),
            }).ToList();
            if (addresses.Count > 0)
                subset[key] = new JsonArray([.. addresses]);
        }
        subset["ports"] = new JsonArray([.. Ports(service, present)]);
        return [subset];
    }

    /// <summary>The Service's ports as the pods have them; a named target port is looked up in the first pod that knows the name.</summary>
    private static IEnumerable<JsonObject> Ports(JsonObject service, List<JsonObject> pods)
    {
        foreach (var port in service.At("spec", "ports").Items())
        {
            var target = port["targetPort"];
            var number = target.Text() is { Length: > 0 } name
                ? pods.SelectMany(p => p.At("spec", "containers").Items()).SelectMany(c => c["ports"].Items()).FirstOrDefault(p => p["name"].Text() == name)?["containerPort"].Number() ?? 0
                : target is null ? port["port"].Number() : target.Number();
            if (number > 0)
                yield return new() { ["name"] = port["name"].Text(), ["protocol"] = port["protocol"].Text(), ["port"] = number };
        }
    }

    private static JsonObject Labels(JsonObject service) => service.At("metadata", "labels") is JsonObject labels ? labels.Clone() : [];

    private static JsonObject Target(JsonObject pod) => new() { ["kind"] = "Pod", ["namespace"] = pod.Namespace, ["name"] = pod.Name, ["uid"] = pod.Uid };
}
