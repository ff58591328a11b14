using Telelaunch.Bench.Measurement;
using Telelaunch.Bench.Results;
using Telelaunch.Bench.Routes;

namespace Telelaunch.Bench.Sections;

/// <summary>What flows cost: processor time a GiB; memory and threads of many idle ones, and what these leave of the throughput beside them.</summary>
internal sealed class FlowCostSection : ISection
{
    private const int Rounds = 5;
    private const long Bytes = 128 << 20;
    private const double Mebi = 1024 * 1024;
    private const double Gibi = 1024 * Mebi;
    private const double LowestShare = 0.8;

    /// <summary>More threads than without flows that are no thread a flow: those of a busy pool.</summary>
    private const double MostMoreThreads = 16;

    private static readonly string[] s_carriers = ["ssh", "direct"];
    private static readonly string[] s_directions = ["down", "up"];
    private static readonly int[] s_idle = [1000, 5000];

    public string Name => "cost";

    public async Task<IReadOnlyList<Row>> RunAsync(Workbench bench, CancellationToken cancellationToken)
    {
        using RouteOpener opener = bench.OpenRoutes(bench.Cluster.Kubeconfig);
        var rows = new List<Row>();
        foreach (string carrier in s_carriers)
        {
            await using Session alone = await Session.OpenAsync(bench, opener, carrier, cancellationToken);
            await using Session beside = await Session.OpenAsync(bench, opener, carrier, cancellationToken);
            if (alone.Agent is null)
                bench.Say("cost: the agent's processes aren't on this machine, or not to be seen: its side is left out");
            foreach (string direction in s_directions)
            {
                bench.Say($"cost: {carrier}, processor time, {direction}");
                rows.AddRange(await ProcessorTimeAsync(bench, alone, direction, cancellationToken));
            }

            rows.AddRange(IdleRows(beside, 0, null));
            var without = beside.Ends.ToDictionary(end => end.Name, end => end.Tree.Threads);
            int held = 0;
            foreach (int idle in s_idle)
            {
                bench.Say($"cost: {carrier}, {idle} idle flows");
                await beside.Route.App.AskAsync($"hold {beside.Route.Bytes} {idle - held}", cancellationToken);
                held = idle;
                rows.AddRange(IdleRows(beside, idle, without));
                foreach (string direction in s_directions)
                    rows.Add(await BesideAsync(bench, alone, beside, direction, idle, cancellationToken));
            }
        }

        return rows;
    }

    private static async Task<IEnumerable<Row>> ProcessorTimeAsync(Workbench bench, Session session, string direction, CancellationToken cancellationToken)
    {
        var costs = await bench.Rounds(Rounds).RunAsync(session.Ends, MeasureAsync, cancellationToken);
        return costs.Select(cost => Row(
            $"cost/{session.Route.Id}/{direction}/cpu-{cost.Key.Name}", session, direction, 1, Statistics.Median(cost.Value), "CPU s/GiB"));

        async Task<double> MeasureAsync((string Name, ProcessTree Tree) end, CancellationToken token)
        {
            double before = end.Tree.ProcessorSeconds;
            await session.Route.App.BulkAsync(session.Route.Bytes, direction, 1, Bytes, token);
            return (end.Tree.ProcessorSeconds - before) * Gibi / Bytes;
        }
    }

    /// <param name="without">Threads of each end without flows; null: these are they.</param>
    private static IEnumerable<Row> IdleRows(Session session, int idle, Dictionary<string, int>? without)
    {
        foreach (var (name, tree) in session.Ends)
        {
            yield return Row($"cost/{session.Route.Id}/idle-{idle}/memory-{name}", session, null, idle, tree.ResidentBytes / Mebi, "MiB");
            yield return Row($"cost/{session.Route.Id}/idle-{idle}/threads-{name}", session, null, idle, tree.Threads, "threads") with
            {
                Bar = without is null ? null : Bar.ValueAtMost(without[name] + MostMoreThreads),
            };
        }
    }

    private static async Task<Row> BesideAsync(Workbench bench, Session alone, Session beside, string direction, int idle, CancellationToken cancellationToken)
    {
        Route[] routes = [alone.Route, beside.Route];
        var rates = await bench.Rounds(Rounds).RunAsync(
            routes, (route, token) => route.App.BulkAsync(route.Bytes, direction, 1, Bytes, token), cancellationToken);
        var (with, without) = (rates[beside.Route], rates[alone.Route]);
        return Row($"cost/{beside.Route.Id}/{direction}/beside-{idle}", beside, direction, 1, Statistics.Median(with) / Mebi, "MiB/s") with
        {
            Peer = "no idle flows",
            Ratio = Statistics.PairedRatio(with, without),
            Bar = Bar.RatioAtLeast(LowestShare),
        };
    }

    private static Row Row(string id, Session session, string? direction, int flows, double value, string unit) =>
        new(id, session.Route.Method, session.Route.Carrier, direction, flows, 0, value, unit, null, null);

    /// <summary>A session and the processes of both its ends.</summary>
    /// <param name="Agent">Null where the agent's processes can't be seen from here.</param>
    private sealed record Session(Route Route, ProcessTree Launcher, ProcessTree? Agent) : IAsyncDisposable
    {
        /// <summary>The ends that can be seen.</summary>
        public (string Name, ProcessTree Tree)[] Ends => Agent is null ? [("launcher", Launcher)] : [("launcher", Launcher), ("agent", Agent)];

        public static async Task<Session> OpenAsync(Workbench bench, RouteOpener opener, string carrier, CancellationToken cancellationToken)
        {
            string[] before = await bench.Cluster.AgentPodsAsync(cancellationToken);
            Route route = await opener.TelelaunchAsync(carrier, null, cancellationToken);
            try
            {
                string pod = (await bench.Cluster.AgentPodsAsync(cancellationToken)).Except(before).Single();
                return new(route, ProcessTree.OnlyOf(route.App.Process.Id), ProcessTree.TryFindPod(pod));
            }
            catch
            {
                await route.DisposeAsync();
                throw;
            }
        }

        public ValueTask DisposeAsync() => Route.DisposeAsync();
    }
}
