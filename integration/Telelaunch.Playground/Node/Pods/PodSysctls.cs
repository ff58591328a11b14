using System.Text.Json.Nodes;
using Telelaunch.Playground.Node.Network;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Node.Pods;

/// <summary>Kernel parameters of a pod's own namespaces.</summary>
internal static class PodSysctls
{
    // Kubernetes documentation, "Using sysctls in a Kubernetes Cluster", the safe set.
    private static readonly HashSet<string> Safe =
    [
        "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range",
        "net.ipv4.ip_unprivileged_port_start", "net.ipv4.ip_local_reserved_ports", "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem",
    ];

    /// <summary>The first one that the node doesn't allow, or null.</summary>
    public static string? Forbidden(JsonObject pod) => Of(pod).Select(s => s["name"].Text().Replace('/', '.')).FirstOrDefault(n => !Safe.Contains(n));

    /// <summary>Sets those of the network; kernel.shm_rmid_forced belongs to the ipc namespace of a container, where nothing here needs it.</summary>
    public static async Task ApplyAsync(NodeSandbox sandbox, PodAddress address, JsonObject pod, CancellationToken cancellation)
    {
        foreach (var sysctl in Of(pod).Where(s => s["name"].Text().StartsWith("net", StringComparison.Ordinal)))
        {
            await sandbox.ScriptAsync("exec nsenter --net=\"$1\" sh -c 'echo \"$1\" > \"$2\"' set \"$2\" \"$3\"", cancellation,
                address.Path, sysctl["value"].Text(), "/proc/sys/" + sysctl["name"].Text().Replace('.', '/'));
        }
    }

    private static IEnumerable<JsonObject> Of(JsonObject pod) => pod.At("spec", "securityContext", "sysctls").Items();
}
