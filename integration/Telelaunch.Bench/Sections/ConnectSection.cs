using Telelaunch.Bench.Measurement;
using Telelaunch.Bench.Results;
using Telelaunch.Bench.Routes;

namespace Telelaunch.Bench.Sections;

/// <summary>Connect to first byte, one connection after the other: asked for ("ask"), and from a server that speaks first ("greet").</summary>
internal sealed class ConnectSection : ISection
{
    private const int Rounds = 10;

    /// <summary>Most that the 90th percentile may be of the median.</summary>
    private const double HighestTail = 10;

    private static readonly string[] s_kinds = ["ask", "greet"];
    private static readonly int[] s_percents = [50, 90, 99];

    // A round's connects; far away each takes up to five round trips.
    private static readonly (double Distance, int Connects)[] s_distances = [(0, 40), (20, 20)];

    public string Name => "connect";

    public async Task<IReadOnlyList<Row>> RunAsync(Workbench bench, CancellationToken cancellationToken)
    {
        var rows = new List<Row>();
        foreach (var (distance, connects) in s_distances)
        {
            using var far = new Distance(bench.Cluster, distance);
            using RouteOpener opener = bench.OpenRoutes(far.Kubeconfig);
            await using var routes = new OpenRoutes();
            await routes.AddComparedAsync(opener, cancellationToken);
            foreach (string kind in s_kinds)
            {
                bench.Say($"connect: {kind}, {distance} ms");
                var times = await bench.Rounds(Rounds).RunAsync(
                    routes, (route, token) => ConnectAsync(route, kind, connects, token), cancellationToken);
                foreach (int percent in s_percents)
                    rows.AddRange(Rows(times, kind, distance, percent));
            }
        }

        return rows;
    }

    /// <returns>Milliseconds of each.</returns>
    private static async Task<double[]> ConnectAsync(Route route, string kind, int connects, CancellationToken cancellationToken)
    {
        double[] micros = await route.App.AskAsync($"connect {(kind == "ask" ? route.Bytes : route.Greeting)} {kind} {connects}", cancellationToken);
        return [.. micros.Select(time => time / 1000)];
    }

    /// <summary>The value is that of all connects together, the ratio that of the rounds' own percentiles.</summary>
    private static IEnumerable<Row> Rows(Dictionary<Route, List<double[]>> times, string kind, double distance, int percent)
    {
        var rounds = times.ToDictionary(route => route.Key, route => route.Value.Select(round => Statistics.Percentile(round, percent)).ToList());
        return Comparison.Rows(rounds, Peers, (route, _, versus) => new(
            $"connect/{route.Id}/{kind}/{distance}ms/p{percent}{versus}", route.Method, route.Carrier, null, 1, distance, Of(route, percent), "ms", null, null));

        IEnumerable<Peer> Peers(Route route) => (route.Carrier, percent) switch
        {
            (null, _) => [],
            (_, 50) => [new(RouteOpener.SshPeer, MedianBar(route)), new(RouteOpener.PortForwardPeer, MedianBar(route))],
            (_, 90) => [new(RouteOpener.SshPeer, Bar.ValueAtMost(HighestTail * Of(route, 50)))],
            _ => [new(RouteOpener.SshPeer, null)],
        };

        double Of(Route route, int percentile) => Statistics.Percentile(times[route].SelectMany(round => round), percentile);
    }

    private static Bar MedianBar(Route route) => Bar.RatioAtMost(route.Carrier == "direct" ? 0.7 : 1);
}
