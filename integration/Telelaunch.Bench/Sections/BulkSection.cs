using Telelaunch.Bench.Measurement;
using Telelaunch.Bench.Results;
using Telelaunch.Bench.Routes;

namespace Telelaunch.Bench.Sections;

/// <summary>Bulk throughput, both directions, one and eight flows, against what went before on the same port-forward.</summary>
internal sealed class BulkSection : ISection
{
    private const int Rounds = 7;
    private const double Mebi = 1024 * 1024;
    private static readonly string[] s_directions = ["down", "up"];
    private static readonly int[] s_flows = [1, 8];

    public string Name => "bulk";

    public Task<IReadOnlyList<Row>> RunAsync(Workbench bench, CancellationToken cancellationToken) =>
        AtDistanceAsync(bench, bench.Cluster.Kubeconfig, 0, 128L << 20, cancellationToken);

    /// <param name="bytes">How much each run moves, all its flows together.</param>
    private static async Task<IReadOnlyList<Row>> AtDistanceAsync(
        Workbench bench, string kubeconfig, double distance, long bytes, CancellationToken cancellationToken)
    {
        using RouteOpener opener = bench.OpenRoutes(kubeconfig);
        await using var routes = new OpenRoutes();
        await routes.AddAsync(opener.TelelaunchAsync("ssh", cancellationToken));
        await routes.AddAsync(opener.TelelaunchAsync("direct", cancellationToken));
        await routes.AddAsync(opener.SshAsync(cancellationToken));
        await routes.AddAsync(opener.PortForwardAsync(cancellationToken));
        await routes.AddAsync(opener.KubectlAsync(cancellationToken));

        var rows = new List<Row>();
        foreach (string direction in s_directions)
        {
            foreach (int flows in s_flows)
            {
                bench.Say($"bulk {direction}, {flows} flow(s), {distance} ms");
                var rates = await bench.Rounds(Rounds).RunAsync(
                    routes, (route, token) => route.Program.BulkAsync(route.Bytes, direction, flows, bytes / flows, token), cancellationToken);
                rows.AddRange(Rows(rates, direction, flows, distance));
            }
        }

        return rows;
    }

    private static IEnumerable<Row> Rows(Dictionary<Route, List<double>> rates, string direction, int flows, double distance)
    {
        foreach (var (route, measured) in rates)
        {
            var peers = Peers(route, distance).Where(peer => rates.Keys.Any(other => other.Name == peer.Name)).ToArray();
            if (peers.Length == 0)
                yield return ToRow(route, measured, null, null);
            foreach (var (name, bar) in peers)
                yield return ToRow(route, measured, rates.Single(other => other.Key.Name == name), bar);
        }

        Row ToRow(Route route, List<double> measured, KeyValuePair<Route, List<double>>? peer, Bar? bar) => new(
            $"bulk/{route.Id}/{direction}/{flows}/{distance}ms{(peer is { } versus ? $"/{versus.Key.Id}" : "")}",
            route.Method, route.Carrier, direction, flows, distance, Statistics.Median(measured) / Mebi, "MiB/s",
            peer?.Key.Name, peer is { } other ? Statistics.PairedRatio(measured, other.Value) : null)
        { Bar = bar };
    }

    /// <summary>Whom a route is compared to, and what is expected of it there.</summary>
    private static (string Name, Bar? Bar)[] Peers(Route route, double distance) => route switch
    {
        { Carrier: "ssh" } => [(RouteOpener.SshPeer, Bar.RatioAtLeast(distance > 0 ? 2 : 1.2))],
        { Carrier: "direct" } =>
        [
            (RouteOpener.SshPeer, Bar.RatioAtLeast(distance > 0 ? 2 : 1.6)),
            (RouteOpener.PortForwardPeer, distance > 0 ? null : Bar.RatioAtLeast(0.8)),
        ],
        _ => [],
    };
}
