using System.Text.Json.Serialization;
using Telelaunch.Broker;
using Telelaunch.Cli.Launch;
using Telelaunch.Cli.Logging;
using Telelaunch.Cli.Options;
using Telelaunch.Cli.Output;
using Telelaunch.Cli.Routing;
using Telelaunch.Cli.Session;
using Telelaunch.Cluster;
using Telelaunch.Net;
using Telelaunch.Routing.Helper;
using Telelaunch.Targets;

namespace Telelaunch.Cli.Commands;

/// <summary><c>telelaunch doctor</c>: tries each part of a session in turn, a session of its own at last, and says what to do about what fails.</summary>
internal sealed class DoctorCommand(Surroundings surroundings, SessionOptions options, CommandWords? words)
{
    private readonly List<DoctorCheck> _checks = [];
    private ProgramFindings? _program;

    /// <param name="words">A program to look at first, without running it; null for none.</param>
    /// <returns>0 all good, 1 something to fix.</returns>
    public static async Task<int> RunAsync(Surroundings surroundings, SessionOptions options, CommandWords? words, OutputFormat format, CancellationToken cancellationToken)
    {
        using var signals = new CommandSignals(surroundings.Signals, surroundings.Screen);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(signals.Starting, cancellationToken);
        var doctor = new DoctorCommand(surroundings, options, words);
        try
        {
            await doctor.ExamineAsync(stop.Token);
        }
        catch (OperationCanceledException) when (signals.CancelledBy != 0)
        {
            return new ProcessExit(0, signals.CancelledBy).ShellCode;
        }
        Report.Write(surroundings.Screen, format, new DoctorReport(doctor._program, doctor._checks), DoctorJson.Default.DoctorReport, Text);
        return doctor._checks.Any(check => check.Status == DoctorStatus.Fail) ? ExitCodes.Failed : ExitCodes.Success;
    }

    private async Task ExamineAsync(CancellationToken cancellationToken)
    {
        if (words is not null)
        {
            var examination = ProgramExamination.Of(words, options.Traffic.Method);
            _program = examination.Findings;
            _checks.AddRange(examination.Checks);
        }
        await CheckAsync("shim", () => Task.FromResult(ShimFile.Install()));
        ClusterConnection? connection = null;
        await CheckAsync("kubeconfig", () =>
        {
            connection = ClusterAccess.Connect(options.Cluster);
            return Task.FromResult($"context {connection.Kubeconfig.ContextName}, {connection.Kubeconfig.Server}, namespace {connection.Kubeconfig.Namespace}");
        });
        if (connection is null) return;
        using (connection)
        {
            if (!await CheckAsync("API server", () => connection.GetServerVersionAsync(cancellationToken))) return;
            if (!await CheckAsync("rights", () => RightsAsync(connection, cancellationToken))) return;
            await CheckAsync("ranges", () => RangesAsync(connection, cancellationToken));
            if (options.Traffic.IsForMachine) await CheckAsync("machine", () => MachineAsync(connection, cancellationToken));
        }
        await CheckAsync("session", () => SessionAsync(cancellationToken));
    }

    private async Task<string> RightsAsync(ClusterConnection connection, CancellationToken cancellationToken)
    {
        var podNamespace = options.Agent.Namespace ?? connection.Kubeconfig.Namespace;
        await ClusterAccess.RequireRightsAsync(connection, podNamespace, options.Workload, SessionPurpose.Run, cancellationToken);
        var optional = await ClusterRights.ReviewAsync(connection, podNamespace, [.. ClusterAccess.RightsOf(options.Workload, SessionPurpose.Run).Where(right => !right.IsRequired)], cancellationToken);
        foreach (var missing in optional.Where(review => !review.IsAllowed))
            _checks.Add(new("right", DoctorStatus.Warn, $"{missing.Right} is missing: {missing.Right.Purpose}", $"telelaunch rbac -n {podNamespace} prints it; sessions work without."));
        return $"all that a session needs in {podNamespace}";
    }

    private async Task<string> RangesAsync(ClusterConnection connection, CancellationToken cancellationToken)
    {
        var found = await ClusterRanges.FindAsync(connection, connection.Kubeconfig.Namespace, cancellationToken);
        var ranges = found.Services.Concat(found.Pods).ToList();
        foreach (var overlap in AddressRanges.Create(ranges.Select(range => range.Range), options.Traffic.NeverRanges).FindOverlaps(HostRoutes.Read()))
            _checks.Add(new("overlap", DoctorStatus.Warn, OverlapNote.Of(overlap), $"Take {overlap.Host.Name} down, or name what you need with --also-proxy."));
        if (ranges.Count == 0) _checks.Add(new("ranges", DoctorStatus.Warn, "No range could be found: addresses are followed only when names lead to them.", "Give the ranges with --also-proxy, or the rights that telelaunch rbac calls optional."));
        return string.Join(", ", ranges.Select(range => $"{range.Range} ({range.Source})"));
    }

    // As far as a helper goes before it changes anything that others notice: rights, another session, link, listeners, port 53, set-up of the name servers.
    private async Task<string> MachineAsync(ClusterConnection connection, CancellationToken cancellationToken)
    {
        var nothing = new RoutingPlan
        {
            Method = RoutingMethod.VpnTcp,
            Owner = $"doctor of {Environment.UserName}, context {connection.Kubeconfig.ContextName}, process {Environment.ProcessId}",
            Ranges = [],
            SearchDomains = [],
            RoutingDomains = [],
        };
        await using var routing = await MachineRouting.PrepareAsync(surroundings.Screen, nothing, cancellationToken);
        if (!routing.Prepared.HasIPv6) _checks.Add(new("machine", DoctorStatus.Warn, "IPv6 is switched off on this machine: IPv6 addresses of the cluster aren't routed.", "sysctl net.ipv6.conf.all.disable_ipv6=0, if you need them."));
        return $"can be routed; name servers by {routing.Prepared.Resolver}, all other names from {string.Join(", ", routing.Prepared.Upstreams)}";
    }

    private async Task<string> SessionAsync(CancellationToken cancellationToken)
    {
        using var log = new SessionLog(options.Report, surroundings.Screen, surroundings.Time);
        var display = ProgressDisplays.Choose(options.Report.Progress, surroundings.Screen, options.Report.Verbose, surroundings.Time);
        await using var session = await new SessionStart(options, surroundings.Screen, display, log, surroundings.Time, SessionPurpose.Look).RunAsync(cancellationToken);
        display.Finish();
        var broker = session.Broker!;
        if (!broker.HoldsSyn)
            _checks.Add(new("kernel", DoctorStatus.Warn, "This kernel can't hold a SYN: non-blocking connects to the cluster wait until they are decided.", "Use a Linux kernel of its own instead of gVisor or WSL 1."));
        await broker.LoopProbed;
        if (broker.LoopDetected) _checks.Add(new("names", DoctorStatus.Warn, "The cluster's DNS comes back to this machine; the loop is broken for each session.", "Nothing has to be done."));
        const string name = "kubernetes.default.svc";
        var lookup = await session.Tunnel!.LookUpAddressesAsync(name, AddressFamilies.Both, cancellationToken);
        if (lookup.Status != LookupStatus.Found)
            _checks.Add(new("names", DoctorStatus.Fail, $"The pod can't look up {name}: {lookup.Status}.", "Look at the cluster's DNS (kubectl -n kube-system get pods -l k8s-app=kube-dns) and at network policies."));
        return $"agent {session.Tunnel.Pod.AgentVersion} in pod {session.Pod!.Name} answered; {name} is {string.Join(", ", lookup.Addresses)}";
    }

    private async Task<bool> CheckAsync(string name, Func<Task<string>> check)
    {
        try
        {
            _checks.Add(new(name, DoctorStatus.Ok, await check(), null));
            return true;
        }
        catch (TelelaunchException error)
        {
            _checks.Add(new(name, DoctorStatus.Fail, error.Message, error.Remedy));
            return false;
        }
    }

    private static string Text(DoctorReport report) => string.Concat(report.Checks.Select(check =>
        $"{check.Status switch { DoctorStatus.Ok => "ok  ", DoctorStatus.Warn => "warn", _ => "FAIL" }}  {check.Name,-11} {check.Detail}\n{(check.Remedy is null ? "" : $"                  {check.Remedy}\n")}"));
}

internal enum DoctorStatus
{
    Ok,

    /// <summary>Sessions work, less well.</summary>
    Warn,
    Fail,
}

/// <param name="Detail">What was found, or the cause.</param>
/// <param name="Remedy">Null where there is nothing to do.</param>
internal sealed record DoctorCheck(string Name, DoctorStatus Status, string Detail, string? Remedy);

/// <param name="Program">Null where none was named, or it can't be found.</param>
internal sealed record DoctorReport(ProgramFindings? Program, IReadOnlyList<DoctorCheck> Checks);

/// <summary>Serialization without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, WriteIndented = true)]
[JsonSerializable(typeof(DoctorReport))]
internal sealed partial class DoctorJson : JsonSerializerContext;
