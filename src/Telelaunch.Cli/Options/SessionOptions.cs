using Telelaunch.Net;
using Telelaunch.Volumes;

namespace Telelaunch.Cli.Options;

/// <summary>What carries the flows inside the port-forward: <c>--tunnel</c>.</summary>
internal enum TunnelKind
{
    Ssh,
    Direct,
}

/// <summary>How traffic is caught: <c>--method</c>.</summary>
internal enum CatchMethod
{
    /// <summary>The shim, unless it would catch nothing of the program: then nothing is started.</summary>
    Auto,

    /// <summary>The shim, whatever the program is.</summary>
    Shim,

    /// <summary>The packet filter of this machine: every program's connections, not the command's alone.</summary>
    VpnTcp,

    /// <summary>Nothing is caught: a node of the cluster forwards the packets.</summary>
    Route,
}

/// <summary>How a start is shown: <c>--progress</c>.</summary>
internal enum ProgressStyle
{
    /// <summary>A live line on a terminal, else plain.</summary>
    Auto,
    Plain,
    Json,
    Quiet,
}

/// <summary>Everything that run, shell and the commands about them are told. Null means: as it is by default.</summary>
internal sealed record SessionOptions
{
    public required ClusterOptions Cluster { get; init; }

    public required AgentOptions Agent { get; init; }

    public required TrafficOptions Traffic { get; init; }

    public required ReportOptions Report { get; init; }

    public WorkloadOptions Workload { get; init; } = new(null, null, null);

    public required EnvironmentOptions Environment { get; init; }

    public VolumeOptions Volumes { get; init; } = new(VolumeChoice.Small, AreWritable: false, Root: null);

    /// <summary><c>--keep-hostname</c>: the command's host name stays this machine's.</summary>
    public bool KeepHostName { get; init; }

    /// <summary>Ports between the pod and this machine.</summary>
    public ExposeOptions Expose { get; init; } = new([], false, []);

    /// <summary><c>--weave</c>: a copy of the .NET application is started that runs the startup hook by itself.</summary>
    public bool Weave { get; init; }

    /// <summary><c>--dry-run</c>: print, change nothing.</summary>
    public bool DryRun { get; init; }
}

/// <summary>The way to the cluster; the meaning is kubectl's.</summary>
internal sealed record ClusterOptions(string? Kubeconfig, string? Context, string? Namespace, string? As, string? Token);

/// <summary>The agent pod.</summary>
/// <param name="Timeout">How long its start may take.</param>
internal sealed record AgentOptions(string? Image, string? ServiceAccount, string? ImagePullSecret, string? Namespace, TimeSpan? Timeout);

/// <summary>What goes through the cluster, and how.</summary>
/// <param name="AlsoNames">Names of <c>--also-proxy</c>, to be resolved in the pod.</param>
/// <param name="SkipProcesses">Names of programs in the process tree that stay outside.</param>
internal sealed record TrafficOptions(
    IReadOnlyList<string> AlsoNames,
    IReadOnlyList<AddressRange> AlsoRanges,
    IReadOnlyList<AddressRange> NeverRanges,
    IReadOnlyList<string> SkipProcesses,
    TunnelKind Tunnel)
{
    public CatchMethod Method { get; init; }

    /// <summary>The method is for this machine as a whole: a command may be left out.</summary>
    public bool IsForMachine => Method is CatchMethod.VpnTcp or CatchMethod.Route;

    /// <summary>The node that forwards, by name or address: <c>--node</c>; null: one that is reachable is looked for.</summary>
    public string? Node { get; init; }

    /// <summary>How many carriers are kept open: <c>--carriers</c>.</summary>
    public int Carriers { get; init; } = 1;
}

/// <summary>What a person or a program sees.</summary>
internal sealed record ReportOptions(bool Verbose, string? LogFile, bool Trace, ProgressStyle Progress);
