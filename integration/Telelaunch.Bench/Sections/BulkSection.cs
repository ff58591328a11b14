using Telelaunch.Bench.Measurement;
using Telelaunch.Bench.Results;
using Telelaunch.Bench.Routes;

namespace Telelaunch.Bench.Sections;

/// <summary>Bulk throughput, both directions, one and eight flows, against what went before on the same port-forward, near and far.</summary>
internal sealed class BulkSection : ISection
{
    private const int Rounds = 7;

    /// <summary>How much each run moves, all its flows together.</summary>
    private const long Bytes = 128 << 20;

    private const double Mebi = 1024 * 1024;
    private static readonly string[] s_directions = ["down", "up"];
    private static readonly int[] s_flows = [1, 8];
    private static readonly double[] s_distances = [0, 20];

    public string Name => "bulk";

    public async Task<IReadOnlyList<Row>> RunAsync(Workbench bench, CancellationToken cancellationToken)
    {
        var rows = new List<Row>();
        foreach (double distance in s_distances)
        {
            using var far = new Distance(bench.Cluster, distance);
            using RouteOpener opener = bench.OpenRoutes(far.Kubeconfig);
            await using var routes = new OpenRoutes();
            await routes.AddComparedAsync(opener, cancellationToken);
            await routes.AddAsync(opener.KubectlAsync(cancellationToken));
            foreach (string direction in s_directions)
            {
                foreach (int flows in s_flows)
                {
                    bench.Say($"bulk: {direction}, {flows} at once, {distance} ms");
                    var rates = await bench.Rounds(Rounds).RunAsync(
                        routes, (route, token) => route.App.BulkAsync(route.Bytes, direction, flows, Bytes / flows, token), cancellationToken);
                    rows.AddRange(Comparison.Rows(rates, Peers(distance), (route, values, versus) => new(
                        $"bulk/{route.Id}/{direction}/{flows}/{distance}ms{versus}", route.Method, route.Carrier, direction, flows, distance,
                        Statistics.Median(values) / Mebi, "MiB/s", null, null)));
                }
            }
        }

        return rows;
    }

    private static Func<Route, IEnumerable<Peer>> Peers(double distance) => route => route.Carrier switch
    {
        "ssh" => [new(RouteOpener.SshPeer, Bar.RatioAtLeast(distance > 0 ? 2 : 1.2))],
        "direct" => [new(RouteOpener.SshPeer, Bar.RatioAtLeast(distance > 0 ? 2 : 1.6)), new(RouteOpener.PortForwardPeer, distance > 0 ? null : Bar.RatioAtLeast(0.8))],
        _ => [],
    };
}
