using Telelaunch.Bench.Cluster;
using Telelaunch.Bench.Measurement;
using Telelaunch.Bench.Results;
using Telelaunch.Bench.Routes;

namespace Telelaunch.Bench.Sections;

/// <summary>A caller in the cluster and a server on this machine: connect to first byte, and bulk throughput, near and far, against <c>ssh -R</c> over the same port-forward.</summary>
internal sealed class ReverseSection : ISection
{
    private const int Rounds = 5;

    /// <summary>How much each run moves, all its flows together.</summary>
    private const long Bytes = 128 << 20;

    private const double Mebi = 1024 * 1024;
    private const string Down = "down";
    private const string Up = "up";
    private static readonly int[] s_percents = [50, 99];
    private static readonly string[] s_directions = [Down, Up];
    private static readonly int[] s_flows = [1, 8];

    // A round's connects; far away each takes some round trips.
    private static readonly (double Distance, int Connects)[] s_distances = [(0, 40), (20, 20)];

    public string Name => "reverse";

    public async Task<IReadOnlyList<Row>> RunAsync(Workbench bench, CancellationToken cancellationToken)
    {
        var rows = new List<Row>();
        var caller = await CallerPod.PrepareAsync(bench, cancellationToken);
        foreach (var (distance, connects) in s_distances)
        {
            using var far = new Distance(bench.Cluster, distance);
            using RouteOpener opener = bench.OpenRoutes(far.Kubeconfig);
            var reverse = new ReverseRouteOpener(bench.Cluster, caller, opener, bench.Program("server.py"));
            await using var routes = new OpenRoutes();
            await routes.AddAsync(reverse.TelelaunchAsync("ssh", cancellationToken));
            await routes.AddAsync(reverse.TelelaunchAsync("direct", cancellationToken));
            await routes.AddAsync(reverse.SshAsync(cancellationToken));
            foreach (string kind in ConnectTimes.Kinds)
            {
                bench.Say($"reverse: {kind}, {distance} ms");
                var times = await ConnectTimes.MeasureAsync(bench.Rounds(Rounds), routes, kind, connects, cancellationToken);
                foreach (int percent in s_percents)
                    rows.AddRange(times.Rows(percent, Peers, route => $"reverse/{route.Id}/{kind}", distance));
            }

            foreach (string direction in s_directions)
            {
                foreach (int flows in s_flows)
                {
                    bench.Say($"reverse: {direction}, {flows} at once, {distance} ms");
                    var rates = await bench.Rounds(Rounds).RunAsync(
                        routes, (route, token) => route.App.BulkAsync(route.Bytes, AsCallerSees(direction), flows, Bytes / flows, token), cancellationToken);
                    rows.AddRange(Comparison.Rows(rates, Peers, (route, values, versus) => new(
                        $"reverse/{route.Id}/{direction}/{flows}/{distance}ms{versus}", route.Method, route.Carrier, direction, flows, distance,
                        Statistics.Median(values) / Mebi, "MiB/s", null, null)));
                }
            }
        }

        return rows;
    }

    /// <summary>The caller's word for a direction: what comes down from the cluster is its upload.</summary>
    internal static string AsCallerSees(string direction) => direction == Down ? Up : Down;

    private static IEnumerable<Peer> Peers(Route route) => route.Carrier is null ? [] : [new(ReverseRouteOpener.SshPeer, null)];
}
