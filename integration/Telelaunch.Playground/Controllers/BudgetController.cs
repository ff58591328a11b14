using System.Text.Json.Nodes;
using Telelaunch.Playground.Access;
using Telelaunch.Playground.Api;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Controllers;

/// <summary>Counts: how many pods a PodDisruptionBudget may lose, how much of a ResourceQuota is used, which ClusterIPs are.</summary>
public sealed class BudgetController(ObjectStore store, TimeProvider time) : Controller
{
    public override bool Concerns(WatchEvent change) => change.Kind == ResourceKinds.Pods || change.Kind == ResourceKinds.PodDisruptionBudgets
        || change.Kind == ResourceKinds.ResourceQuotas || change.Kind == ResourceKinds.Services;

    public override DateTimeOffset? Reconcile()
    {
        foreach (var budget in store.List(ResourceKinds.PodDisruptionBudgets))
            Disruption(budget);
        foreach (var quota in store.List(ResourceKinds.ResourceQuotas))
        {
            var status = PodQuota.Status(quota, store.List(ResourceKinds.Pods, quota.Namespace));
            store.UpdateStatus(ResourceKinds.ResourceQuotas, quota.Namespace, quota.Name, q => q["status"] = status);
        }
        var used = store.List(ResourceKinds.Services).Select(s => s.At("spec", "clusterIP").Text()).ToHashSet();
        foreach (var address in store.List(ResourceKinds.IpAddresses).Where(a => !used.Contains(a.Name)))
            store.Delete(ResourceKinds.IpAddresses, "", address.Name);
        return null;
    }

    private void Disruption(JsonObject budget)
    {
        var selector = LabelSelector.OfObject(budget.At("spec", "selector"));
        var pods = store.List(ResourceKinds.Pods, budget.Namespace).Where(p => selector?.Matches(p) == true && !p.HasEnded()).ToList();
        long expected = pods.Count(p => !p.IsTerminating);
        var healthy = pods.Count(p => p.IsReady() && !p.IsTerminating);
        var desired = budget.At("spec", "maxUnavailable") is { } most ? Math.Max(0, expected - Owned.Scaled(most, expected, roundUp: true))
            : Owned.Scaled(budget.At("spec", "minAvailable"), expected, roundUp: true);
        var allowed = Math.Max(0, healthy - desired);
        store.UpdateStatus(ResourceKinds.PodDisruptionBudgets, budget.Namespace, budget.Name, b =>
        {
            var status = b.Object("status");
            status["observedGeneration"] = b.At("metadata", "generation").Number();
            status["disruptionsAllowed"] = allowed;
            status["currentHealthy"] = healthy;
            status["desiredHealthy"] = desired;
            status["expectedPods"] = expected;
            Owned.SetCondition(status, "DisruptionAllowed", allowed > 0, allowed > 0 ? "SufficientPods" : "InsufficientPods", "", time.GetUtcNow());
        });
    }
}
