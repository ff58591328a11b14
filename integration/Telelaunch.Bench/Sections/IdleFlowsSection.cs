using Telelaunch.Bench.Measurement;
using Telelaunch.Bench.Results;
using Telelaunch.Bench.Routes;

namespace Telelaunch.Bench.Sections;

/// <summary>What a great many idle flows cost: memory and threads at both ends, and what they leave of the throughput beside them.</summary>
internal sealed class IdleFlowsSection : ISection
{
    private const int Rounds = 5;
    private const long Bytes = 128 << 20;
    private const double Mebi = 1024 * 1024;
    private const double LowestShare = 0.8;

    /// <summary>More threads than without flows that are no thread a flow: those of a busy pool.</summary>
    private const double MostMoreThreads = 16;

    private static readonly string[] s_carriers = ["ssh", "direct"];
    private static readonly string[] s_directions = ["down", "up"];
    private static readonly int[] s_idle = [1000, 5000];

    public string Name => "idle";

    public async Task<IReadOnlyList<Row>> RunAsync(Workbench bench, CancellationToken cancellationToken)
    {
        using RouteOpener opener = bench.OpenRoutes(bench.Cluster.Kubeconfig);
        var rows = new List<Row>();
        foreach (string carrier in s_carriers)
        {
            await using Route alone = await opener.TelelaunchAsync(carrier, null, cancellationToken);
            await using Route beside = await opener.TelelaunchAsync(carrier, null, cancellationToken);
            var ends = await EndsAsync(bench, beside, cancellationToken);
            var without = ends.ToDictionary(end => end.Name, end => end.Processes.Threads);
            rows.AddRange(ends.SelectMany(end => EndRows(beside, end, 0, null)));
            int held = 0;
            foreach (int idle in s_idle)
            {
                bench.Say($"idle: {carrier}, {idle} flows");
                await beside.App.AskAsync($"hold {beside.Bytes} {idle - held}", cancellationToken);
                held = idle;
                rows.AddRange(ends.SelectMany(end => EndRows(beside, end, idle, without[end.Name])));
                foreach (string direction in s_directions)
                    rows.Add(await BesideAsync(bench, alone, beside, direction, idle, cancellationToken));
            }
        }

        return rows;
    }

    /// <summary>The launcher, and the agent where its processes can be seen from here.</summary>
    private static async Task<(string Name, ProcessSet Processes)[]> EndsAsync(Workbench bench, Route route, CancellationToken cancellationToken)
    {
        if (await bench.Cluster.TryFindProcessesAsync(route.Pod!, cancellationToken) is { } agent)
            return [("launcher", route.Local), ("agent", agent)];
        bench.Say("idle: the agent's processes aren't on this machine, or not to be seen: its side is left out");
        return [("launcher", route.Local)];
    }

    /// <param name="without">Threads without flows; null: these are they.</param>
    private static IEnumerable<Row> EndRows(Route route, (string Name, ProcessSet Processes) end, int idle, int? without)
    {
        yield return Row($"idle/{route.Id}/{idle}/memory-{end.Name}", route, null, idle, end.Processes.ResidentBytes / Mebi, "MiB");
        yield return Row($"idle/{route.Id}/{idle}/threads-{end.Name}", route, null, idle, end.Processes.Threads, "threads") with
        {
            Bar = without is { } threads ? Bar.ValueAtMost(threads + MostMoreThreads) : null,
        };
    }

    private static async Task<Row> BesideAsync(Workbench bench, Route alone, Route beside, string direction, int idle, CancellationToken cancellationToken)
    {
        var rates = await bench.Rounds(Rounds).RunAsync(
            [alone, beside], (route, token) => route.App.BulkAsync(route.Bytes, direction, 1, Bytes, token), cancellationToken);
        return Row($"idle/{beside.Id}/{idle}/bulk-{direction}", beside, direction, 1, Statistics.Median(rates[beside]) / Mebi, "MiB/s") with
        {
            Peer = "no idle flows",
            Ratio = Statistics.PairedRatio(rates[beside], rates[alone]),
            Bar = Bar.RatioAtLeast(LowestShare),
        };
    }

    private static Row Row(string id, Route route, string? direction, int flows, double value, string unit) =>
        new(id, route.Method, route.Carrier, direction, flows, 0, value, unit, null, null);
}
