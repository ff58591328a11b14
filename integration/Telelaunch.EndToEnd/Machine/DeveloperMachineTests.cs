using System.Net.Sockets;
using Xunit;

namespace Telelaunch.EndToEnd.Machine;

/// <summary>The machine that system-wide sessions are tested on is one: it has a network of its own, reaches the outside world and the API server, not the cluster, and leaves nothing.</summary>
[Collection(TestCluster.Name)]
public sealed class DeveloperMachineTests(TestCluster cluster)
{
    [FactOnMachine]
    public async Task OutsideWorld_IsReachedByNameOverBothFamilies_AndItsNameServerTellsWhatItWasAsked()
    {
        await using var machine = await DeveloperMachine.CreateAsync(cluster);
        foreach (var family in new[] { "-4", "-6" })
            Assert.Contains(OutsideWebServer.Text, await machine.OutputAsync("curl", "-sS", family, $"http://{OutsideWorld.Host}/"), StringComparison.Ordinal);
        Assert.Equal(2, machine.Outside.Web.Answered);
        Assert.Equal($"{OutsideWorld.Address6}\n", await machine.OutputAsync("dig", "+short", "+tcp", "AAAA", OutsideWorld.Host));
        await using var unknown = await machine.RunAsync("getent", "hosts", "hello.default.svc.cluster.local");
        Assert.True(unknown.ExitCode == 2, unknown.ToString());

        Assert.Contains(new Question(OutsideWorld.Host, OutsideNameServer.TypeA, ProtocolType.Udp), machine.Outside.Names.Questions);
        Assert.Contains(new Question(OutsideWorld.Host, OutsideNameServer.TypeAaaa, ProtocolType.Tcp), machine.Outside.Names.Questions);
        Assert.NotEqual(0, machine.Outside.Names.Count("hello.default.svc.cluster.local"));
    }

    [FactOnMachine]
    public async Task WithoutASession_ApiServerIsReached_AndTheClusterIsNot()
    {
        await using var machine = await DeveloperMachine.CreateAsync(cluster);
        var service = await cluster.ClusterAddressAsync("hello");
        Assert.Contains(service, await machine.OutputAsync("kubectl", "get", "service", "hello", "-o", "wide"), StringComparison.Ordinal);
        foreach (var address in new[] { service, await cluster.PodAddressAsync("hello") })
        {
            // ENETUNREACH, or as from a gateway that doesn't know the way; the bound is for one that says nothing.
            await using var run = await machine.RunAsync("curl", "-sS", "--connect-timeout", "1", $"http://{address}/");
            Assert.True(run.ExitCode is 7 or 28, run.ToString());
        }
    }

    [FactOnMachine]
    public async Task SessionOfOneCommand_WorksOnTheMachine_AndLeavesItAsItWas()
    {
        await using var machine = await DeveloperMachine.CreateAsync(cluster);
        var before = await machine.SnapshotAsync();
        await using var run = await machine.RunAsync(TestCluster.Telelaunch, "run", "--", "curl", "-sS", "http://hello/");
        Assert.True(run is { ExitCode: 0, Output: "hello from the cluster\n" }, run.ToString());
        MachineSnapshot.AssertSame(before, await machine.SnapshotAsync());
    }

    [FactOnMachine]
    public async Task Snapshot_ShowsEachKindOfChange()
    {
        await using var machine = await DeveloperMachine.CreateAsync(cluster);
        var before = await machine.SnapshotAsync();
        MachineSnapshot.AssertSame(before, await machine.SnapshotAsync());
        foreach (var (change, undo, section, seen) in new[]
                 {
                     ("ip rule add to 198.18.0.0/15 lookup 7", "ip rule del lookup 7", "rules4", "+ 32765:\tfrom all to 198.18.0.0/15 lookup 7"),
                     ("ip -6 rule add to fd01::/16 lookup 7", "ip -6 rule del lookup 7", "rules6", "+ 32765:\tfrom all to fd01::/16 lookup 7"),
                     ("ip route add 198.18.0.0/15 via 203.0.113.1 table 7", "ip route flush table 7", "routes4", "+ 198.18.0.0/15 via 203.0.113.1 dev uplink table 7"),
                     ("ip -6 route add local fd01::/16 dev lo table local", "ip -6 route del local fd01::/16 table local", "routes6", "+ local fd01::/16 dev lo table local"),
                     ("ip tuntap add left mode tun", "ip link del left", "links", "tun type tun"),
                     ("ip address add 198.18.0.1/32 dev lo", "ip address del 198.18.0.1/32 dev lo", "addresses", "198.18.0.1/32"),
                     ("nft add table inet left", "nft delete table inet left", "nft", "+ table inet left"),
                     ("sysctl -qw net.ipv4.conf.lo.route_localnet=1", "sysctl -qw net.ipv4.conf.lo.route_localnet=0", "sysctl", "+ net.ipv4.conf.lo.route_localnet = 1"),
                     ("cp -p /etc/resolv.conf /etc/new; mv /etc/resolv.conf /etc/old; mv /etc/new /etc/resolv.conf", "mv /etc/old /etc/resolv.conf", "resolv.conf", "/etc/resolv.conf"),
                     (": >/etc/left", "rm /etc/left", "etc", "/etc/left"),
                     (": >/run/left", "rm /run/left", "run", "/run/left"),
                     ("mount -t tmpfs left /mnt", "umount /mnt", "mounts", "/mnt"),
                     ("mkdir /var/lib/telelaunch", "rmdir /var/lib/telelaunch", "telelaunch", "/var/lib/telelaunch"),
                 })
        {
            await machine.OutputAsync("sh", "-c", change);
            var difference = before.DifferenceTo(await machine.SnapshotAsync());
            Assert.Contains($"== {section}\n", difference, StringComparison.Ordinal);
            Assert.Contains(seen, difference, StringComparison.Ordinal);
            await machine.OutputAsync("sh", "-c", undo);
            MachineSnapshot.AssertSame(before, await machine.SnapshotAsync());
        }
    }

    [FactOnMachine]
    public async Task Machine_EndsWithItsHolder_AndAllThatRunsOnItToo()
    {
        await using var machine = await DeveloperMachine.CreateAsync(cluster);
        // In a session of its own and deaf to polite signals, as a daemon that was forgotten.
        await using var daemon = machine.Start("setsid", "--wait", "sh", "-c", "trap '' HUP INT TERM; echo $$; while :; do sleep 1000; done");
        var line = await daemon.WaitForLineAsync("");
        var holder = machine.Process;
        var links = await LinksAsync();
        Assert.True(Directory.Exists($"/proc/{line}"));

        await machine.DisposeAsync();

        await Eventually.SeeAsync(() => Task.FromResult(Directory.Exists($"/proc/{line}") || Directory.Exists($"/proc/{holder}")), left => !left, "the processes of the machine have ended");
        Assert.Equal(links, await LinksAsync());
    }

    private static async Task<string> LinksAsync()
    {
        await using var run = await ProcessRun.CompleteAsync("ip", ["-o", "link"]);
        return run.Output;
    }
}
