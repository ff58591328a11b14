using System.Text.Json.Nodes;

namespace Telelaunch.Cluster.Tests;

/// <summary>The "restricted" Pod Security Standard (Kubernetes documentation, Pod Security Standards), as far as a Pod's own JSON tells.</summary>
internal static class RestrictedPod
{
    private static readonly string[] s_volumes = ["configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"];

    private static readonly string[] s_sysctls = ["kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start", "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range"];

    /// <summary>What a namespace that enforces it would refuse the Pod for; empty where it wouldn't.</summary>
    public static IEnumerable<string> Violations(JsonNode spec)
    {
        foreach (var field in (string[])["hostNetwork", "hostPID", "hostIPC"])
        {
            if ((bool?)spec[field] == true) yield return field;
        }
        foreach (var volume in Items(spec["volumes"]).Where(volume => volume.AsObject().Any(field => field.Key != "name" && !s_volumes.Contains(field.Key)))) yield return $"volume {volume["name"]}";
        foreach (var sysctl in Items(spec["securityContext"]?["sysctls"]).Where(sysctl => !s_sysctls.Contains((string?)sysctl["name"]))) yield return $"sysctl {sysctl["name"]}";
        foreach (var container in Items(spec["initContainers"]).Concat(Items(spec["containers"])))
        {
            foreach (var violation in OfContainer(container, spec["securityContext"])) yield return $"{violation} of {container["name"]}";
        }
    }

    private static IEnumerable<string> OfContainer(JsonNode container, JsonNode? pod)
    {
        var own = container["securityContext"];
        if ((bool?)own?["privileged"] == true) yield return "privileged";
        if ((bool?)own?["allowPrivilegeEscalation"] != false) yield return "allowPrivilegeEscalation";
        if (!Items(own?["capabilities"]?["drop"]).Any(name => (string?)name == "ALL")) yield return "capabilities.drop";
        if (Items(own?["capabilities"]?["add"]).Any(name => (string?)name != "NET_BIND_SERVICE")) yield return "capabilities.add";
        if ((bool?)(own?["runAsNonRoot"] ?? pod?["runAsNonRoot"]) != true) yield return "runAsNonRoot";
        if ((own?["runAsUser"] ?? pod?["runAsUser"])?.ToJsonString() == "0") yield return "runAsUser";
        if ((string?)(own?["seccompProfile"] ?? pod?["seccompProfile"])?["type"] is not ("RuntimeDefault" or "Localhost")) yield return "seccompProfile";
        if (Items(container["ports"]).Any(port => (int?)port["hostPort"] is > 0)) yield return "hostPort";
    }

    private static IEnumerable<JsonNode> Items(JsonNode? list) => (list as JsonArray ?? []).OfType<JsonNode>();
}
