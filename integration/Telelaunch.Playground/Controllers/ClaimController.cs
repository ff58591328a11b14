using System.Text.Json.Nodes;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Controllers;

/// <summary>Binds every PersistentVolumeClaim at once: the node keeps a directory for each, which stays when its pods go.</summary>
public sealed class ClaimController(ObjectStore store) : Controller
{
    public override bool Concerns(WatchEvent change) => change.Kind == ResourceKinds.PersistentVolumeClaims;

    public override DateTimeOffset? Reconcile()
    {
        foreach (var claim in store.List(ResourceKinds.PersistentVolumeClaims).Where(c => c.At("status", "phase").Text() != "Bound" && !c.IsTerminating))
            store.UpdateStatus(ResourceKinds.PersistentVolumeClaims, claim.Namespace, claim.Name, Bind);
        return null;
    }

    private static void Bind(JsonObject claim)
    {
        claim.Object("spec").Default("volumeName", $"pvc-{claim.Uid}");
        var status = claim.Object("status");
        status["phase"] = "Bound";
        status["accessModes"] = claim.At("spec", "accessModes")?.DeepClone() ?? new JsonArray();
        status["capacity"] = claim.At("spec", "resources", "requests")?.DeepClone() ?? new JsonObject();
    }
}
