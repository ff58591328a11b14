using System.Text.Json.Nodes;
using Telelaunch.Playground.Node.Network;

namespace Telelaunch.Playground.Node.Containers;

/// <summary>A directory or file of the host inside a container.</summary>
internal sealed record ContainerMount(string Source, string Target, bool ReadOnly);

/// <summary>Who a process in a container is, and what it may do.</summary>
internal sealed record ProcessIdentity(long User, long Group, IReadOnlyList<long> Groups)
{
    public IReadOnlyList<string> Capabilities { get; init; } = RuncSpec.DefaultCapabilities;

    public bool NoNewPrivileges { get; init; }
}

/// <summary>One container before it runs.</summary>
internal sealed record ContainerPlan(string Id, ContainerImage Image, ProcessIdentity Identity)
{
    public required IReadOnlyList<string> Arguments { get; init; }

    public required IReadOnlyList<KeyValuePair<string, string>> Environment { get; init; }

    public required IReadOnlyList<ContainerMount> Mounts { get; init; }

    public required string WorkingDirectory { get; init; }

    public required string HostName { get; init; }

    public required string NetworkNamespace { get; init; }

    public bool ReadOnlyRoot { get; init; }
}

/// <summary>Writes runc's configuration (OCI runtime specification 1.0).</summary>
internal static class RuncSpec
{
    /// <summary>What containerd leaves a container that asks for nothing.</summary>
    public static readonly string[] DefaultCapabilities =
    [
        "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW", "CAP_SETGID", "CAP_SETUID", "CAP_SETFCAP", "CAP_SETPCAP",
        "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL", "CAP_AUDIT_WRITE",
    ];

    public static JsonObject Of(ContainerPlan plan, string rootDirectory, string cgroupParent) => new()
    {
        ["ociVersion"] = "1.0.2",
        ["process"] = Process(plan, plan.Arguments, terminal: false),
        ["root"] = new JsonObject { ["path"] = rootDirectory, ["readonly"] = plan.ReadOnlyRoot },
        ["hostname"] = plan.HostName,
        ["mounts"] = Mounts(plan),
        ["linux"] = new JsonObject
        {
            // An unprivileged user has no cgroups to give; runc forgives that only where none is named.
            ["cgroupsPath"] = UserNamespace.IsInitial ? $"/{cgroupParent}/{plan.Id}" : "",
            ["namespaces"] = new JsonArray(
                Named("pid"), Named("ipc"), Named("uts"), Named("mount"),
                new JsonObject { ["type"] = "network", ["path"] = plan.NetworkNamespace }),
            ["maskedPaths"] = Strings("/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
                "/proc/timer_stats", "/proc/sched_debug", "/sys/firmware", "/proc/scsi"),
            ["readonlyPaths"] = Strings("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"),
        },
    };

    /// <summary>A process in it, the first or one of exec.</summary>
    public static JsonObject Process(ContainerPlan plan, IReadOnlyList<string> arguments, bool terminal)
    {
        // A single user in the user namespace: whoever was asked for, it is that one.
        var many = UserNamespace.HasManyUsers;
        var user = new JsonObject { ["uid"] = many ? plan.Identity.User : 0, ["gid"] = many ? plan.Identity.Group : 0 };
        if (many && plan.Identity.Groups.Count > 0)
            user["additionalGids"] = new JsonArray([.. plan.Identity.Groups.Select(g => (JsonNode)g)]);
        var capabilities = Strings([.. plan.Identity.Capabilities]);
        return new()
        {
            ["terminal"] = terminal,
            ["user"] = user,
            ["args"] = Strings([.. arguments]),
            ["env"] = Strings([.. plan.Environment.Select(e => $"{e.Key}={e.Value}"), .. terminal ? (string[])["TERM=xterm"] : []]),
            ["cwd"] = plan.WorkingDirectory,
            ["capabilities"] = new JsonObject
            {
                ["bounding"] = capabilities,
                ["effective"] = capabilities.DeepClone(),
                ["permitted"] = capabilities.DeepClone(),
            },
            ["noNewPrivileges"] = plan.Identity.NoNewPrivileges,
        };
    }

    private static JsonArray Mounts(ContainerPlan plan)
    {
        string[] terminals = UserNamespace.HasManyUsers
            ? ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]
            : ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"];
        var mounts = new JsonArray(
            Mount("/proc", "proc", "proc", "nosuid", "noexec", "nodev"),
            Mount("/dev", "tmpfs", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k"),
            Mount("/dev/pts", "devpts", "devpts", terminals),
            Mount("/dev/shm", "tmpfs", "shm", "nosuid", "noexec", "nodev", "mode=1777", "size=65536k"),
            Mount("/dev/mqueue", "mqueue", "mqueue", "nosuid", "noexec", "nodev"),
            Mount("/sys", "none", "/sys", "rbind", "nosuid", "noexec", "nodev", "ro"));
        foreach (var mount in plan.Mounts.OrderBy(m => m.Target.Count(c => c == '/')))
            mounts.Add((JsonNode)Mount(mount.Target, "bind", mount.Source, "rbind", "rprivate", mount.ReadOnly ? "ro" : "rw"));
        return mounts;
    }

    private static JsonObject Mount(string target, string type, string source, params ReadOnlySpan<string> options) => new JsonObject
    {
        ["destination"] = target,
        ["type"] = type,
        ["source"] = source,
        ["options"] = Strings(options),
    };

    private static JsonObject Named(string type) => new JsonObject { ["type"] = type };

    private static JsonArray Strings(params ReadOnlySpan<string> texts)
    {
        var array = new JsonArray();
        foreach (var text in texts)
            array.Add((JsonNode)text);
        return array;
    }
}
