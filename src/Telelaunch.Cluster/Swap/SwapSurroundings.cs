using System.Text.Json.Nodes;
using Telelaunch.Net;

namespace Telelaunch.Cluster;

/// <summary>Who may mount a volume at the same time.</summary>
internal enum VolumeSharing
{
    Any,
    OneNode,
    OnePod,
}

/// <summary>What of the cluster bears on a swap beside the workload itself. What this user may not see is told as a finding, or passed over where nothing follows from it.</summary>
internal sealed class SwapSurroundings(ClusterConnection connection, Workload workload)
{
    /// <summary>A Pod of the workload that runs, and the node on which its volumes are. Each Pod of a StatefulSet has volumes of its own: there it is the node of the first one, whose the agent has.</summary>
    public async Task<(string? Pod, string? Node)> FindPodAsync(CancellationToken cancellationToken)
    {
        var selector = SelectorText(workload.Json["spec"]!["selector"]);
        if (selector is null || await TryListAsync("pods", $"api/v1/namespaces/{Uri.EscapeDataString(workload.Namespace)}/pods?labelSelector={Uri.EscapeDataString(selector)}", cancellationToken) is not { } pods) return default;
        var running = pods.Where(pod => Workload.Text(pod["status"], "phase") == "Running" && pod["metadata"]!["deletionTimestamp"] is null && pod["metadata"]!["labels"]?[AgentPodManifest.SessionLabel] is null).ToList();
        var isStateful = workload.Kind == WorkloadKind.StatefulSet;
        var first = isStateful ? running.Find(pod => Workload.Text(pod["metadata"], "name") == workload.FirstPodName) : running.FirstOrDefault();
        var shown = first ?? running.FirstOrDefault();
        return (shown is null ? null : Workload.Text(shown["metadata"], "name"), first is null ? null : Workload.Text(first["spec"], "nodeName"));
    }

    public async Task<IReadOnlyList<SwapFinding>> FindPoliciesAsync(CancellationToken cancellationToken)
    {
        var ns = Uri.EscapeDataString(workload.Namespace);
        var scalers = TryListAsync("horizontalpodautoscalers.autoscaling", $"apis/autoscaling/v2/namespaces/{ns}/horizontalpodautoscalers", cancellationToken);
        var budgets = TryListAsync("poddisruptionbudgets.policy", $"apis/policy/v1/namespaces/{ns}/poddisruptionbudgets", cancellationToken);
        await Task.WhenAll(scalers, budgets);
        List<SwapFinding> findings = [];
        if (await scalers is null)
            findings.Add(new("autoscaler-unknown", "This user may not list HorizontalPodAutoscalers.", $"One for {workload} rests while it has 0 replicas, and goes on afterwards."));
        foreach (var scaler in (await scalers ?? []).Where(IsForWorkload))
        {
            var name = Workload.Text(scaler["metadata"], "name");
            findings.Add(scaler["metadata"]!["labels"]?["scaledobject.keda.sh/name"] is not null
                ? new("autoscaler", $"{workload} is scaled by KEDA (HorizontalPodAutoscaler {name}), which scales up from 0 as well.", "Pause it for the time (annotation autoscaling.keda.sh/paused on its ScaledObject), else its Pods share the callers with this process.")
                : new("autoscaler", $"{workload} is scaled by the HorizontalPodAutoscaler {name}.", "It rests while there are 0 replicas, and goes on from the number there is now."));
        }
        foreach (var budget in (await budgets ?? []).Where(budget => Selects(budget["spec"]?["selector"])))
            findings.Add(new("disruption-budget", $"The PodDisruptionBudget {Workload.Text(budget["metadata"], "name")} covers {workload}.", "Scaling down isn't an eviction: it doesn't hold the swap up; the agent counts as one Pod of it."));
        return findings;
    }

    /// <summary>The names of the labels by which Services select the workload's Pods; none where this user may not list Services.</summary>
    public async Task<IReadOnlyList<string>> FindServiceLabelsAsync(CancellationToken cancellationToken)
    {
        var services = await TryListAsync("services", $"api/v1/namespaces/{Uri.EscapeDataString(workload.Namespace)}/services", cancellationToken);
        return
        [
            .. (services ?? [])
                .Select(service => service["spec"]?["selector"] as JsonObject ?? [])
                .Where(selector => selector.Count > 0 && selector.All(label => workload.Template["metadata"]?["labels"]?[label.Key]?.GetValue<string>() == label.Value?.GetValue<string>()))
                .SelectMany(selector => selector.Select(label => label.Key))
                .Distinct(),
        ];
    }

    /// <summary>What the strictest claim among the volumes allows. A claim that can't be seen is taken for the usual one, ReadWriteOnce.</summary>
    public async Task<VolumeSharing> FindVolumesAsync(CancellationToken cancellationToken)
    {
        var claims = (workload.Template["spec"]?["volumes"] as JsonArray ?? [])
            .Select(volume => volume?["persistentVolumeClaim"]?["claimName"]?.GetValue<string>()).OfType<string>();
        var own = (workload.Json["spec"]!["volumeClaimTemplates"] as JsonArray ?? []).Select(template => SharingOf(template?["spec"]));
        var sharing = await Task.WhenAll(claims.Select(claim => ReadSharingAsync(claim, cancellationToken)));
        return sharing.Concat(own).DefaultIfEmpty(VolumeSharing.Any).Max();
    }

    private async Task<VolumeSharing> ReadSharingAsync(string claim, CancellationToken cancellationToken)
    {
        try
        {
            var path = $"api/v1/namespaces/{Uri.EscapeDataString(workload.Namespace)}/persistentvolumeclaims/{Uri.EscapeDataString(claim)}";
            return SharingOf((await connection.ReadJsonAsync(new ApiCall("get", "persistentvolumeclaims", workload.Namespace), path, cancellationToken))["spec"]);
        }
        catch (ClusterException error) when (error.Code is "forbidden" or "api-not-found")
        {
            return VolumeSharing.OneNode;
        }
    }

    private static VolumeSharing SharingOf(JsonNode? claimSpec)
    {
        var modes = (claimSpec?["accessModes"] as JsonArray ?? []).Select(mode => mode?.GetValue<string>()).ToList();
        return modes.Contains("ReadWriteMany") || modes.Contains("ReadOnlyMany") ? VolumeSharing.Any : modes.Contains("ReadWriteOncePod") ? VolumeSharing.OnePod : VolumeSharing.OneNode;
    }

    /// <returns>Null where this user may not, or the cluster doesn't know the kind.</returns>
    private async Task<IReadOnlyList<JsonObject>?> TryListAsync(string resource, string path, CancellationToken cancellationToken)
    {
        try
        {
            var list = await connection.ReadJsonAsync(new ApiCall("list", resource, workload.Namespace), path, cancellationToken);
            return [.. (list["items"] as JsonArray ?? []).OfType<JsonObject>()];
        }
        catch (ClusterException error) when (error.Code is "forbidden" or "api-not-found")
        {
            return null;
        }
    }

    private bool IsForWorkload(JsonObject scaler)
    {
        var target = scaler["spec"]?["scaleTargetRef"];
        return Workload.Text(target, "name") == workload.Name && WorkloadKinds.TryParse(Workload.Text(target, "kind")) == workload.Kind;
    }

    /// <summary>Whether a label selector (meta/v1 LabelSelector) matches the template's Pods: an empty one all, a missing one none.</summary>
    private bool Selects(JsonNode? selector)
    {
        return selector is not null
            && (selector["matchLabels"] as JsonObject ?? []).All(label => Label(label.Key) == label.Value?.GetValue<string>())
            && (selector["matchExpressions"] as JsonArray ?? []).All(expression =>
            {
                var value = Label(Workload.Text(expression, "key"));
                var isListed = value is not null && (expression?["values"] as JsonArray ?? []).Any(item => item?.GetValue<string>() == value);
                return Workload.Text(expression, "operator") switch { "In" => isListed, "NotIn" => !isListed, "Exists" => value is not null, _ => value is null };
            });

        string? Label(string name) => workload.Template["metadata"]?["labels"]?[name]?.GetValue<string>();
    }

    /// <summary>A label selector in the notation of a query; null where it selects nothing.</summary>
    internal static string? SelectorText(JsonNode? selector)
    {
        List<string> terms = [.. (selector?["matchLabels"] as JsonObject ?? []).Select(label => $"{label.Key}={label.Value?.GetValue<string>()}")];
        foreach (var expression in selector?["matchExpressions"] as JsonArray ?? [])
        {
            var key = Workload.Text(expression, "key");
            var values = string.Join(",", (expression?["values"] as JsonArray ?? []).Select(value => value?.GetValue<string>()));
            terms.Add(Workload.Text(expression, "operator") switch { "In" => $"{key} in ({values})", "NotIn" => $"{key} notin ({values})", "Exists" => key, _ => $"!{key}" });
        }
        return terms.Count == 0 ? null : string.Join(",", terms);
    }
}
