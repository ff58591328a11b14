using System.Diagnostics;
using Telelaunch.Bench.Cluster;
using Telelaunch.Bench.Results;
using Telelaunch.Bench.Routes;

namespace Telelaunch.Bench.Sections;

/// <summary>
/// A swap there and back: from the start of <c>telelaunch run --swap-deployment</c> to the first request of a Pod of the cluster that the local process has served, with how long each
/// phase of it took; and from the signal that ends the session to the workload's own Pod being ready.
/// </summary>
internal sealed class SwapSection : ISection
{
    private const int Rounds = 5;
    private const string Workload = "shop";
    private const string ToFirstRequest = "first request";
    private const string ToPutBack = "put back";
    private const string ToReadyAgain = "ready again";
    private const string ToEnd = "end";

    /// <summary>How long callers try; reaching it ends the run, nothing waits for it.</summary>
    private const int TrySeconds = 150;

    private static readonly string[] s_carriers = ["ssh", "direct"];

    public string Name => "swap";

    public async Task<IReadOnlyList<Row>> RunAsync(Workbench bench, CancellationToken cancellationToken)
    {
        bench.Say("swap: a workload and its caller");
        var caller = await CallerPod.PrepareAsync(bench, cancellationToken);
        await bench.Cluster.ApplyAsync("shop.yaml", cancellationToken);
        var service = new RouteAddress(await bench.Cluster.ServiceAddressAsync(Workload, cancellationToken), BenchNamespace.BytesPort);
        using RouteOpener opener = bench.OpenRoutes(bench.Cluster.Kubeconfig);
        await using var replicas = ReplicaWatch.Start(bench.Cluster, Workload);
        await replicas.WaitAsync(1, cancellationToken);

        bench.Say("swap: telelaunch run --swap-deployment, and back");
        var swaps = await bench.Rounds(Rounds).RunAsync(
            s_carriers,
            async (carrier, token) =>
            {
                await using var app = await caller.OpenAsync(token);
                return await SwapAsync(opener, carrier, new(bench.Program("server.py")), replicas, until => app.UntilAsync(service, LocalServer.Answer, TrySeconds, until), token);
            },
            cancellationToken);
        return [.. s_carriers.SelectMany(carrier => PhaseRows.Of(Name, carrier, swaps[carrier]))];
    }

    /// <param name="firstRequest">Calls the workload until the local process serves.</param>
    /// <returns>
    /// Seconds of each phase of the start as the command tells them, then to the first request in all; then from the signal that ends the session to the workload being put back (its
    /// replicas are wanted again), to its Pod being ready, and to the end of the process, whichever order these have.
    /// </returns>
    private static async Task<Dictionary<string, double>> SwapAsync(
        RouteOpener opener, string carrier, LocalServer local, ReplicaWatch replicas, Func<CancellationToken, Task> firstRequest, CancellationToken cancellationToken)
    {
        var seconds = new Dictionary<string, double>();
        double? putBack = null;
        var clock = Stopwatch.StartNew();
        await using var telelaunch = opener.StartTelelaunch(
            carrier, "json", local.Command, Take, ["--swap-deployment", Workload, .. local.ExposeOptions], endsWithItsInput: false);
        await telelaunch.WhileRunningAsync(firstRequest, cancellationToken);
        double first = clock.Elapsed.TotalSeconds;
        await replicas.WaitAsync(0, cancellationToken);

        clock.Restart();
        Signals.Terminate(telelaunch.Id);
        double[] ends = await Task.WhenAll(ElapsedAsync(replicas.WaitAsync(1, cancellationToken)), ElapsedAsync(telelaunch.WaitForExitAsync(cancellationToken)));
        seconds[ToFirstRequest] = first;
        seconds[ToPutBack] = putBack ?? throw telelaunch.Failed($"ended without having put {Workload} back");
        seconds[ToReadyAgain] = ends[0];
        seconds[ToEnd] = ends[1];
        return seconds;

        async Task<double> ElapsedAsync(Task end)
        {
            await end;
            return clock.Elapsed.TotalSeconds;
        }

        void Take(string line)
        {
            if (PhaseLine.TryRead(line) is { } ended)
                seconds[PhaseOf(ended.Phase)] = ended.Seconds;
            else if (line.Contains($"deployment/{Workload} is put back", StringComparison.Ordinal))
                putBack = clock.Elapsed.TotalSeconds;
        }
    }

    /// <summary>A phase without the workload's name, which belongs to no row.</summary>
    internal static string PhaseOf(string told) => told.Replace($"deployment/{Workload} ", "", StringComparison.Ordinal);
}
