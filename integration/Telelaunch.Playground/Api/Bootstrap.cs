using System.Net;
using System.Text.Json.Nodes;
using Telelaunch.Playground.Access;
using Telelaunch.Playground.Api.Admission;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Api;

/// <summary>What every cluster has from the beginning.</summary>
internal static class Bootstrap
{
    public static void Install(ObjectStore store, ObjectWriter writer)
    {
        BuiltInRoles.Install(store);
        foreach (var name in (string[])["default", "kube-node-lease", "kube-public", "kube-system"])
            writer.Create(ResourceKinds.Namespaces, "", new() { ["metadata"] = new JsonObject { ["name"] = name } }, WriteContext.ForController());
        var range = store.Create(ResourceKinds.ServiceCidrs, new()
        {
            ["metadata"] = new JsonObject { ["name"] = "kubernetes", ["finalizers"] = new JsonArray("networking.k8s.io/service-cidr-finalizer") },
            ["spec"] = new JsonObject { ["cidrs"] = new JsonArray(ServiceAddresses.Range) },
        });
        store.UpdateStatus(ResourceKinds.ServiceCidrs, "", "kubernetes", cidr => cidr["status"] = new JsonObject
        {
            ["conditions"] = new JsonArray(new JsonObject
            {
                ["type"] = "Ready",
                ["status"] = "True",
                ["lastTransitionTime"] = range.At("metadata", "creationTimestamp")!.DeepClone(),
                ["reason"] = "",
                ["message"] = "Kubernetes Service CIDR is ready",
            }),
        });
    }

    public static void Publish(ObjectStore store, IPEndPoint seenByPods)
    {
        const string Name = "kubernetes";
        if (store.Get(ResourceKinds.Services, "default", Name) is not null)
            return;
        var writer = new ServiceAddresses(store);
        var service = new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = Name, ["namespace"] = "default", ["labels"] = new JsonObject { ["component"] = "apiserver", ["provider"] = "kubernetes" } },
            ["spec"] = new JsonObject
            {
                ["ports"] = new JsonArray(new JsonObject { ["name"] = "https", ["protocol"] = "TCP", ["port"] = 443, ["targetPort"] = seenByPods.Port }),
                ["clusterIP"] = "10.96.0.1",
            },
            ["status"] = new JsonObject { ["loadBalancer"] = new JsonObject() },
        };
        Defaults.Apply(ResourceKinds.Services, service);
        writer.Assign(service, dryRun: false);
        writer.Record(store.Create(ResourceKinds.Services, service));
        var address = seenByPods.Address.ToString();
        store.Create(ResourceKinds.EndpointSlices, new()
        {
            ["metadata"] = new JsonObject { ["name"] = Name, ["namespace"] = "default", ["labels"] = new JsonObject { ["kubernetes.io/service-name"] = Name } },
            ["addressType"] = "IPv4",
            ["endpoints"] = new JsonArray(new JsonObject { ["addresses"] = new JsonArray(address), ["conditions"] = new JsonObject { ["ready"] = true } }),
            ["ports"] = new JsonArray(new JsonObject { ["name"] = "https", ["protocol"] = "TCP", ["port"] = seenByPods.Port }),
        });
        store.Create(ResourceKinds.Endpoints, new()
        {
            ["metadata"] = new JsonObject { ["name"] = Name, ["namespace"] = "default" },
            ["subsets"] = new JsonArray(new JsonObject
            {
                ["addresses"] = new JsonArray(new JsonObject { ["ip"] = address }),
                ["ports"] = new JsonArray(new JsonObject { ["name"] = "https", ["port"] = seenByPods.Port, ["protocol"] = "TCP" }),
            }),
        });
    }
}
