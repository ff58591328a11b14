using System.Text.Json.Nodes;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Access;

/// <summary>Pod Security Standards "baseline" and "restricted", as far as pods of the playground can break them, in the real server's words.</summary>
public static class PodSecurity
{
    private static readonly string[] BaselineCapabilities =
    [
        "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
    ];

    private static readonly string[] RestrictedVolumes =
        ["configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret", "image"];

    private static readonly string[] SafeSysctls =
    [
        "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start", "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range",
        "net.ipv4.ip_local_reserved_ports", "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes",
    ];

    /// <summary>The level that a namespace's label asks for, or null if it is <c>privileged</c> or missing.</summary>
    /// <param name="mode"><c>enforce</c>, <c>warn</c> or <c>audit</c>.</param>
    public static string? Level(JsonObject? ns, string mode) =>
        ns?.Label($"pod-security.kubernetes.io/{mode}") is "restricted" or "baseline" ? ns.Label($"pod-security.kubernetes.io/{mode}") : null;

    /// <summary>Every violation as (what, where), in the order in which the real server lists them.</summary>
    public static IReadOnlyList<(string Rule, string Detail)> Violations(string level, JsonObject podSpec)
    {
        var all = podSpec["containers"].Items().Concat(podSpec["initContainers"].Items()).Concat(podSpec["ephemeralContainers"].Items()).ToList();
        var found = new List<(string, string)>();
        Baseline(podSpec, all, level, found);
        if (level == "restricted")
            Restricted(podSpec, all, found);
        return [.. found.OrderBy(v => Array.IndexOf(Order, v.Item1) is >= 0 and var at ? at : Order.Length)];
    }

    public static string Describe(IEnumerable<(string Rule, string Detail)> violations) =>
        string.Join(", ", violations.Select(v => $"{v.Rule} ({v.Detail})"));

    private static readonly string[] Order =
    [
        "host namespaces", "hostPath volumes", "hostPort", "privileged", "procMount", "forbidden sysctls", "non-default capabilities",
        "allowPrivilegeEscalation != false", "unrestricted capabilities", "restricted volume types", "runAsNonRoot != true", "runAsUser=0", "seccompProfile",
    ];

    private static void Baseline(JsonObject spec, List<JsonObject> containers, string level, List<(string, string)> found)
    {
        var host = ((string[])["hostNetwork", "hostPID", "hostIPC"]).Where(k => spec[k].IsTrue()).Select(k => $"{k}=true").ToList();
        if (host.Count > 0)
            found.Add(("host namespaces", string.Join(", ", host)));
        var paths = spec["volumes"].Items().Where(v => v["hostPath"] is not null).Select(v => $"\"{v["name"].Text()}\"").ToList();
        if (paths.Count > 0 && level == "baseline")
            found.Add(("hostPath volumes", $"volume{(paths.Count > 1 ? "s" : "")} {string.Join(", ", paths)}"));
        foreach (var container in containers)
        {
            var ports = container["ports"].Items().Select(p => p["hostPort"].Number()).Where(p => p > 0).ToList();
            if (ports.Count > 0)
                found.Add(("hostPort", $"{Name(container)} uses hostPort{(ports.Count > 1 ? "s" : "")} {string.Join(", ", ports)}"));
        }
        AddFor(containers.Where(c => c.At("securityContext", "privileged").IsTrue()), "privileged", "must not set securityContext.privileged=true", found);
        var sysctls = spec.At("securityContext", "sysctls").Items().Select(s => s["name"].Text()).Where(n => !SafeSysctls.Contains(n)).ToList();
        if (sysctls.Count > 0)
            found.Add(("forbidden sysctls", string.Join(", ", sysctls)));
        if (level == "baseline")
        {
            foreach (var container in containers)
            {
                var added = Capabilities(container, "add").Except(BaselineCapabilities).Select(c => $"\"{c}\"").ToList();
                if (added.Count > 0)
                    found.Add(("non-default capabilities", $"{Name(container)} must not include {string.Join(", ", added)} in securityContext.capabilities.add"));
            }
        }
        if (spec.At("securityContext", "seccompProfile", "type").Text() == "Unconfined" && level == "baseline")
            found.Add(("seccompProfile", "pod must not set securityContext.seccompProfile.type to \"Unconfined\""));
    }

    private static void Restricted(JsonObject spec, List<JsonObject> containers, List<(string, string)> found)
    {
        AddFor(containers.Where(c => c.At("securityContext", "allowPrivilegeEscalation") is not { } allow || allow.IsTrue()),
            "allowPrivilegeEscalation != false", "must set securityContext.allowPrivilegeEscalation=false", found);
        var capabilities = new List<string>();
        var undropped = containers.Where(c => !Capabilities(c, "drop").Contains("ALL")).ToList();
        if (undropped.Count > 0)
            capabilities.Add($"{Names(undropped)} must set securityContext.capabilities.drop=[\"ALL\"]");
        foreach (var container in containers)
        {
            var added = Capabilities(container, "add").Where(c => c != "NET_BIND_SERVICE").Select(c => $"\"{c}\"").ToList();
            if (added.Count > 0)
                capabilities.Add($"{Name(container)} must not include {string.Join(", ", added)} in securityContext.capabilities.add");
        }
        if (capabilities.Count > 0)
            found.Add(("unrestricted capabilities", string.Join("; ", capabilities)));
        foreach (var volume in spec["volumes"].Items())
        {
            var type = volume.Select(p => p.Key).FirstOrDefault(k => k != "name");
            if (type is not null && !RestrictedVolumes.Contains(type))
                found.Add(("restricted volume types", $"volume \"{volume["name"].Text()}\" uses restricted volume type \"{type}\""));
        }
        RunAsNonRoot(spec, containers, found);
        var podSeccomp = spec.At("securityContext", "seccompProfile", "type").Text();
        var open = containers.Where(c => (c.At("securityContext", "seccompProfile", "type").Text() is { Length: > 0 } own ? own : podSeccomp) is not ("RuntimeDefault" or "Localhost")).ToList();
        if (open.Count > 0)
            found.Add(("seccompProfile", $"pod or {Names(open)} must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\""));
    }

    private static void RunAsNonRoot(JsonObject spec, List<JsonObject> containers, List<(string, string)> found)
    {
        var pod = spec.At("securityContext", "runAsNonRoot").IsTrue();
        var rooted = containers.Where(c => !(c.At("securityContext", "runAsNonRoot") is { } own ? own.IsTrue() : pod)).ToList();
        if (rooted.Count > 0)
            found.Add(("runAsNonRoot != true", $"pod or {Names(rooted)} must set securityContext.runAsNonRoot=true"));
        var zero = new List<string>();
        if (spec.At("securityContext", "runAsUser") is { } user && user.Number(-1) == 0)
            zero.Add("pod must not set runAsUser=0");
        var zeroContainers = containers.Where(c => c.At("securityContext", "runAsUser") is { } own && own.Number(-1) == 0).ToList();
        if (zeroContainers.Count > 0)
            zero.Add($"{Names(zeroContainers)} must not set runAsUser=0");
        if (zero.Count > 0)
            found.Add(("runAsUser=0", string.Join("; ", zero)));
    }

    private static void AddFor(IEnumerable<JsonObject> containers, string rule, string must, List<(string, string)> found)
    {
        var list = containers.ToList();
        if (list.Count > 0)
            found.Add((rule, $"{Names(list)} {must}"));
    }

    private static IEnumerable<string> Capabilities(JsonObject container, string key) =>
        container.At("securityContext", "capabilities", key) is JsonArray list ? list.Select(c => c.Text()) : [];

    private static string Name(JsonObject container) => $"container \"{container["name"].Text()}\"";

    private static string Names(List<JsonObject> containers) =>
        containers.Count == 1 ? Name(containers[0]) : $"containers {string.Join(", ", containers.Select(c => $"\"{c["name"].Text()}\""))}";
}
