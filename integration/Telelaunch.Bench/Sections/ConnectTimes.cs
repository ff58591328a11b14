using Telelaunch.Bench.Measurement;
using Telelaunch.Bench.Results;
using Telelaunch.Bench.Routes;

namespace Telelaunch.Bench.Sections;

/// <summary>How long connects took to the first byte, one connection after the other, on routes that ran in the same rounds.</summary>
internal sealed class ConnectTimes
{
    /// <summary>The first byte is asked for, or the server speaks first.</summary>
    public static readonly string[] Kinds = ["ask", "greet"];

    private readonly Dictionary<Route, List<double[]>> _rounds;

    /// <param name="rounds">Milliseconds of each connect, round by round.</param>
    internal ConnectTimes(Dictionary<Route, List<double[]>> rounds) => _rounds = rounds;

    /// <param name="kind">One of <see cref="Kinds"/>.</param>
    /// <param name="connects">How many a round.</param>
    public static async Task<ConnectTimes> MeasureAsync(
        PairedRounds rounds, IReadOnlyList<Route> routes, string kind, int connects, CancellationToken cancellationToken) => new(await rounds.RunAsync(
        routes,
        async (route, token) =>
        {
            double[] micros = await route.App.AskAsync($"connect {(kind == "ask" ? route.Bytes : route.Greeting)} {kind} {connects}", token);
            return micros.Select(time => time / 1000).ToArray();
        },
        cancellationToken));

    /// <summary>A percentile of all connects of a route together.</summary>
    public double Of(Route route, int percent) => Statistics.Percentile(_rounds[route].SelectMany(round => round), percent);

    /// <summary>Rows of one percentile: the value is that of all connects together, the ratio that of the rounds' own percentiles.</summary>
    /// <param name="peers">Whom a route is compared to.</param>
    /// <param name="id">The row's id without its end.</param>
    /// <param name="distance">Milliseconds put in.</param>
    public IEnumerable<Row> Rows(int percent, Func<Route, IEnumerable<Peer>> peers, Func<Route, string> id, double distance)
    {
        var rounds = _rounds.ToDictionary(route => route.Key, route => route.Value.Select(round => Statistics.Percentile(round, percent)).ToList());
        return Comparison.Rows(rounds, peers, (route, _, versus) => new(
            $"{id(route)}/{distance}ms/p{percent}{versus}", route.Method, route.Carrier, null, 1, distance, Of(route, percent), "ms", null, null));
    }
}
