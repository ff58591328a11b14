using System.Net;
using System.Net.Sockets;
using Xunit;

namespace Telelaunch.EndToEnd.Machine;

/// <summary>A cluster whose name server asks the machine's own resolver, as it does where the cluster runs on the machine: while a session is there, the two would ask each other for ever.</summary>
/// <remarks>No cluster can be asked to do that, so it is a playground of this test's own.</remarks>
[Collection(TestCluster.Name)]
public sealed class MachineLoopTests(TestCluster cluster)
{
    private const string InnerName = "inner.example";
    private static readonly IPAddress s_innerAddress = IPAddress.Parse("198.51.100.7");

    [FactOnPlayground]
    public async Task Loop_IsFoundAndBroken_AndAllNamesAreAnswered()
    {
        await using var relay = new MachineNameRelay();
        await using var playground = await PlaygroundRun.StartAsync(cluster, "--dns-upstream", $"{relay.EndPoint}");
        await using var machine = await DeveloperMachine.CreateAsync(cluster, kubeconfig: playground.Kubeconfig);
        machine.Outside.Names.Know(InnerName, s_innerAddress);
        relay.Serve(machine);
        var before = await machine.SnapshotAsync();

        // A name without a Service of it: the cluster's name server has to ask elsewhere.
        await using (var session = await machine.StartVpnAsync("--also-proxy", InnerName))
        {
            await session.Run.WaitForTextAsync("asks this machine in turn");

            Assert.Equal($"{OutsideWorld.Address4}", await AddressOfAsync(machine, OutsideWorld.Host));
            Assert.Equal($"{s_innerAddress}", await AddressOfAsync(machine, InnerName));
            Assert.NotEqual("", await AddressOfAsync(machine, "kubernetes.default.svc.cluster.local"));
            Assert.NotEqual("", await AddressOfAsync(machine, "kubernetes.default"));
            foreach (var unknown in new[] { "nobody.example", "nobody", "nobody.default", "nobody.default.svc.cluster.local" }) Assert.Equal("", await AddressOfAsync(machine, unknown));
            Assert.Contains(s_innerAddress.ToString(), await machine.OutputAsync("ip", "-4", "route", "show", "table", "local", "dev", "telelaunch0"), StringComparison.Ordinal);

            // Going round would never end: each lap is a question here.
            var asked = relay.Questions.Count;
            Assert.InRange(asked, 1, 100);
            Assert.All(relay.Questions.CountBy(question => question), count => Assert.InRange(count.Value, 1, 4));
            await session.EndAsync();
        }

        MachineSnapshot.AssertSame(before, await machine.SnapshotAsync());
    }

    private static async Task<string> AddressOfAsync(DeveloperMachine machine, string name)
    {
        await using var run = await machine.RunAsync("getent", "ahostsv4", name);
        return run.Output.Split(' ')[0];
    }
}
