using Telelaunch.Bench.Measurement;
using Telelaunch.Bench.Results;
using Telelaunch.Bench.Routes;

namespace Telelaunch.Bench.Sections;

/// <summary>What the shim costs where it has nothing to do: connects that aren't the cluster's, and starting processes.</summary>
internal sealed class OverheadSection : ISection
{
    // Many short rounds: two percent are less than what one interruption takes.
    private const int Rounds = 301;
    private const int Connects = 500;
    private const int Spawns = 5;
    private const string Peer = "without shim";
    private const double HighestRatio = 1.02;
    private const double HighestMillisecondsASpawn = 2;

    public string Name => "overhead";

    public async Task<IReadOnlyList<Row>> RunAsync(Workbench bench, CancellationToken cancellationToken)
    {
        using RouteOpener opener = bench.OpenRoutes(bench.Cluster.Kubeconfig);
        await using Route session = await opener.TelelaunchAsync("ssh", null, cancellationToken);
        await using Application without = await opener.ApplicationAsync(cancellationToken);

        bench.Say("overhead: connects on loopback");
        var (caught, free) = await MeasureAsync($"local {Connects}");
        var connect = new Row("overhead/connect", "shim", null, null, 1, 0, Statistics.Median(caught), "µs", Peer, Statistics.PairedRatio(caught, free))
        {
            Bar = Bar.RatioAtMost(HighestRatio),
        };

        bench.Say("overhead: process start");
        (caught, free) = await MeasureAsync($"spawn {Spawns}");
        var spawn = new Row(
            "overhead/spawn", "shim", null, null, 1, 0, Statistics.Median(caught.Zip(free, (more, less) => (more - less) / 1000)), "ms more", Peer, Statistics.PairedRatio(caught, free))
        {
            Bar = Bar.ValueAtMost(HighestMillisecondsASpawn),
        };
        return [connect, spawn];

        async Task<(List<double> Caught, List<double> Free)> MeasureAsync(string command)
        {
            Application[] applications = [session.App, without];
            var times = await bench.Rounds(Rounds).RunAsync(
                applications, async (application, token) => (await application.AskAsync(command, token))[0], cancellationToken);
            return (times[session.App], times[without]);
        }
    }
}
