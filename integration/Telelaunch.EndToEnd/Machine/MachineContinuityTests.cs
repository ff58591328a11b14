using Xunit;
using Xunit.Abstractions;

namespace Telelaunch.EndToEnd.Machine;

/// <summary>What the machine's programs have outside of the cluster doesn't notice sessions that come, are killed and end; what they have in it ends when the session does.</summary>
[Collection(TestCluster.Name)]
public sealed class MachineContinuityTests(TestCluster cluster, ITestOutputHelper output)
{
    [TheoryOnMachine]
    [InlineData(ResolverSetup.Plain)]
    [InlineData(ResolverSetup.Resolved)]
    [InlineData(ResolverSetup.Resolvconf)]
    public async Task ExternalNamesAndConnections_NoneIsLost_WhileSessionsStartAndDie(ResolverSetup resolver)
    {
        await using var machine = await DeveloperMachine.CreateAsync(cluster, resolver);
        await using var client = machine.Start("python3", Programs.Source("continuity.py"), OutsideWorld.Host, $"{OutsideWorld.Address4}");
        await client.WaitForLineAsync("ready");

        await using (var first = await machine.StartVpnAsync())
        {
            await ReachesAsync(machine);
            await MachineProcesses.KillAsync(first.Run.Id);
            await first.Run.WaitForExitAsync();
        }

        await using (var second = await machine.StartVpnAsync())
        {
            await ReachesAsync(machine);
            await MachineProcesses.KillAsync(MachineProcesses.Of(second).Helper);
            await second.Run.WaitForExitAsync();
        }

        await using (var third = await machine.StartVpnAsync())
        {
            await ReachesAsync(machine);
            await MachineProcesses.KillAsync(third.Run.Id, MachineProcesses.Of(third).Helper);
            await third.Run.WaitForExitAsync();
        }

        await using (var last = await machine.StartVpnAsync())
        {
            await ReachesAsync(machine);
            await last.EndAsync();
        }

        await client.WriteLineAsync("");
        await client.WaitForExitAsync();
        Assert.True(client.ExitCode == 0, client.ToString());
        foreach (var line in client.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).SkipWhile(line => line != "ready").Skip(1))
        {
            output.WriteLine($"{resolver,-11} {line}");
            Report.Add("machine-continuity", $"{resolver,-11} {line}");
        }

        Assert.True(client.Output.Split(", 0 lost,").Length == 4, client.ToString());
    }

    [TheoryOnMachine]
    [InlineData("launcher", "ECONNRESET")]
    [InlineData("helper", "ECONNABORTED")]
    [InlineData("both", "ECONNRESET")]
    public async Task ConnectionToTheCluster_EndsWithAnError_WhenTheSessionIsKilled(string killed, string error)
    {
        await using var machine = await DeveloperMachine.CreateAsync(cluster);
        await using var session = await machine.StartVpnAsync();
        await using var client = machine.Start("python3", Programs.Source("flows.py"));
        await client.WaitForLineAsync("ready");
        // One that only waits for the other side: nothing that it does itself would tell it.
        await client.WriteLineAsync("open idle idle echo");
        await client.WaitForLineAsync("idle open");

        var processes = MachineProcesses.Of(session);
        await MachineProcesses.KillAsync(killed switch { "launcher" => [processes.Launcher], "helper" => [processes.Helper], _ => [processes.Launcher, processes.Helper] });

        Assert.Equal($"idle ended {error}", await client.WaitForLineAsync("idle ended"));
        await session.Run.WaitForExitAsync();
    }

    private static async Task ReachesAsync(DeveloperMachine machine) =>
        Assert.Contains("hello from the cluster", await machine.OutputAsync("curl", "-sS", "http://hello/"), StringComparison.Ordinal);
}
