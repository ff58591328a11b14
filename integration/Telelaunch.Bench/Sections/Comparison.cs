using Telelaunch.Bench.Measurement;
using Telelaunch.Bench.Results;
using Telelaunch.Bench.Routes;

namespace Telelaunch.Bench.Sections;

/// <summary>Whom a route is compared to.</summary>
/// <param name="Name">The other route's <see cref="Route.Name"/>.</param>
/// <param name="Bar">What is expected; null: nothing.</param>
internal sealed record Peer(string Name, Bar? Bar);

/// <summary>Rows of routes that ran in the same rounds: one for each peer, or one without.</summary>
internal static class Comparison
{
    /// <param name="values">What each route measured, round by round.</param>
    /// <param name="peers">Whom a route is compared to.</param>
    /// <param name="describe">The row without peer and ratio; the last argument belongs at the end of its id.</param>
    public static IEnumerable<Row> Rows(
        Dictionary<Route, List<double>> values, Func<Route, IEnumerable<Peer>> peers, Func<Route, List<double>, string, Row> describe)
    {
        foreach (var (route, own) in values)
        {
            bool isCompared = false;
            foreach (Peer peer in peers(route))
            {
                isCompared = true;
                var (other, others) = values.Single(measured => measured.Key.Name == peer.Name);
                yield return describe(route, own, $"/vs-{other.Id}") with { Peer = peer.Name, Ratio = Statistics.PairedRatio(own, others), Bar = peer.Bar };
            }

            if (!isCompared)
                yield return describe(route, own, "");
        }
    }
}
