using System.Diagnostics;
using Telelaunch.Bench.Cluster;
using Telelaunch.Bench.Results;
using Telelaunch.Bench.Routes;

namespace Telelaunch.Bench.Sections;

/// <summary>A cold <c>telelaunch run -- curl</c>: from the start of the process to curl's first byte, and how long each phase of it took.</summary>
internal sealed class StartSection : ISection
{
    private const int Rounds = 5;
    private const string ToFirstByte = "first byte";
    private const string AfterFirstByte = "end";
    private static readonly string[] s_carriers = ["ssh", "direct"];

    public string Name => "start";

    public async Task<IReadOnlyList<Row>> RunAsync(Workbench bench, CancellationToken cancellationToken)
    {
        bench.Say("start: telelaunch run -- curl");
        using RouteOpener opener = bench.OpenRoutes(bench.Cluster.Kubeconfig);
        var starts = await bench.Rounds(Rounds).RunAsync(
            s_carriers, (carrier, token) => StartAsync(opener, carrier, BenchNamespace.ServerUrl, token), cancellationToken);
        return [.. s_carriers.SelectMany(carrier => PhaseRows.Of(Name, carrier, starts[carrier]))];
    }

    /// <returns>Seconds of each phase as the command tells them, then to the first byte in all, then from there to the end of the process.</returns>
    private static async Task<Dictionary<string, double>> StartAsync(RouteOpener opener, string carrier, string url, CancellationToken cancellationToken)
    {
        var seconds = new Dictionary<string, double>();
        var clock = Stopwatch.StartNew();
        await using var telelaunch = opener.StartTelelaunch(carrier, "json", ["curl", "-sS", url], Take);
        await telelaunch.ReadByteAsync(cancellationToken);
        double first = clock.Elapsed.TotalSeconds;
        await telelaunch.WaitForExitAsync(cancellationToken);
        seconds[ToFirstByte] = first;
        seconds[AfterFirstByte] = clock.Elapsed.TotalSeconds - first;
        return seconds;

        void Take(string line)
        {
            if (PhaseLine.TryRead(line) is { } ended)
                seconds[ended.Phase] = ended.Seconds;
        }
    }
}
