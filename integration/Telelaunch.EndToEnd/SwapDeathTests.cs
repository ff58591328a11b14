using System.Diagnostics;
using System.Globalization;
using Xunit;
using Xunit.Abstractions;

namespace Telelaunch.EndToEnd;

/// <summary>Every state of a swap, every way of dying there, and the workload compared field by field afterwards.</summary>
/// <remarks>
/// A state is known by the phase that the launcher has told last; it is killed the moment that is read, so what it has reached may be a step further, and the table shows what was seen in the cluster.
/// The cases wait for the same minute at once, each with a workload of its own.
/// </remarks>
[Collection(TestCluster.Name)]
public sealed class SwapDeathTests(TestCluster cluster, ITestOutputHelper output)
{
    private const string Running = "the-command-runs";

    /// <summary>A restorer that was started anew counts its minute anew.</summary>
    private static readonly TimeSpan RestoredWithin = TimeSpan.FromMinutes(3);

    private enum Death
    {
        /// <summary>The launcher alone: its guard restores.</summary>
        Client,

        /// <summary>Launcher and guard, as when the machine is lost: the restorer restores.</summary>
        Machine,

        /// <summary>The same, and the restorer's Pod as well: its Deployment makes another.</summary>
        MachineAndRestorer,
    }

    private static readonly (string State, string Text)[] s_states =
    [
        ("rights checked", "telelaunch: rights ("),
        ("claimed", " claimed ("),
        ("agent pod made", "telelaunch: pod created ("),
        ("agent ready", "telelaunch: agent ready ("),
        ("tunnel up", "telelaunch: tunnel up ("),
        ("scaled down, command runs", Running),
        ("put back, not yet removed", "is put back: 1 replica"),
    ];

    [Fact]
    public async Task KilledInAnyState_TheWorkloadIsAsItWas()
    {
        var cases = (
            from state in s_states
            from death in Enum.GetValues<Death>()
            select (state.State, state.Text, Death: death, Name: $"swap-dead-{Array.IndexOf(s_states, state)}{(int)death}")).ToList();
        var shops = new List<Shop>();
        try
        {
            foreach (var one in cases) shops.Add(await Shop.CreateAsync(cluster, one.Name, OnePod));
            // The deaths come one by one, so that each is seen at its state; the waiting is done together.
            var waiting = new List<Task<string>>();
            foreach (var (one, shop) in cases.Zip(shops)) waiting.Add(await DieAsync(one.State, one.Text, one.Death, shop));
            foreach (var row in (await Task.WhenAll(waiting)).Prepend($"{"state",-28} {"death",-20} {"seen in the cluster",-34} result"))
            {
                output.WriteLine(row);
                Report.Add("swap-deaths", row);
            }
            await using var sweep = await cluster.TelelaunchAsync(["restore"]);
            Assert.True(sweep.ExitCode == 0, sweep.ToString());
            await Eventually.SeeAsync(
                () => cluster.KubectlAsync("get", "pods,secrets,leases,roles,rolebindings,serviceaccounts,deployments", "-o", "name"),
                names => !names.Contains("telelaunch-", StringComparison.Ordinal), "nothing of a session is left");
        }
        finally
        {
            foreach (var shop in shops) await shop.DisposeAsync();
        }
    }

    /// <summary>One death; the inner task ends when the workload is as it was, with a row of the table.</summary>
    private async Task<Task<string>> DieAsync(string state, string text, Death death, Shop shop)
    {
        var before = await shop.SnapshotAsync();
        await using var run = ProcessRun.Start(TestCluster.Telelaunch, ["run", "--progress", "plain", "-s", shop.Name, "--", "sh", "-c", $"echo {Running}{(text == Running ? "; exec sleep 600" : "")}"], cluster.Variables());
        await run.WaitForTextAsync(text);
        if (death == Death.Client)
        {
            await run.SignalAsync("KILL");
        }
        else
        {
            // First the guard's parent stands still, so that the guard has nobody to notice the end of.
            await run.SignalAsync("STOP");
            await using var children = await ProcessRun.CompleteAsync("ps", ["-o", "pid=", "--ppid", $"{run.Id}"]);
            foreach (var child in children.Output.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)) await (await ProcessRun.CompleteAsync("kill", ["-KILL", child])).DisposeAsync();
            await run.SignalAsync("KILL");
        }
        var died = Stopwatch.GetTimestamp();
        var deployment = await shop.DeploymentAsync();
        var session = (string?)deployment["metadata"]!["annotations"]?["telelaunch.dev/swap"] is { } claim ? (string?)System.Text.Json.Nodes.JsonNode.Parse(claim)!["session"] : null;
        var restorer = session is null ? "" : (await cluster.KubectlAsync("get", "pods", "-l", $"telelaunch.dev/restorer={session}", "-o", "jsonpath={.items[*].metadata.name}")).Trim();
        var seen = $"{(session is null ? "free" : "claimed")}, {deployment["spec"]!["replicas"]} replicas{(restorer.Length == 0 ? "" : ", restorer")}";
        if (death == Death.MachineAndRestorer && restorer.Length > 0)
            await cluster.KubectlAsync(["delete", "pod", .. restorer.Split(' '), "--grace-period=0", "--force"]);
        return WaitAsync(state, death, shop, before, seen, died, hasRestorer: restorer.Length > 0);
    }

    private async Task<string> WaitAsync(string state, Death death, Shop shop, string before, string seen, long died, bool hasRestorer)
    {
        // Without a restorer the workload wasn't touched yet but for the annotation, which `telelaunch restore` takes away.
        var byHand = death != Death.Client && !hasRestorer;
        if (byHand)
        {
            Assert.Equal(1, await shop.ReplicasAsync());
            await using var restore = await cluster.TelelaunchAsync(["restore", shop.Name]);
            Assert.True(restore.ExitCode == 0, restore.ToString());
        }
        while (await shop.SnapshotAsync() is var now && now != before)
        {
            Assert.True(Stopwatch.GetElapsedTime(died) < RestoredWithin, $"{state}, {death}: {seen}\nbefore: {before}\nnow:    {now}");
            await Task.Delay(TimeSpan.FromMilliseconds(500));
        }
        var took = Stopwatch.GetElapsedTime(died);
        await shop.ReadyAsync();
        return string.Create(CultureInfo.InvariantCulture, $"{state,-28} {death,-20} {seen,-34} {(byHand ? "as it was after telelaunch restore" : $"as it was after {took.TotalSeconds:0.0} s")}");
    }

    /// <summary>Many of them stand at once.</summary>
    private static string OnePod(string manifests) => manifests.Replace("replicas: 2", "replicas: 1", StringComparison.Ordinal);
}
