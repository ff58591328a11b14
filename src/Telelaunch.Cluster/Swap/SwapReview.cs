using System.Text.Json.Nodes;

namespace Telelaunch.Cluster;

/// <summary>What the workload's own object says about swapping it; nothing is asked of the cluster.</summary>
internal static class SwapReview
{
    public static IEnumerable<SwapFinding> Of(Workload workload)
    {
        var findings = OfState(workload).Concat(OfOwners(workload)).Concat(OfTemplate(workload));
        return workload.Kind switch
        {
            WorkloadKind.Deployment => findings.Concat(OfDeployment(workload)),
            WorkloadKind.StatefulSet => findings.Concat(OfStatefulSet(workload)),
            _ => findings,
        };
    }

    private static IEnumerable<SwapFinding> OfState(Workload workload)
    {
        if (workload.Json["metadata"]!["deletionTimestamp"] is not null)
            yield return new("workload-terminating", $"{workload} is being deleted.", "Wait until it is gone; --new-deployment makes a new one.", Refuses: true);
        if (workload.Replicas == 0)
            yield return new("workload-without-replicas", $"{workload} has 0 replicas.", "The agent is its only Pod while the session lasts; afterwards it has 0 again.");
    }

    private static IEnumerable<SwapFinding> OfOwners(Workload workload)
    {
        foreach (var owner in (workload.Json["metadata"]!["ownerReferences"] as JsonArray ?? []).Where(owner => owner?["controller"]?.GetValue<bool>() == true))
        {
            var name = $"{Workload.Text(owner, "kind")} {Workload.Text(owner, "name")}";
            yield return workload.Kind == WorkloadKind.ReplicaSet
                ? new("workload-owned", $"{workload} belongs to the {name}, which would scale it up again.", $"Swap that one: --swap {Workload.Text(owner, "kind").ToLowerInvariant()}/{Workload.Text(owner, "name")}", Refuses: true)
                : new("workload-owned", $"{workload} belongs to the {name}, whose operator may scale it up again.", "Then its Pods and this process share the callers; it is said if that happens.");
        }
        if (workload.Annotation("meta.helm.sh/release-name") is { } release)
            yield return new("helm-release", $"{workload} belongs to the Helm release {release}.", "Don't upgrade or roll back the release while the session lasts: that scales it up.");
        if (workload.Label("argocd.argoproj.io/instance") is not null || workload.Annotation("argocd.argoproj.io/tracking-id") is not null)
            yield return new("argocd-application", $"{workload} is kept by Argo CD.", "With self-heal on it is scaled up again within minutes, and its Pods share the callers with this process: switch it off for the time, or ignore /spec/replicas.");
        if (workload.Label("kustomize.toolkit.fluxcd.io/name") is not null || workload.Label("helm.toolkit.fluxcd.io/name") is not null)
            yield return new("flux-kustomization", $"{workload} is kept by Flux.", "The next reconciliation scales it up again, and its Pods share the callers with this process: flux suspend … for the time.");
    }

    private static IEnumerable<SwapFinding> OfTemplate(Workload workload)
    {
        if (workload.Template["spec"]?["hostNetwork"]?.GetValue<bool>() == true)
            yield return new("workload-on-host-network", $"The Pods of {workload} use their node's network.", "The agent can't take the node's ports beside them: give the workload a network of its own to swap it.", Refuses: true);
        if (workload.Template["spec"]?["os"]?["name"]?.GetValue<string>() is "windows" || workload.Template["spec"]?["nodeSelector"]?["kubernetes.io/os"]?.GetValue<string>() is "windows")
            yield return new("workload-on-windows", $"The Pods of {workload} run on Windows.", "The agent is a Linux program; a session without a swap reaches the Service all the same.", Refuses: true);
    }

    private static IEnumerable<SwapFinding> OfDeployment(Workload workload)
    {
        var status = workload.Json["status"];
        var isMixed = Workload.Number(status, "replicas") > Workload.Number(status, "updatedReplicas");
        var isPaused = workload.Json["spec"]!["paused"]?.GetValue<bool>() == true;
        if (isMixed && isPaused)
            yield return new("rollout-paused", $"The rollout of {workload} is paused half-way: Pods of two templates run.", $"Scaled to 0 and back all of them would have the new one. Finish it first: kubectl rollout resume {workload} -n {workload.Namespace} (or undo).", Refuses: true);
        else if (isMixed || !workload.IsObserved)
            yield return new("rollout-progressing", $"A rollout of {workload} is under way: Pods of two templates run.", $"Wait for it: kubectl rollout status {workload} -n {workload.Namespace}", Refuses: true);
        else if (isPaused)
            yield return new("rollout-paused", $"Rollouts of {workload} are paused.", "That stays so; scaling works all the same.");
    }

    private static IEnumerable<SwapFinding> OfStatefulSet(Workload workload)
    {
        var (spec, status) = (workload.Json["spec"]!, workload.Json["status"]);
        if (spec["persistentVolumeClaimRetentionPolicy"]?["whenScaled"]?.GetValue<string>() == "Delete")
            yield return new("swap-would-delete-volumes", $"{workload} deletes its volumes when it is scaled down (persistentVolumeClaimRetentionPolicy.whenScaled is Delete).", "Its data would be lost. Set that to Retain to swap it.", Refuses: true);
        if (spec["updateStrategy"]?["type"]?.GetValue<string>() == "OnDelete")
        {
            // The controller never takes currentRevision on here; what counts is whose template the Pods have.
            if (Workload.Number(status, "updatedReplicas") < Workload.Number(status, "replicas"))
                yield return new("rollout-progressing", $"{workload} has Pods of an older template (updateStrategy OnDelete).", "Scaled to 0 and back all of them would have the new one. Delete the old Pods first, or undo the change.", Refuses: true);
        }
        else if (!workload.IsObserved || (Workload.Text(status, "updateRevision") != Workload.Text(status, "currentRevision") && Workload.Number(spec["updateStrategy"]?["rollingUpdate"], "partition") == 0))
        {
            // With a partition Pods below it come back with the template that they had.
            yield return new("rollout-progressing", $"A rollout of {workload} is under way.", $"Wait for it: kubectl rollout status {workload} -n {workload.Namespace}", Refuses: true);
        }
        if (workload.Replicas > 1)
            yield return new("statefulset-of-many", $"{workload} has {RestoreResult.CountOf(workload.Replicas)}, and all of them go while the session lasts.", $"The agent has the identity and the volumes of the first one, {workload.FirstPodName}.");
    }
}
