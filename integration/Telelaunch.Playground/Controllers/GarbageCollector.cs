using System.Text.Json.Nodes;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Controllers;

/// <summary>Deletes what was owned by objects that are gone, in the foreground, in the background, or lets it go.</summary>
/// <remarks>Source: "Garbage Collection" in the Kubernetes documentation.</remarks>
public sealed class GarbageCollector(ObjectStore store) : Controller
{
    private const string Foreground = "foregroundDeletion";
    private const string Orphan = "orphan";

    public override bool Concerns(WatchEvent change) => change.Type == WatchEventType.Deleted || change.Object.IsTerminating
        || change.Type == WatchEventType.Added && change.Object.At("metadata", "ownerReferences").IsFilled();

    public override DateTimeOffset? Reconcile()
    {
        var all = ResourceKinds.All.SelectMany(kind => store.List(kind).Select(obj => (Kind: kind, Object: obj))).ToList();
        var living = all.Select(o => o.Object.Uid).ToHashSet();
        var dependents = all.SelectMany(o => Owners(o.Object).Select(r => (Uid: r["uid"].Text(), o.Kind, o.Object))).ToLookup(d => d.Uid, d => (d.Kind, d.Object));
        foreach (var (kind, owner) in all.Where(o => o.Object.IsTerminating))
        {
            if (Has(owner, Orphan))
                LetGo(kind, owner, dependents[owner.Uid]);
            else if (Has(owner, Foreground))
                DeleteDependents(kind, owner, [.. dependents[owner.Uid]]);
        }
        foreach (var (kind, obj) in all.Where(o => !o.Object.IsTerminating && Owners(o.Object).Any() && !Owners(o.Object).Any(r => living.Contains(r["uid"].Text()))))
            store.Delete(kind, obj.Namespace, obj.Name);
        return null;
    }

    private void DeleteDependents(ResourceKind kind, JsonObject owner, List<(ResourceKind Kind, JsonObject Object)> dependents)
    {
        foreach (var (dependentKind, dependent) in dependents.Where(d => !d.Object.IsTerminating))
            store.Delete(dependentKind, dependent.Namespace, dependent.Name, finalizer: dependentKind == ResourceKinds.Pods ? null : Foreground);
        if (!dependents.Any(d => Owners(d.Object).Any(r => r["uid"].Text() == owner.Uid && r["blockOwnerDeletion"].IsTrue())))
            Release(kind, owner, Foreground);
    }

    private void LetGo(ResourceKind kind, JsonObject owner, IEnumerable<(ResourceKind Kind, JsonObject Object)> dependents)
    {
        foreach (var (dependentKind, dependent) in dependents)
        {
            store.UpdateStatus(dependentKind, dependent.Namespace, dependent.Name, obj =>
            {
                var rest = Owners(obj).Where(r => r["uid"].Text() != owner.Uid).Select(r => r.DeepClone()).ToList();
                obj.Metadata.Remove("ownerReferences");
                if (rest.Count > 0)
                    obj.Metadata["ownerReferences"] = new JsonArray([.. rest]);
            });
        }
        Release(kind, owner, Orphan);
    }

    private void Release(ResourceKind kind, JsonObject owner, string finalizer) => store.UpdateStatus(kind, owner.Namespace, owner.Name, obj =>
    {
        var rest = obj.Metadata.Array("finalizers").Where(f => f.Text() != finalizer).Select(f => f?.DeepClone()).ToList();
        obj.Metadata.Remove("finalizers");
        if (rest.Count > 0)
            obj.Metadata["finalizers"] = new JsonArray([.. rest]);
    });

    private static bool Has(JsonObject obj, string finalizer) => obj.At("metadata", "finalizers") is JsonArray list && list.Any(f => f.Text() == finalizer);

    private static IEnumerable<JsonObject> Owners(JsonObject obj) => obj.At("metadata", "ownerReferences").Items();
}
