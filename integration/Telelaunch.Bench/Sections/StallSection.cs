using Telelaunch.Bench.Measurement;
using Telelaunch.Bench.Results;
using Telelaunch.Bench.Routes;

namespace Telelaunch.Bench.Sections;

/// <summary>How long the event loop of an asyncio program stands still while 20 slow connects are under way at once.</summary>
/// <remarks>
/// For Telelaunch a connect is slow because the cluster is far; for the peers because their SOCKS server takes the same time to answer. They connect to an
/// address of TEST-NET-1 (RFC 5737), which that server connects to nothing.
/// </remarks>
internal sealed class StallSection : ISection
{
    private const int Rounds = 5;
    private const int Dials = 20;
    private const double SlowMs = 300;
    private const double HighestMs = 50;
    private const string Torsocks = "torsocks";
    private static readonly RouteAddress s_anywhere = new("192.0.2.1", 80);

    public string Name => "stall";

    public async Task<IReadOnlyList<Row>> RunAsync(Workbench bench, CancellationToken cancellationToken)
    {
        using var far = new Distance(bench.Cluster, SlowMs);
        using RouteOpener opener = bench.OpenRoutes(far.Kubeconfig);
        await using var socks = new SlowSocksServer(TimeSpan.FromMilliseconds(SlowMs));
        await using var routes = new OpenRoutes();
        string[] program = ["python3", bench.Program("stall.py")];
        bench.Say("stall: opening sessions far away");
        await routes.AddAsync(opener.TelelaunchAsync("ssh", program, cancellationToken));
        await routes.AddAsync(opener.TelelaunchAsync("direct", program, cancellationToken));
        await routes.AddAsync(PeerAsync(Torsocks, ["--address", "127.0.0.1", "--port", $"{socks.Port}", .. program], cancellationToken));
        string configuration = Path.Combine(bench.Scratch, "proxychains.conf");
        await File.WriteAllTextAsync(configuration, $"strict_chain\nquiet_mode\n[ProxyList]\nsocks5 127.0.0.1 {socks.Port}\n", cancellationToken);
        await routes.AddAsync(PeerAsync("proxychains4", ["-q", "-f", configuration, .. program], cancellationToken));

        bench.Say($"stall: {Dials} connects of {SlowMs} ms at once");
        var gaps = await bench.Rounds(Rounds).RunAsync(
            routes, async (route, token) => (await route.App.AskAsync($"dial {route.Bytes} {Dials}", token))[0], cancellationToken);
        return
        [
            .. Comparison.Rows(
                gaps,
                route => route.Carrier is null ? [] : [new(Torsocks, Bar.ValueAtMost(HighestMs))],
                (route, values, versus) => new(
                    $"stall/{route.Id}{versus}", route.Method, route.Carrier, null, Dials, SlowMs, Statistics.Median(values), "ms", null, null)),
        ];
    }

    private static async Task<Route> PeerAsync(string name, string[] arguments, CancellationToken cancellationToken) =>
        new(name, name, await Application.AttachAsync(ChildProcess.Start(name, arguments), cancellationToken), s_anywhere, s_anywhere);
}
