using Xunit;

namespace Telelaunch.EndToEnd.Machine;

/// <summary>The machine's network changes while it is in the cluster's: what isn't the cluster's follows, what is goes on, and the end keeps what is new.</summary>
[Collection(TestCluster.Name)]
public sealed class MachineNetworkTests(TestCluster cluster)
{
    private const string OtherServer = "203.0.113.4";

    /// <summary>What the other name server says of every name.</summary>
    private const string OtherAnswer = "192.0.2.54";

    private const string NewFile = "# Of another network.\nsearch other.example\nnameserver " + OtherServer + "\n";

    [FactOnMachine]
    public async Task AnotherDefaultRoute_IsTakenAndKept()
    {
        await using var machine = await DeveloperMachine.CreateAsync(cluster);
        await using var other = await OtherNetworkAsync(machine);
        // What the machine would be by now, had no session been there.
        await machine.OutputAsync("ip", "route", "replace", "default", "via", OtherServer);
        var wanted = await machine.SnapshotAsync();
        await machine.OutputAsync("ip", "route", "replace", "default", "via", "203.0.113.1");

        await using var session = await machine.StartVpnAsync();
        await machine.OutputAsync("ip", "route", "replace", "default", "via", OtherServer);
        await ReachesAsync(machine);
        Assert.Contains(OutsideWebServer.Text, await machine.OutputAsync("curl", "-sS", $"http://{OutsideWorld.Host}/"), StringComparison.Ordinal);
        Assert.Contains($"via {OtherServer}", await machine.OutputAsync("ip", "route", "get", "198.51.100.9"), StringComparison.Ordinal);
        await session.EndAsync();

        MachineSnapshot.AssertSame(wanted, await machine.SnapshotAsync());
    }

    [TheoryOnMachine]
    // As dhclient-script(8) does it, and as an editor or a small DHCP client does.
    [InlineData(ResolverSetup.Plain, "cp /run/new /etc/resolv.conf.new && mv -f /etc/resolv.conf.new /etc/resolv.conf")]
    [InlineData(ResolverSetup.Plain, "cat /run/new >/etc/resolv.conf")]
    [InlineData(ResolverSetup.Mounted, "cat /run/new >/etc/resolv.conf")]
    // As NetworkManager does it behind its link.
    [InlineData(ResolverSetup.Linked, "cp /run/new /run/NetworkManager/resolv.conf.new && mv -f /run/NetworkManager/resolv.conf.new /run/NetworkManager/resolv.conf")]
    public async Task OtherNameServers_AreAskedFromThenOn_AndAreWhatStays(ResolverSetup resolver, string rewrite)
    {
        await using var machine = await DeveloperMachine.CreateAsync(cluster, resolver);
        await using var other = await OtherNetworkAsync(machine);
        await File.WriteAllTextAsync($"{machine.Root}/run/new", NewFile);
        await using var session = await machine.StartVpnAsync();
        await ReachesAsync(machine);

        await machine.OutputAsync("sh", "-c", rewrite);

        // The daemon follows what it is told of; nobody says when it has.
        await Eventually.SeeAsync(() => AddressOfAsync(machine, "who.example"), address => address == OtherAnswer, "the new name server is asked");
        await ReachesAsync(machine);
        await session.EndAsync();
        Assert.Equal(NewFile, await machine.OutputAsync("cat", "/etc/resolv.conf"));
        Assert.Equal(OtherAnswer, await AddressOfAsync(machine, "who.example"));
        Assert.DoesNotContain("telelaunch", await machine.OutputAsync("find", "/etc", "-maxdepth", "1", "-name", "*resolv*"), StringComparison.Ordinal);
    }

    private static async Task<ProcessRun> OtherNetworkAsync(DeveloperMachine machine)
    {
        await machine.Outside.OutputAsync("ip", "address", "add", $"{OtherServer}/24", "dev", "machine");
        var server = machine.Outside.Start("python3", Path.Combine(TestCluster.Root, "tests", "Telelaunch.Routing.Tests", "Resolver", "nameserver.py"), OtherServer, "outside", "54");
        await server.WaitForLineAsync("ready");
        return server;
    }

    private static async Task<string> AddressOfAsync(DeveloperMachine machine, string name)
    {
        await using var run = await machine.RunAsync("getent", "ahostsv4", name);
        return run.Output.Split(' ')[0];
    }

    private static async Task ReachesAsync(DeveloperMachine machine) =>
        Assert.Contains("hello from the cluster", await machine.OutputAsync("curl", "-sS", "http://hello.default.svc.cluster.local/"), StringComparison.Ordinal);
}
