using Telelaunch.Bench.Results;
using Telelaunch.Bench.Routes;

namespace Telelaunch.Bench.Sections;

/// <summary>Connect to first byte, one connection after the other: asked for ("ask"), and from a server that speaks first ("greet").</summary>
internal sealed class ConnectSection : ISection
{
    private const int Rounds = 10;

    /// <summary>Most that the 90th percentile may be of the median.</summary>
    private const double HighestTail = 10;

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
            foreach (string kind in ConnectTimes.Kinds)
            {
                bench.Say($"connect: {kind}, {distance} ms");
                var times = await ConnectTimes.MeasureAsync(bench.Rounds(Rounds), routes, kind, connects, cancellationToken);
                foreach (int percent in s_percents)
                    rows.AddRange(times.Rows(percent, route => Peers(times, route, percent), route => $"connect/{route.Id}/{kind}", distance));
            }
        }

        return rows;
    }

    private static IEnumerable<Peer> Peers(ConnectTimes times, Route route, int percent) => (route.Carrier, percent) switch
    {
        (null, _) => [],
        (_, 50) => [new(RouteOpener.SshPeer, MedianBar(route)), new(RouteOpener.PortForwardPeer, MedianBar(route))],
        (_, 90) => [new(RouteOpener.SshPeer, Bar.ValueAtMost(HighestTail * times.Of(route, 50)))],
        _ => [new(RouteOpener.SshPeer, null)],
    };

    private static Bar MedianBar(Route route) => Bar.RatioAtMost(route.Carrier == "direct" ? 0.7 : 1);
}
