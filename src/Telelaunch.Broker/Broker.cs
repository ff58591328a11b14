using Microsoft.Extensions.Logging;
using Telelaunch.Broker.Managed;
using Telelaunch.Broker.Ports;
using Telelaunch.Net;

namespace Telelaunch.Broker;

/// <summary>The catching side of one session: what the shims of its processes talk to.</summary>
/// <remarks>
/// Theory of operation. The shim decides by the verdict table in shared memory. A connect to the cluster arrives as DIAL with the application's own
/// descriptor: <see cref="FlowOpener"/> dials and opens it by simultaneous open on a port of <see cref="RelayPorts"/>. Names arrive as LOOKUP, REVERSE and QUERY, or as
/// datagrams at <see cref="NameServerListener"/>; <see cref="PodNames"/> asks the pod. Everything lies in one <see cref="SessionDirectory"/>.
/// </remarks>
public sealed class Broker : IAsyncDisposable
{
    /// <summary>How many ports <see cref="BrokerOptions.PodPorts"/> may name.</summary>
    public const int MaximumPodPorts = VerdictTableLayout.MaximumPodPorts;

    private readonly BrokerOptions _options;
    private readonly FlowContext _context;
    private readonly BrokerParts _parts;
    private readonly CancellationTokenSource _stop;
    private readonly LoopProbe _probe;
    private readonly Task _probing;
    private int _disposed;

    private Broker(BrokerOptions options, FlowContext context, BrokerParts parts, CancellationTokenSource stop, LoopProbe probe)
    {
        _options = options;
        _context = context;
        _parts = parts;
        _stop = stop;
        _probe = probe;
        _probing = probe.RunAsync(parts.Names, stop.Token);
    }

    /// <summary>Where control socket and table are; gone after <see cref="DisposeAsync"/>.</summary>
    public string SessionPath => _parts.Directory.FullPath;

    /// <summary>Cluster ranges that overlap a route of this machine and were dropped: only addresses that lookups give are followed there.</summary>
    public IReadOnlyList<RangeOverlap> Overlaps => _parts.Overlaps;

    /// <summary>Whether non-blocking connects are truthful for IPv4; if not, every connect waits for its dial.</summary>
    public bool HoldsSyn => (_parts.Ports.Flags & VerdictFlags.HeldSyn4) != 0;

    /// <summary>The cluster's DNS forwards to this machine.</summary>
    public bool LoopDetected => _probe.Detected;

    /// <summary>Flows that dial or relay now.</summary>
    public int OpenFlows => _parts.Flows.OpenFlows;

    /// <summary>Where applications' connects to IPv4 destinations are sent on 127.0.0.1; the name-server listener's UDP port too.</summary>
    public int RelayPort4 => _parts.Ports.Port4;

    /// <summary>On which sockets the command listens; empty without <see cref="BrokerOptions.FollowsListeners"/>.</summary>
    public AppListeners AppListeners => _parts.AppListeners;

    /// <summary>Requests that shims have made so far.</summary>
    public long ControlRequests => _parts.ControlConnections;

    /// <summary>Waits until the flows that are open now have ended: what a process wrote before it ended is still on its way to the pod.</summary>
    public Task WaitForFlowsAsync(CancellationToken cancellationToken) => _parts.Flows.PresentFlows.WaitAsync(cancellationToken);

    /// <summary>Completes when the loop probe has been answered.</summary>
    public Task LoopProbed => _probing;

    /// <summary>Opens everything that a session needs on this machine.</summary>
    /// <exception cref="HostException">No session directory, or loopback can't be used.</exception>
    /// <exception cref="UsageException">More ranges than the verdict table holds.</exception>
    public static async Task<Broker> StartAsync(BrokerOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        var context = new FlowContext(new PodLoopback(options.Dialer).DialAsync, options.Pod, options.Records, options.Time, options.Logger);
        var stop = new CancellationTokenSource();
        var probe = new LoopProbe(() => context.ReportLoop());
        BrokerParts parts;
        try
        {
            parts = await BrokerParts.OpenAsync(options, context, probe, stop.Token, cancellationToken);
        }
        catch
        {
            stop.Dispose();
            throw;
        }

        if (!parts.Ports.Flags.HasFlag(VerdictFlags.HeldSyn4))
        {
            options.Records(new NoticeRecord(
                options.Time.GetUtcNow(),
                "syn-not-held",
                "This kernel answers where it should stay silent (gVisor, WSL 1): a non-blocking connect to the cluster waits until the pod has connected.",
                "Programs work as before; run them on a Linux kernel if their event loop must not wait."));
        }

        return new Broker(options, context, parts, stop, probe);
    }

    /// <summary>The variables that the command needs, on top of its own environment.</summary>
    /// <param name="shimPath">The shim's library; a path without blanks or colons, because LD_PRELOAD splits at both (ld.so(8)). Null: the command gets no shim, and what it needs is routed for the whole machine.</param>
    /// <param name="userPreload">LD_PRELOAD as the user has it, kept behind the shim; null or empty for none.</param>
    /// <param name="logPath">Where the shim writes its few lines; null: stderr.</param>
    /// <param name="hook">What the shim gives .NET applications, or what a woven one takes by itself; null: nothing.</param>
    public IReadOnlyDictionary<string, string> GetEnvironment(string? shimPath, string? userPreload, string? logPath, StartupHookUse? hook = null)
    {
        // A build server outlives the run and would keep this session's environment.
        var variables = new Dictionary<string, string>(StringComparer.Ordinal) { ["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0" };
        if (shimPath is not null)
        {
            variables["LD_PRELOAD"] = string.IsNullOrEmpty(userPreload) ? shimPath : $"{shimPath}:{userPreload}";
            variables["TELELAUNCH_SESSION"] = SessionPath;
        }
        if (hook is { } use)
        {
            variables["TELELAUNCH_SESSION"] = SessionPath;
            variables["TELELAUNCH_HOOK"] = use.Path;
            if (use.Traces)
                variables["TELELAUNCH_TRACE"] = "1";
        }

        if (_options.SkipProcesses.Count > 0)
            variables["TELELAUNCH_SKIP"] = string.Join(',', _options.SkipProcesses);
        if (logPath is not null)
            variables["TELELAUNCH_LOG"] = logPath;
        if (_options.Volumes is MountedVolumes volumes)
        {
            variables["TELELAUNCH_ROOT"] = volumes.RootLink ?? volumes.Root;
            // Telepresence 1's name for it.
            variables["TELEPRESENCE_ROOT"] = volumes.RootLink ?? volumes.Root;
        }

        return variables;
    }

    /// <summary>To be called whenever the tunnel's state changes.</summary>
    public void SetTunnelState(TunnelState state)
    {
        if (_context.TunnelState != state)
            _options.Logger.LogInformation("The broker's tunnel is {State}", state);
        _context.TunnelState = state;
    }

    /// <summary>Another pod stands at the tunnel's end: its addresses and search list count from now on.</summary>
    public void SetPod(PodDescription pod)
    {
        ArgumentNullException.ThrowIfNull(pod);
        _context.Pod = pod;
        _parts.Names.Policy = new NamePolicy(pod, _options.Names);
        _parts.Names.Forget();
        _parts.PublishPod(_context, active: true);
    }

    /// <summary>Ends every flow, closes every socket and removes the session directory. Shims that are still there find the session closed.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        await _stop.CancelAsync();
        await _probing;
        _parts.PublishPod(_context, active: false);
        await _parts.DisposeAsync();
        _stop.Dispose();
    }
}
