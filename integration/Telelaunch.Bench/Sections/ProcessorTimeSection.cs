using Telelaunch.Bench.Measurement;
using Telelaunch.Bench.Results;
using Telelaunch.Bench.Routes;

namespace Telelaunch.Bench.Sections;

/// <summary>Processor time a GiB of bulk, on this machine and in the Pod; the application, the API server and the server not counted.</summary>
internal sealed class ProcessorTimeSection : ISection
{
    private const int Rounds = 5;
    private const long Bytes = 128 << 20;
    private const double Gibi = 1024 * 1024 * 1024;
    private static readonly string[] s_directions = ["down", "up"];

    public string Name => "cpu";

    public async Task<IReadOnlyList<Row>> RunAsync(Workbench bench, CancellationToken cancellationToken)
    {
        using RouteOpener opener = bench.OpenRoutes(bench.Cluster.Kubeconfig);
        await using var routes = new OpenRoutes();
        await routes.AddComparedAsync(opener, cancellationToken);
        var pods = new Dictionary<Route, ProcessSet>();
        foreach (Route route in routes)
        {
            if (route.Pod is { } pod && await bench.Cluster.TryFindProcessesAsync(pod, cancellationToken) is { } processes)
                pods[route] = processes;
        }

        if (pods.Count == 0)
            bench.Say("cpu: the pods' processes aren't on this machine, or not to be seen: their side is left out");
        var rows = new List<Row>();
        foreach (string direction in s_directions)
        {
            bench.Say($"cpu: {direction}");
            var costs = await bench.Rounds(Rounds).RunAsync(
                routes, (route, token) => MeasureAsync(route, pods.GetValueOrDefault(route), direction, token), cancellationToken);
            rows.AddRange(Rows("local", costs.ToDictionary(cost => cost.Key, cost => cost.Value.ConvertAll(sample => sample.Local)), direction));
            rows.AddRange(Rows("pod", costs.Where(cost => pods.ContainsKey(cost.Key)).ToDictionary(cost => cost.Key, cost => cost.Value.ConvertAll(sample => sample.Pod)), direction));
        }

        return rows;
    }

    private static async Task<(double Local, double Pod)> MeasureAsync(Route route, ProcessSet? pod, string direction, CancellationToken cancellationToken)
    {
        double local = route.Local.ProcessorSeconds, inPod = pod?.ProcessorSeconds ?? 0;
        await route.App.BulkAsync(route.Bytes, direction, 1, Bytes, cancellationToken);
        return ((route.Local.ProcessorSeconds - local) * Gibi / Bytes, ((pod?.ProcessorSeconds ?? 0) - inPod) * Gibi / Bytes);
    }

    private static IEnumerable<Row> Rows(string end, Dictionary<Route, List<double>> costs, string direction) => Comparison.Rows(
        costs,
        route => route.Carrier is not null && costs.Keys.Any(other => other.Name == RouteOpener.SshPeer) ? [new(RouteOpener.SshPeer, null)] : [],
        (route, values, versus) => new(
            $"cpu/{route.Id}/{direction}/{end}{versus}", route.Method, route.Carrier, direction, 1, 0, Statistics.Median(values), "CPU s/GiB", null, null));
}
