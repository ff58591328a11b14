using System.Net;
using Telelaunch.Cli.Commands;
using Telelaunch.Cli.Launch;
using Telelaunch.Cli.Logging;
using Telelaunch.Cli.Options;
using Telelaunch.Cli.Output;
using Telelaunch.Cli.Session;
using Telelaunch.Cluster;
using Telelaunch.Net;
using Telelaunch.Net.Dns;
using Telelaunch.Routing.Helper;
using Telelaunch.Targets;

namespace Telelaunch.Cli.Routing;

/// <summary><c>--method route</c>: a node that this machine reaches forwards its packets, and the cluster's own name server answers its names. No agent, no tunnel.</summary>
internal sealed class RouteRun(Surroundings surroundings, SessionOptions options)
{
    private static readonly TimeSpan AnswerPatience = TimeSpan.FromSeconds(5);

    private readonly Screen _screen = surroundings.Screen;

    /// <param name="command">Null: until a signal ends it.</param>
    /// <returns>The command's exit code, or 0; 124 where the helper was lost meanwhile.</returns>
    public async Task<int> RunAsync(PreparedCommand? command, CancellationToken cancellationToken)
    {
        using var signals = new CommandSignals(surroundings.Signals, _screen);
        using var starting = CancellationTokenSource.CreateLinkedTokenSource(signals.Starting, cancellationToken);
        using var log = new SessionLog(options.Report, _screen, surroundings.Time);
        var display = ProgressDisplays.Choose(options.Report.Progress, _screen, options.Report is { Verbose: true, LogFile: null }, surroundings.Time);
        try
        {
            using var connection = ClusterAccess.Connect(options.Cluster);
            var routing = await StartAsync(connection, log, display, starting.Token);
            await using (routing)
            {
                display.Finish();
                if (options.Report.Progress != ProgressStyle.Quiet) _screen.WriteError(routing.Screen);
                var code = command is null ? await StayAsync(routing, signals) : await RunCommandAsync(command, signals);
                await routing.ReleaseNamesAsync();
                if (!routing.Lost.IsCompleted) return code;
                _screen.Say("the helper that routes for this machine has ended; name servers and routes are as they were before");
                return ExitCodes.TunnelLost;
            }
        }
        catch (OperationCanceledException) when (signals.CancelledBy != 0)
        {
            _screen.Say("cancelled before the command started");
            return new ProcessExit(0, signals.CancelledBy).ShellCode;
        }
        finally
        {
            display.Finish();
        }
    }

    private async Task<MachineRouting> StartAsync(ClusterConnection connection, SessionLog log, IProgressDisplay display, CancellationToken cancellationToken)
    {
        var phases = new SessionPhases(display, surroundings.Time);
        var kubeconfig = connection.Kubeconfig;
        var searchDomains = MachineNames.SearchDomainsOf(kubeconfig.Namespace);
        var found = ClusterRanges.FindAsync(connection, kubeconfig.Namespace, cancellationToken);
        var names = Cluster.ClusterNames.ReadAsync(connection, kubeconfig.Namespace, cancellationToken);
        await Task.WhenAll(found, names);
        var servers = await ClusterNameServer.FindAsync(connection, await found, cancellationToken);
        var node = await GatewayNode.FindAsync(connection, options.Traffic.Node, cancellationToken);
        servers = [.. servers.Where(server => server.AddressFamily == node.Address.AddressFamily)];
        if (servers.Count == 0)
            throw new ClusterException("cluster-dns-unknown", "The cluster's name server isn't known: neither its Service in kube-system nor the range of Services can be read.", "Use --vpn-tcp, where the agent pod knows it; or have someone give you the right to list services in kube-system.");

        var ranges = await MachineRanges.ChooseAsync(kubeconfig, await found, options.Traffic, cancellationToken);
        foreach (var overlap in ranges.Caught.Overlaps) display.Note(OverlapNote.Of(overlap));
        var plan = ranges.Plan(RoutingMethod.Route, node.Address.ToString(), searchDomains, await names, options.Traffic.AlsoNames);
        MachineRouting? routing = null;
        await phases.ShowAsync("routing prepared", async () => routing = await MachineRouting.PrepareAsync(_screen, plan, cancellationToken));
        try
        {
            var resolver = new DnsResolver(new ResolvConf([.. servers.Take(3)], searchDomains, Ndots: 5, AnswerPatience, Attempts: 1));
            var pod = new PodDescription("", [], servers, searchDomains, 5, "");
            routing!.Serve(resolver, pod, new((await names).Namespaces, (await names).HeadlessServices ?? [], options.Traffic.AlsoNames), ranges, log, surroundings.Time);
            await phases.ShowAsync($"routed by {node}", () => routing.CatchAsync(cancellationToken));
            await phases.ShowAsync("node forwards", () => RequireForwardingAsync(resolver, searchDomains[^1], node, servers, cancellationToken));
            routing.Screen = MachineScreen.Of(kubeconfig, await found, ranges, plan, routing.Prepared, $"by the node {node}");
            return routing;
        }
        catch
        {
            await routing!.ReleaseNamesAsync();
            await routing.DisposeAsync();
            throw;
        }
    }

    /// <summary>That the kernel knows a route doesn't say that the node passes packets on: its firewall, or the network between, may not.</summary>
    private static async Task RequireForwardingAsync(DnsResolver resolver, string clusterDomain, GatewayNode node, IReadOnlyList<IPAddress> servers, CancellationToken cancellationToken)
    {
        var name = $"kubernetes.default.svc.{clusterDomain}.";
        var lookup = await resolver.LookUpAddressesAsync(name, AddressFamilies.Both, cancellationToken);
        if (lookup.Status == LookupStatus.Found) return;
        throw new HostException(
            "node-forwards-nothing",
            $"The node {node} doesn't forward packets: the cluster's name server {string.Join(", ", servers)} doesn't tell {name.TrimEnd('.')} ({lookup.Status}).",
            "On the node: sysctl net.ipv4.ip_forward=1, and let its firewall's FORWARD chain accept packets of this machine. Name another node with --node, or use --vpn-tcp, which needs no forwarding.");
    }

    private static async Task<int> StayAsync(MachineRouting routing, CommandSignals signals)
    {
        await signals.WaitForEndAsync(routing.Lost);
        return ExitCodes.Success;
    }

    private async Task<int> RunCommandAsync(PreparedCommand command, CommandSignals signals) =>
        (await new CommandRun(surroundings.Signals, signals).RunAsync(command, CommandEnvironment.OfThisProcess().Entries, static _ => Task.CompletedTask)).ShellCode;
}
