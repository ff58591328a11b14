using System.Collections.Concurrent;
using System.Diagnostics;
using Xunit;
using Xunit.Abstractions;

namespace Telelaunch.EndToEnd.Machine;

/// <summary>However a session of the whole machine ends, with whatever name servers, the machine is as it was: compared part by part, file by file.</summary>
[Collection(TestCluster.Name)]
public sealed class MachineUndoTests(TestCluster cluster, ITestOutputHelper output)
{
    /// <summary>Machines don't know of each other; more than this many at once only wait for the processor.</summary>
    private const int AtOnce = 3;

    private const string ReportName = "machine-undo";
    private const string ClusterName = "hello.default.svc.cluster.local";
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(1);

    private enum Ending
    {
        Interrupted,
        Terminated,
        HungUp,

        /// <summary>SIGKILL, as all that follow; the session ends in order.</summary>
        CommandKilled,

        /// <summary>The helper undoes.</summary>
        LauncherKilled,

        /// <summary>The kernel and the guard undo; the launcher says that it has lost its routing.</summary>
        HelperKilled,

        /// <summary>Nobody needs it where the session ends in order.</summary>
        GuardKilled,

        /// <summary>The kernel and the guard undo.</summary>
        LauncherAndHelperKilled,

        /// <summary>The kernel undoes its part; <c>telelaunch restore --host</c> the rest.</summary>
        AllKilledThenRestore,

        /// <summary>The next session undoes the rest before it begins.</summary>
        AllKilledThenStart,
    }

    /// <summary>How far a start has come.</summary>
    private enum State
    {
        LinkMade,
        JournalMade,
        Prepared,
        ResolverChanged,
    }

    private static readonly Ending[] s_few = [Ending.Interrupted, Ending.HelperKilled, Ending.LauncherAndHelperKilled, Ending.AllKilledThenRestore];

    [TheoryOnMachine]
    [InlineData(ResolverSetup.Plain)]
    [InlineData(ResolverSetup.Resolved)]
    public Task WhateverEndsIt_TheMachineIsAsItWas(ResolverSetup resolver) => TryAsync(Enum.GetValues<Ending>(), ending => ($"{resolver,-11} {ending}", () => EndAsync(resolver, ending)));

    [TheoryOnMachine]
    [InlineData(ResolverSetup.Linked)]
    [InlineData(ResolverSetup.Mounted)]
    [InlineData(ResolverSetup.Dnsmasq)]
    [InlineData(ResolverSetup.Openresolv)]
    [InlineData(ResolverSetup.Resolvconf)]
    public Task WithOtherResolversToo(ResolverSetup resolver) => TryAsync(s_few, ending => ($"{resolver,-11} {ending}", () => EndAsync(resolver, ending)));

    [FactOnMachine]
    public Task KilledWhileItStarts_TheMachineIsAsItWas() => TryAsync(
        [
            (ResolverSetup.Plain, State.LinkMade, Ending.LauncherKilled),
            (ResolverSetup.Plain, State.LinkMade, Ending.HelperKilled),
            (ResolverSetup.Plain, State.LinkMade, Ending.LauncherAndHelperKilled),
            (ResolverSetup.Plain, State.JournalMade, Ending.LauncherAndHelperKilled),
            (ResolverSetup.Plain, State.JournalMade, Ending.AllKilledThenRestore),
            (ResolverSetup.Plain, State.Prepared, Ending.LauncherKilled),
            (ResolverSetup.Plain, State.Prepared, Ending.HelperKilled),
            (ResolverSetup.Plain, State.ResolverChanged, Ending.LauncherKilled),
            (ResolverSetup.Plain, State.ResolverChanged, Ending.LauncherAndHelperKilled),
            (ResolverSetup.Plain, State.ResolverChanged, Ending.AllKilledThenStart),
            (ResolverSetup.Openresolv, State.ResolverChanged, Ending.LauncherAndHelperKilled),
            (ResolverSetup.Mounted, State.ResolverChanged, Ending.AllKilledThenRestore),
        ],
        one => ($"{one.Item1,-11} {one.Item3}, {one.Item2}", () => KillAtAsync(one.Item1, one.Item2, one.Item3)));

    private async Task TryAsync<T>(IEnumerable<T> cases, Func<T, (string Name, Func<Task<TimeSpan>> Run)> describe)
    {
        var rows = new ConcurrentBag<(int Number, string Row, bool IsGood)>();
        await Parallel.ForEachAsync(cases.Select(describe).Index(), new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (one, _) =>
        {
            TimeSpan undone = default;
            var failure = await Record.ExceptionAsync(async () => undone = await one.Item.Run());
            rows.Add((one.Index, $"{one.Item.Name,-52} {failure?.Message ?? $"as it was after {undone.TotalSeconds:F1} s"}", failure is null));
        });
        foreach (var (_, row, _) in rows.Order())
        {
            output.WriteLine(row);
            Report.Add(ReportName, row.Split('\n')[0]);
        }

        Assert.Empty(rows.Where(row => !row.IsGood).Select(row => row.Row));
    }

    private async Task<TimeSpan> EndAsync(ResolverSetup resolver, Ending ending)
    {
        await using var machine = await DeveloperMachine.CreateAsync(cluster, resolver);
        var before = await machine.SnapshotAsync();
        await using var session = await machine.StartVpnAsync(ending == Ending.CommandKilled ? ["--", "sleep", "infinity"] : []);
        await ReachesAsync(machine);
        var processes = MachineProcesses.Of(session, "sleep");
        Assert.True(processes is { Helper: not null, Guard: not null }, $"{processes}");

        var end = Stopwatch.GetTimestamp();
        int? code;
        switch (ending)
        {
            case Ending.Interrupted or Ending.Terminated or Ending.HungUp:
                await session.EndAsync(ending switch { Ending.Interrupted => "INT", Ending.Terminated => "TERM", _ => "HUP" });
                code = 0;
                break;
            case Ending.CommandKilled:
                await MachineProcesses.KillAsync(processes.Command);
                code = 128 + 9;
                break;
            case Ending.GuardKilled:
                await MachineProcesses.KillAsync(processes.Guard);
                await session.EndAsync();
                code = 0;
                break;
            default:
                code = await KillAsync(machine, processes, ending, loss: 124);
                break;
        }

        await session.Run.WaitForExitAsync();
        if (code is not null) Assert.True(session.Run.ExitCode == code, session.Run.ToString());
        return await IsAsItWasAsync(machine, before, resolver, end);
    }

    private async Task<TimeSpan> KillAtAsync(ResolverSetup resolver, State state, Ending ending)
    {
        await using var machine = await DeveloperMachine.CreateAsync(cluster, resolver);
        var before = await machine.SnapshotAsync();
        await using var run = machine.Start(TestCluster.Telelaunch, "run", "--vpn-tcp", "--progress", "plain");
        await ComeAsync(machine, run, state);
        Assert.False(run.HasExited, run.ToString());
        var end = Stopwatch.GetTimestamp();
        var code = await KillAsync(machine, MachineProcesses.Of(run.Id), ending, loss: 125);
        await run.WaitForExitAsync();
        // A start that was nearly through is a session that loses its helper.
        if (code is not null) Assert.True(run.ExitCode == code || (state == State.ResolverChanged && run.ExitCode == 124), run.ToString());
        return await IsAsItWasAsync(machine, before, resolver, end);
    }

    /// <summary>Nobody tells of these states, and some last only a moment. A start that doesn't come to it ends by itself.</summary>
    private static async Task ComeAsync(DeveloperMachine machine, ProcessRun run, State state)
    {
        using var timer = new PeriodicTimer(Moment);
        while (!run.HasExited && !HasCome(machine, run, state)) await timer.WaitForNextTickAsync();
    }

    private static bool HasCome(DeveloperMachine machine, ProcessRun run, State state) => state switch
    {
        State.LinkMade => Directory.Exists($"{machine.Root}/sys/class/net/telelaunch0"),
        State.JournalMade => Directory.Exists($"{machine.Root}/var/lib/telelaunch") && Directory.EnumerateFiles($"{machine.Root}/var/lib/telelaunch").Any(),
        State.Prepared => run.Errors.Contains("routing prepared", StringComparison.Ordinal),
        _ => File.ReadAllText($"{machine.Root}/etc/resolv.conf").Contains("127.84.53.53", StringComparison.Ordinal),
    };

    /// <param name="loss">The exit code of a launcher that loses its helper.</param>
    /// <returns>The launcher's exit code; null where it was killed.</returns>
    private static async Task<int?> KillAsync(DeveloperMachine machine, MachineProcesses processes, Ending ending, int loss)
    {
        switch (ending)
        {
            case Ending.LauncherKilled:
                await MachineProcesses.KillAsync(processes.Launcher);
                return null;
            case Ending.HelperKilled:
                await MachineProcesses.KillAsync(processes.Helper);
                return loss;
            case Ending.LauncherAndHelperKilled:
                await MachineProcesses.KillAsync(processes.Launcher, processes.Helper);
                return null;
            case Ending.AllKilledThenRestore:
                await MachineProcesses.KillAsync(processes.Guard, processes.Helper, processes.Launcher);
                await using (var restore = await machine.RunAsync(TestCluster.Telelaunch, "restore", "--host"))
                    Assert.True(restore.ExitCode == 0 && !restore.Output.Contains("a session lives", StringComparison.Ordinal), restore.ToString());
                return null;
            case Ending.AllKilledThenStart:
                await MachineProcesses.KillAsync(processes.Guard, processes.Helper, processes.Launcher);
                await using (var next = await machine.StartVpnAsync())
                {
                    await ReachesAsync(machine);
                    await next.EndAsync();
                }

                return null;
            default:
                throw new ArgumentOutOfRangeException(nameof(ending));
        }
    }

    /// <summary>Whoever undoes it takes his time.</summary>
    /// <returns>How much, from the end on, until only the guard was left.</returns>
    private static async Task<TimeSpan> IsAsItWasAsync(DeveloperMachine machine, MachineSnapshot before, ResolverSetup resolver, long end)
    {
        // These two write their file anew whenever anything changes.
        string[] except = resolver is ResolverSetup.Resolved or ResolverSetup.Resolvconf ? ["resolv.conf-file"] : [];
        await SameAsync([.. except, "processes"]);
        var undone = Stopwatch.GetElapsedTime(end);
        // The guard answers for some seconds who asked the dead session.
        await SameAsync(except);
        await machine.OutputAsync("getent", "ahosts", OutsideWorld.Host);
        await using var unknown = await machine.RunAsync("getent", "hosts", ClusterName);
        Assert.True(unknown.ExitCode == 2, unknown.ToString());
        return undone;

        Task SameAsync(string[] without) =>
            Eventually.SeeAsync(async () => before.DifferenceTo(await machine.SnapshotAsync(), without), difference => difference.Length == 0, "the machine is as it was");
    }

    private static async Task ReachesAsync(DeveloperMachine machine)
    {
        Assert.Contains("hello from the cluster", await machine.OutputAsync("curl", "-sS", $"http://{ClusterName}/"), StringComparison.Ordinal);
        await machine.OutputAsync("getent", "ahosts", OutsideWorld.Host);
    }
}
