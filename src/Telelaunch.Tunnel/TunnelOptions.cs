using System.Collections.Frozen;
using Telelaunch.Mux;

namespace Telelaunch.Tunnel;

/// <summary>What carries the flows inside the port-forward.</summary>
public enum CarrierKind
{
    /// <summary>An SSH session with a pinned host key: end-to-end encryption, whatever sits between.</summary>
    Ssh,

    /// <summary>The port-forward alone; each end proves the session's secret.</summary>
    Direct,
}

/// <summary>How a tunnel is made and kept.</summary>
public sealed record TunnelOptions
{
    /// <summary>A carrier that failed for one of these isn't tried again: another attempt would end the same way.</summary>
    /// <remarks>The agent's and sshd's refusals, and the API server's 401, 403 and 404 as the connector names them.</remarks>
    public static readonly FrozenSet<string> PermanentCodes = FrozenSet.Create(
        "agent-not-authentic", "agent-version-mismatch",
        "ssh-host-key-mismatch", "ssh-key-refused", "ssh-no-common-algorithm",
        "unauthorized", "forbidden", "api-not-found", "pod-not-found", "namespace-not-found");

    public CarrierKind Carrier { get; init; } = CarrierKind.Ssh;

    /// <summary>How many carriers are kept open, 1 to 4. One fills a core at each end; more help where a single TCP connection is the limit.</summary>
    public int Carriers { get; init; } = 1;

    /// <summary>The agent listens there, on the pod's loopback.</summary>
    public int AgentPort { get; init; } = 7778;

    /// <summary>sshd listens there, on the pod's loopback.</summary>
    public int SshPort { get; init; } = 7722;

    /// <summary>The one user that the pod's sshd lets in.</summary>
    public string SshUser { get; init; } = "telelaunch";

    /// <summary>A dial or lookup waits so long for a lost tunnel to come back.</summary>
    public TimeSpan WaitForTunnel { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>An attempt to open a carrier may take so long.</summary>
    public TimeSpan AttemptTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The wait after the first failed attempt; doubled after each, up to <see cref="LongestRetry"/>. It stays this long while a dial or lookup waits.</summary>
    public TimeSpan FirstRetry { get; init; } = TimeSpan.FromSeconds(1);

    public TimeSpan LongestRetry { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A tunnel without any carrier for so long is lost for good.</summary>
    public TimeSpan GiveUpAfter { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Options of the mux: PING, windows, and where time comes from, for the tunnel too.</summary>
    public MuxOptions Mux { get; init; } = new();

    internal TimeProvider Time => Mux.TimeProvider;
}
