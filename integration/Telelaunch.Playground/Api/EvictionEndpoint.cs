using System.Text.Json.Nodes;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Api;

/// <summary>Evicts a pod, unless a PodDisruptionBudget says no.</summary>
public sealed class EvictionEndpoint(ObjectStore store, TimeProvider time)
{
    public async Task CreateAsync(ApiRequest request)
    {
        var eviction = await RequestBody.ReadObjectAsync(request.Http.Request, "policy/v1", "Eviction", request.Cancellation);
        var (ns, name) = (request.Info.Namespace, request.Info.Name);
        var pod = store.Get(ResourceKinds.Pods, ns, name) ?? throw StatusException.NotFound(ResourceKinds.Pods, name);
        foreach (var budget in store.List(ResourceKinds.PodDisruptionBudgets, ns).Where(b => LabelSelector.OfObject(b.At("spec", "selector"))?.Matches(pod) == true))
            CheckBudget(budget);
        var options = eviction["deleteOptions"];
        if (!request.DryRun && !(options.At("dryRun") is JsonArray dry && dry.Any(d => d.Text() == "All")))
        {
            store.UpdateStatus(ResourceKinds.Pods, ns, name, Mark);
            store.Delete(ResourceKinds.Pods, ns, name, options.At("gracePeriodSeconds")?.Number());
        }
        await request.SendAsync(201, new JsonObject { ["kind"] = "Status", ["apiVersion"] = "v1", ["metadata"] = new JsonObject(), ["status"] = "Success", ["code"] = 201 });
    }

    private void Mark(JsonObject pod) => pod.Object("status").Array("conditions").Add(new JsonObject
    {
        ["type"] = "DisruptionTarget",
        ["status"] = "True",
        ["lastProbeTime"] = null,
        ["lastTransitionTime"] = ObjectJson.Time(time.GetUtcNow()),
        ["reason"] = "EvictionByEvictionAPI",
        ["message"] = "Eviction API: evicting",
    });

    private static void CheckBudget(JsonObject budget)
    {
        var status = budget["status"];
        var fresh = status.At("observedGeneration").Number() < budget.At("metadata", "generation").Number();
        if (!fresh && status.At("disruptionsAllowed").Number() > 0)
            return;
        var why = fresh ? $"The disruption budget {budget.Name} is still being processed by the server."
            : $"The disruption budget {budget.Name} needs {status.At("desiredHealthy").Number()} healthy pods and has {status.At("currentHealthy").Number()} currently";
        var details = new JsonObject { ["causes"] = new JsonArray(new JsonObject { ["reason"] = "DisruptionBudget", ["message"] = why }) };
        if (fresh)
            details["retryAfterSeconds"] = 10;
        throw new StatusException(429, "TooManyRequests", "Cannot evict pod as it would violate the pod's disruption budget.", details) { RetryAfterSeconds = fresh ? 10 : null };
    }
}
