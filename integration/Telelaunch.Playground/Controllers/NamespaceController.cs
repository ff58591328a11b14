using System.Text.Json.Nodes;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Controllers;

/// <summary>Furnishes new namespaces with their service account and CA, and empties those that are being deleted.</summary>
public sealed class NamespaceController(ObjectStore store, string authorityPem) : Controller
{
    private const string Description = "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or "
        + "kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.";

    public override bool Concerns(WatchEvent change) => change.Kind == ResourceKinds.Namespaces || change.Type == WatchEventType.Deleted
        || change.Kind == ResourceKinds.Pods && change.Object.IsTerminating;

    public override DateTimeOffset? Reconcile()
    {
        foreach (var ns in store.List(ResourceKinds.Namespaces))
        {
            if (ns.IsTerminating)
                Empty(ns.Name);
            else
                Furnish(ns.Name);
        }
        return null;
    }

    private void Furnish(string ns)
    {
        if (store.Get(ResourceKinds.ServiceAccounts, ns, "default") is null)
            store.Create(ResourceKinds.ServiceAccounts, new() { ["metadata"] = new JsonObject { ["name"] = "default", ["namespace"] = ns } });
        if (store.Get(ResourceKinds.ConfigMaps, ns, "kube-root-ca.crt") is not null)
            return;
        store.Create(ResourceKinds.ConfigMaps, new()
        {
            ["metadata"] = new JsonObject
            {
                ["name"] = "kube-root-ca.crt",
                ["namespace"] = ns,
                ["annotations"] = new JsonObject { ["kubernetes.io/description"] = Description },
            },
            ["data"] = new JsonObject { ["ca.crt"] = authorityPem },
        });
    }

    private void Empty(string ns)
    {
        var left = 0;
        foreach (var kind in ResourceKinds.All.Where(k => k.Namespaced))
        {
            foreach (var obj in store.List(kind, ns))
            {
                if (!obj.IsTerminating)
                    store.Delete(kind, ns, obj.Name);
                left += store.Get(kind, ns, obj.Name) is null ? 0 : 1;
            }
        }
        if (left == 0)
            store.UpdateStatus(ResourceKinds.Namespaces, "", ns, n => n.Object("spec").Remove("finalizers"));
    }
}
