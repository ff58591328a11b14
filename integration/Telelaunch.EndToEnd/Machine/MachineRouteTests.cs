using Xunit;

namespace Telelaunch.EndToEnd.Machine;

/// <summary><c>--method route</c>: a node that is a neighbour forwards, and the cluster's own name server answers.</summary>
[Collection(TestCluster.Name)]
public sealed class MachineRouteTests(TestCluster cluster)
{
    private const string FirstLine = "telelaunch: this machine is in the cluster's network";
    private const string Page = "hello from the cluster\n";

    [FactWithNodeLink]
    public async Task NodeForwards_NamesAreSplit_AndTheEndPutsEverythingBack()
    {
        await using var machine = await LinkedAsync();
        var before = await machine.SnapshotAsync();
        await using (var session = machine.Start(TestCluster.Telelaunch, "run", "--method", "route"))
        {
            await session.WaitForTextAsync(FirstLine);
            Assert.Equal(Page, await machine.OutputAsync("curl", "-sS", "http://hello/"));
            Assert.Equal(Page, await machine.OutputAsync("curl", "-sS", "http://hello.default.svc.cluster.local/"));
            Assert.Equal(Page, await machine.OutputAsync("curl", "-sS", $"http://{await cluster.PodAddressAsync("hello")}/"));
            Assert.Contains("outside.example", await machine.OutputAsync("getent", "ahosts", "outside.example"), StringComparison.Ordinal);
            Assert.Contains("proto 200", await machine.OutputAsync("ip", "route"), StringComparison.Ordinal);
            Assert.Empty(await cluster.AgentPodsAsync());
            await session.SignalAsync("INT");
            await session.WaitForExitAsync();
            Assert.True(session.ExitCode == 0, session.ToString());
        }

        MachineSnapshot.AssertSame(before, await machine.SnapshotAsync());
    }

    [FactWithNodeLink]
    public async Task KillOfAllButTheGuard_LeavesNoRouteAndNoNameServer()
    {
        await using var machine = await LinkedAsync();
        var before = await machine.SnapshotAsync();
        await using var session = machine.Start(TestCluster.Telelaunch, "run", "--method", "route");
        await session.WaitForTextAsync(FirstLine);
        // The helper first: nobody is left to undo anything in order.
        await machine.OutputAsync("sh", "-c", $"kill -9 $(pgrep -P {session.Id} -f 'telelaunch routing$') {session.Id}");
        await session.WaitForExitAsync();
        await Eventually.SeeAsync(async () => before.DifferenceTo(await machine.SnapshotAsync()), difference => difference.Length == 0, "the machine is as it was");
    }

    [FactWithNodeLink]
    public async Task Command_RunsInIt()
    {
        await using var machine = await LinkedAsync();
        await using var run = await machine.RunAsync(TestCluster.Telelaunch, "run", "--method", "route", "--", "sh", "-c", "curl -sS http://hello/; exit 5");
        Assert.True(run is { ExitCode: 5, Output: Page }, run.ToString());
    }

    [FactWithNodeLink]
    public async Task NodeThatForwardsNothing_IsToldWithItsRemedy_AndNothingIsLeft()
    {
        await using var machine = await LinkedAsync();
        // A neighbour that isn't the cluster's node: it answers, and forwards nothing there.
        var gateway = (await machine.OutputAsync("sh", "-c", "ip -4 route show default | cut -d' ' -f3")).Trim();
        var before = await machine.SnapshotAsync();
        await using var run = await machine.RunAsync(TestCluster.Telelaunch, "run", "--method", "route", "--node", gateway);
        Assert.True(run.ExitCode == 125 && run.Errors.Contains("ip_forward", StringComparison.Ordinal), run.ToString());
        MachineSnapshot.AssertSame(before, await machine.SnapshotAsync());
    }

    [FactOnMachine]
    public async Task NodeThatIsNoNeighbour_IsRefusedBeforeAnythingIsChanged()
    {
        await using var machine = await DeveloperMachine.CreateAsync(cluster);
        var before = await machine.SnapshotAsync();
        await using var run = await machine.RunAsync(TestCluster.Telelaunch, "run", "--method", "route", "--node", "192.0.2.77");
        Assert.True(run.ExitCode == 125 && run.Errors.Contains("192.0.2.77", StringComparison.Ordinal) && run.Errors.Contains("--vpn-tcp", StringComparison.Ordinal), run.ToString());
        MachineSnapshot.AssertSame(before, await machine.SnapshotAsync());
    }

    private async Task<DeveloperMachine> LinkedAsync()
    {
        var machine = await DeveloperMachine.CreateAsync(cluster);
        try
        {
            await using var link = await ProcessRun.CompleteAsync("sh", ["-c", $"{FactWithNodeLinkAttribute.Command} {machine.Process}"], cluster.Variables());
            Assert.True(link.ExitCode == 0, link.ToString());
            return machine;
        }
        catch
        {
            await machine.DisposeAsync();
            throw;
        }
    }
}

/// <summary>A test on a machine whose neighbour the cluster's node is; skipped, with that reason, where nobody says how to make it one.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class FactWithNodeLinkAttribute : FactAttribute
{
    public FactWithNodeLinkAttribute() => Skip = FactOnMachineAttribute.Lacks("ip") ?? (Command is null ? "E2E_NODE_LINK isn't set: a command that takes a process number, and makes the cluster's node a neighbour of its network namespace" : null);

    internal static string? Command => Environment.GetEnvironmentVariable("E2E_NODE_LINK") is { Length: > 0 } command ? command : null;
}
