namespace Telelaunch.Routing.Resolver;

/// <summary>Where the parts of this machine's name resolution lie.</summary>
/// <param name="Root">What all paths start with: <c>/</c>, or a folder that looks like one, for reading only.</param>
public sealed record HostPaths(string Root = "/")
{
    private static readonly string[] ProgramFolders = ["usr/sbin", "sbin", "usr/bin", "bin", "usr/local/sbin"];

    /// <summary>What the C library and others read, resolv.conf(5).</summary>
    public string ResolvConf => At("etc/resolv.conf");

    /// <summary>nsswitch.conf(5).</summary>
    public string Nsswitch => At("etc/nsswitch.conf");

    /// <summary>What systemd-resolved asks, as a resolv.conf (systemd-resolved.service(8), /etc/resolv.conf).</summary>
    public string ResolvedUpstreams => At("run/systemd/resolve/resolv.conf");

    /// <summary>Debian's resolvconf keeps its records in <c>interface</c> below it, openresolv in <c>interfaces</c>.</summary>
    public string ResolvconfState => At("run/resolvconf");

    /// <summary>The mounts of this process, proc(5).</summary>
    public string MountInfo => At("proc/self/mountinfo");

    /// <summary>The name that this machine calls itself.</summary>
    public string HostName => At("proc/sys/kernel/hostname");

    /// <summary>Where nscd(8) listens while it runs.</summary>
    public string NameCacheSocket => At("var/run/nscd/socket");

    /// <summary>Where what has to be undone is written down.</summary>
    public string Journals => At("var/lib/telelaunch");

    /// <summary>A program of the system's folders, the environment's PATH aside: we may be privileged, and whoever started us may not. Null where there is none.</summary>
    public string? FindProgram(string name) =>
        ProgramFolders.Select(folder => At($"{folder}/{name}")).FirstOrDefault(File.Exists);

    private string At(string path) => Path.Combine(Root, path);
}
