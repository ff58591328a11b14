using k8s.Models;

namespace Telelaunch.Cluster;

/// <summary>Why a Pod doesn't become ready.</summary>
/// <param name="MayPass">It often passes by itself within seconds, so it is told at once and fails the start a little later.</param>
/// <param name="HasEnded">The container ran and ended, so its log may tell more.</param>
internal sealed record PodObstacle(string Code, string Cause, string Remedy, bool MayPass = false, bool HasEnded = false)
{
    /// <summary>What a Pod's status tells; null when nothing holds it up.</summary>
    public static PodObstacle? Of(V1Pod pod)
    {
        var status = pod.Status;
        if (pod.Metadata.DeletionTimestamp is not null)
            return Deleted(pod.Metadata.Name);
        foreach (var container in status?.ContainerStatuses ?? [])
        {
            if (container.State?.Terminated is { } terminated)
                return Ended(terminated, status!);
            if (container.State?.Waiting is { } waiting && OfWaiting(waiting, container.Image) is { } obstacle)
                return obstacle;
        }

        if (status?.Phase is "Failed" or "Succeeded")
            return Rejected(status);
        return status?.Conditions?.FirstOrDefault(condition => condition is { Type: "PodScheduled", Status: "False" }) is { Reason: "Unschedulable" or "SchedulerError" } unscheduled
            ? new("unschedulable", $"No node takes the agent pod: {unscheduled.Message}", "Make room (it asks for 25m CPU and 64Mi), or raise --agent-timeout if the cluster is adding a node; else another namespace with --agent-namespace.", MayPass: true)
            : null;
    }

    /// <summary>What an Event tells that the status doesn't; null for all others.</summary>
    public static PodObstacle? Of(Corev1Event podEvent) => podEvent.Type != "Warning" ? null : podEvent.Reason switch
    {
        // A moment of this is usual: the Secret is made right after its Pod, and kubelets time out now and then.
        "FailedMount" or "FailedAttachVolume" => new("volume-mount-failed", $"A volume of the agent pod can't be mounted: {podEvent.Message}", "See that the node is healthy and that nothing deletes Secrets of the namespace.", MayPass: true),
        "FailedCreatePodSandBox" => new("pod-sandbox-failed", $"The node can't set up the agent pod: {podEvent.Message}", "The node's network plugin or runtime is at fault: ask the cluster's owner.", MayPass: true),
        "NetworkNotReady" => new("pod-sandbox-failed", $"The node's network isn't ready: {podEvent.Message}", "The node's network plugin is at fault: ask the cluster's owner.", MayPass: true),
        _ => null,
    };

    public static PodObstacle Deleted(string name) => new(
        "agent-deleted",
        $"Somebody or something deleted the agent pod {name} while it started.",
        "Look for evictions, a clean-up job or a colleague (`kubectl get events`), and start again.");

    private static PodObstacle? OfWaiting(V1ContainerStateWaiting waiting, string image) => waiting.Reason switch
    {
        "ErrImagePull" or "ImagePullBackOff" or "ImageInspectError" or "RegistryUnavailable" or "SignatureValidationFailed" => new(
            "image-pull-failed",
            $"The agent image {image} can't be pulled ({waiting.Reason}): {waiting.Message}",
            "Name an image that the nodes reach with --agent-image (`make agent-image` makes one to push), and give --image-pull-secret if its registry asks for a login."),
        "ErrImageNeverPull" => new(
            "image-pull-failed",
            $"The agent image {image} isn't on the node, and the cluster doesn't pull it (ErrImageNeverPull): {waiting.Message}",
            "Import it on the node, or name one that may be pulled with --agent-image."),
        "InvalidImageName" => new("image-name-invalid", $"\"{image}\" is no image name: {waiting.Message}", "Correct --agent-image."),
        "CreateContainerConfigError" => new(
            "container-config",
            $"The agent's container can't be set up (CreateContainerConfigError): {waiting.Message}",
            "The agent image must have a numeric user other than 0; see --agent-image."),
        "CreateContainerError" or "RunContainerError" or "StartError" or "PreCreateHookError" or "PreStartHookError" or "PostStartHookError" => new(
            "container-start-failed",
            $"The agent's container doesn't start ({waiting.Reason}): {waiting.Message}",
            "See that --agent-image is an agent of Telelaunch for the nodes' architecture."),
        _ => null,
    };

    private static PodObstacle Ended(V1ContainerStateTerminated terminated, V1PodStatus status)
    {
        var reason = status.Reason ?? terminated.Reason;
        var said = string.IsNullOrWhiteSpace(terminated.Message) ? "" : ": " + terminated.Message.Trim();
        return terminated.Reason is "StartError" or "ContainerCannotRun"
            ? new("container-start-failed", $"The agent's container doesn't start ({terminated.Reason}){said}", "See that --agent-image is an agent of Telelaunch for the nodes' architecture.")
            : new("agent-ended", $"The agent ended with exit code {terminated.ExitCode} ({reason}) instead of becoming ready{said}", "See that --agent-image is an agent of Telelaunch of this version.", HasEnded: true);
    }

    private static PodObstacle Rejected(V1PodStatus status) => status.Reason switch
    {
        "SysctlForbidden" => new("sysctl-forbidden", $"The node refuses a sysctl of the agent pod: {status.Message}", "net.ipv4.ip_unprivileged_port_start must be allowed; it is in the safe set since Kubernetes 1.22."),
        _ => new("pod-rejected", $"The node refuses the agent pod ({status.Reason ?? status.Phase}): {status.Message}", "Look at the node (`kubectl describe node`), and start again."),
    };
}
