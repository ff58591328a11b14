using Telelaunch.Bench.Cluster;
using Telelaunch.Bench.Measurement;
using Telelaunch.Bench.Results;
using Telelaunch.Bench.Routes;
using Telelaunch.Bench.Routes.Vpn;

namespace Telelaunch.Bench.Sections;

/// <summary>
/// A whole machine in the cluster's network: connect to first byte, bytes and processor time, lookups of a name, near and far, against sshuttle. Each method has a machine of its own.
/// </summary>
internal sealed class VpnSection : ISection
{
    private const int Rounds = 5;
    private const double Mebi = 1024 * 1024;
    private const double Gibi = 1024 * Mebi;
    private static readonly int[] s_percents = [50, 99];
    private static readonly string[] s_directions = ["down", "up"];
    private static readonly int[] s_flows = [1, 8];
    private static readonly (double Distance, Amounts Amounts)[] s_distances =
    [
        (0, new(Connects: 40, Bytes: 64 << 20, PeerBytes: 32 << 20, Lookups: 400)),
        (20, new(Connects: 20, Bytes: 64 << 20, PeerBytes: 4 << 20, Lookups: 40)),
    ];

    public string Name => "vpn-tcp";

    public async Task<IReadOnlyList<Row>> RunAsync(Workbench bench, CancellationToken cancellationToken)
    {
        if (!Environment.IsPrivilegedProcess)
        {
            bench.Say("vpn-tcp: left out: to make a machine of its own it has to be root");
            return [];
        }

        bench.Say("vpn-tcp: an sshd with Python");
        string lookups = Path.Combine(bench.Scratch, "lookups");
        await Application.CompileAsync(bench.Program("lookups.c"), lookups, [], cancellationToken);
        await bench.Cluster.ApplyAsync("sshd-python.yaml", cancellationToken);
        await bench.Cluster.KubectlAsync(["wait", "pod", VpnRouteOpener.Sshd, "--for=condition=Ready", "--timeout=180s"], cancellationToken);
        var rows = new List<Row>();
        foreach (var (distance, amounts) in s_distances)
        {
            bench.Say($"vpn-tcp: machines, {distance} ms");
            using var opener = new VpnRouteOpener(bench, lookups, distance);
            await using var routes = new OpenRoutes();
            var names = new Dictionary<Route, Application>();
            foreach (var opening in new Func<Task<VpnRoute>>[]
            {
                () => opener.SshuttleAsync(cancellationToken),
                () => opener.TelelaunchAsync("ssh", cancellationToken),
                () => opener.TelelaunchAsync("direct", cancellationToken),
            })
            {
                VpnRoute opened = await opening();
                await routes.AddAsync(Task.FromResult(opened.Route));
                names[opened.Route] = opened.Names;
            }

            rows.AddRange(await ConnectAsync(bench, routes, distance, amounts.Connects, cancellationToken));
            rows.AddRange(await BulkAsync(bench, routes, distance, amounts, cancellationToken));
            rows.AddRange(await LookUpAsync(bench, routes, names, distance, amounts.Lookups, cancellationToken));
        }

        return rows;
    }

    private static async Task<List<Row>> ConnectAsync(Workbench bench, OpenRoutes routes, double distance, int connects, CancellationToken cancellationToken)
    {
        var rows = new List<Row>();
        // Far away each pays at least the one round trip.
        Bar? median = distance > 0 ? null : Bar.RatioAtMost(0.5);
        foreach (string kind in ConnectTimes.Kinds)
        {
            bench.Say($"vpn-tcp: {kind}, {distance} ms");
            var times = await ConnectTimes.MeasureAsync(bench.Rounds(Rounds), routes, kind, connects, cancellationToken);
            foreach (int percent in s_percents)
                rows.AddRange(times.Rows(percent, Against(percent == 50 ? median : null), route => $"vpn-tcp/{route.Id}/{kind}", distance));
        }

        return rows;
    }

    /// <summary>Bytes a second; with one flow also the processor time that they take.</summary>
    private static async Task<List<Row>> BulkAsync(Workbench bench, OpenRoutes routes, double distance, Amounts amounts, CancellationToken cancellationToken)
    {
        var rows = new List<Row>();
        var pods = new Dictionary<Route, ProcessSet>();
        foreach (Route route in routes)
        {
            if (await bench.Cluster.TryFindProcessesAsync(route.Pod!, cancellationToken) is { } processes)
                pods[route] = processes;
        }

        foreach (string direction in s_directions)
        {
            foreach (int flows in s_flows)
            {
                bench.Say($"vpn-tcp: {direction}, {flows} at once, {distance} ms");
                var samples = await bench.Rounds(Rounds).RunAsync(
                    routes, (route, token) => TransferAsync(route, pods.GetValueOrDefault(route), direction, flows, amounts.BytesOf(route), token), cancellationToken);
                rows.AddRange(Rows(sample => sample.Rate / Mebi, "", "MiB/s", samples, Bar.RatioAtLeast(4)));
                if (flows > 1)
                    continue;
                rows.AddRange(Rows(sample => sample.Local * Gibi, "/cpu-local", "CPU s/GiB", samples, Bar.RatioAtMost(0.25)));
                if (pods.Count == routes.Count)
                    rows.AddRange(Rows(sample => sample.Pod * Gibi, "/cpu-pod", "CPU s/GiB", samples, null));

                IEnumerable<Row> Rows(Func<Transfer, double> value, string what, string unit, Dictionary<Route, List<Transfer>> of, Bar? bar) => Comparison.Rows(
                    of.ToDictionary(route => route.Key, route => route.Value.ConvertAll(sample => value(sample))),
                    Against(bar),
                    (route, values, versus) => new(
                        $"vpn-tcp/{route.Id}/{direction}/{flows}/{distance}ms{what}{versus}", route.Method, route.Carrier, direction, flows, distance,
                        Statistics.Median(values), unit, null, null));
            }
        }

        return rows;
    }

    private static async Task<Transfer> TransferAsync(Route route, ProcessSet? pod, string direction, int flows, long bytes, CancellationToken cancellationToken)
    {
        double local = route.Local.ProcessorSeconds, inPod = pod?.ProcessorSeconds ?? 0;
        double rate = await route.App.BulkAsync(route.Bytes, direction, flows, bytes / flows, cancellationToken);
        return new(rate, (route.Local.ProcessorSeconds - local) / bytes, ((pod?.ProcessorSeconds ?? 0) - inPod) / bytes);
    }

    private static async Task<List<Row>> LookUpAsync(
        Workbench bench, OpenRoutes routes, Dictionary<Route, Application> names, double distance, int count, CancellationToken cancellationToken)
    {
        var rows = new List<Row>();
        // In full, so that no search list adds questions.
        string name = $"{BenchNamespace.Server}.{bench.Cluster.Name}.svc.cluster.local.";
        foreach (int threads in s_flows)
        {
            bench.Say($"vpn-tcp: lookups, {threads} at once, {distance} ms");
            var rates = await bench.Rounds(Rounds).RunAsync(
                routes,
                async (route, token) =>
                {
                    double[] answer = await names[route].AskAsync($"resolve {name} {bench.Cluster.ServerAddress} {threads} {count}", token);
                    return answer[0] / answer[1];
                },
                cancellationToken);
            rows.AddRange(Comparison.Rows(rates, Against(null), (route, values, versus) => new(
                $"vpn-tcp/{route.Id}/lookups/{threads}/{distance}ms{versus}", route.Method, route.Carrier, null, threads, distance, Statistics.Median(values), "lookups/s", null, null)));
        }

        return rows;
    }

    private static Func<Route, IEnumerable<Peer>> Against(Bar? bar) => route => route.Carrier is null ? [] : [new(VpnRouteOpener.SshuttlePeer, bar)];

    /// <summary>How much one run of each kind is.</summary>
    /// <param name="Connects">One after the other.</param>
    /// <param name="Bytes">All flows together.</param>
    /// <param name="PeerBytes">The same of the peer, which takes much longer for each.</param>
    /// <param name="Lookups">Of each thread.</param>
    private sealed record Amounts(int Connects, long Bytes, long PeerBytes, int Lookups)
    {
        public long BytesOf(Route route) => route.Carrier is null ? PeerBytes : Bytes;
    }

    /// <summary>One run of bulk.</summary>
    /// <param name="Rate">Bytes a second.</param>
    /// <param name="Local">Processor seconds a byte on the machine.</param>
    /// <param name="Pod">Processor seconds a byte at the far end.</param>
    private sealed record Transfer(double Rate, double Local, double Pod);
}
