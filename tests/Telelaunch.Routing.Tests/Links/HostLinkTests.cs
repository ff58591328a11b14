using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Telelaunch.Net;
using Telelaunch.Routing.Links;

namespace Telelaunch.Routing.Tests.Links;

public class HostLinkTests
{
    [Fact]
    public void Dispose_LeavesNothing()
    {
        using var here = new NetworkNamespace();
        string before = here.Snapshot();
        using (HostLink link = here.Run(() =>
        {
            HostLink link = HostLink.Create("telelaunch0", "somebody, since noon");
            Assert.True(link.SetUp());
            return link;
        }))
        {
            link.AddAddress(CaughtNamespace.Own4);
            link.AddAddress(CaughtNamespace.Own6);
            link.AddLocalRoute(CaughtNamespace.Range4, CaughtNamespace.Own4);
            link.AddLocalRoute(CaughtNamespace.Range6, CaughtNamespace.Own6);

            Assert.Contains("alias somebody, since noon", here.Check("ip", "link", "show", "telelaunch0"), StringComparison.Ordinal);
            Assert.StartsWith($"{link.Index}: telelaunch0", here.Check("ip", "-o", "link", "show", "telelaunch0"), StringComparison.Ordinal);
            Assert.Contains("local 10.96.0.0/12 dev telelaunch0 proto 200 scope host src 198.19.84.1", here.Check("ip", "route", "show", "table", "local"), StringComparison.Ordinal);
            Assert.Contains("local fd00:10:96::/108 dev telelaunch0 proto 200 src fd54:454c::1", here.Check("ip", "-6", "route", "show", "table", "local"), StringComparison.Ordinal);
            string addresses = here.Check("ip", "-o", "address", "show", "telelaunch0");
            Assert.Contains("198.19.84.1/32", addresses, StringComparison.Ordinal);
            Assert.Contains("fd54:454c::1/128", addresses, StringComparison.Ordinal);
            Assert.DoesNotContain("fe80", addresses, StringComparison.Ordinal);
            Assert.DoesNotContain("tentative", addresses, StringComparison.Ordinal);
        }

        Assert.Equal(before, here.Snapshot());
    }

    [Fact]
    public void RemoveLocalRoute_RemovesOne()
    {
        using var here = new NetworkNamespace();
        using HostLink link = here.Run(() =>
        {
            HostLink link = HostLink.Create("telelaunch0", "a test");
            link.SetUp();
            return link;
        });
        link.AddAddress(CaughtNamespace.Own4);
        link.AddLocalRoute(CaughtNamespace.Range4, CaughtNamespace.Own4);
        string before = here.Snapshot();
        AddressRange more = AddressRange.Parse("10.244.0.0/16");

        link.AddLocalRoute(more, CaughtNamespace.Own4);
        Assert.Contains("local 10.244.0.0/16", here.Snapshot(), StringComparison.Ordinal);
        Assert.True(link.RemoveLocalRoute(more));
        Assert.Equal(before, here.Snapshot());
        Assert.False(link.RemoveLocalRoute(more));
    }

    [Fact]
    public void SecondSession_IsToldOfTheFirst()
    {
        using var here = new NetworkNamespace();
        using HostLink first = here.Run(() => HostLink.Create("telelaunch0", "anna, pid 4711, since 12:00"));

        HostException error = Assert.Throws<HostException>(() => here.Run(() => HostLink.Create("telelaunch0", "another")));

        Assert.Equal("vpn-session-exists", error.Code);
        Assert.Contains("anna, pid 4711, since 12:00", error.Message, StringComparison.Ordinal);
        Assert.Equal("anna, pid 4711, since 12:00", here.Run(() => HostLink.FindAlias("telelaunch0")));
        Assert.Null(here.Run(() => HostLink.FindAlias("telelaunch1")));
    }

    [Fact]
    public void LinkOfAnotherKind_IsNamed()
    {
        using var here = new NetworkNamespace();
        here.Check("ip", "link", "add", "telelaunch0", "type", "veth", "peer", "name", "other");

        HostException error = Assert.Throws<HostException>(() => here.Run(() => HostLink.Create("telelaunch0", "a test")));

        Assert.Equal("vpn-session-exists", error.Code);
        Assert.Contains("ip link delete telelaunch0", error.Remedy, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("default")]
    [InlineData("lo")]
    public void SwitchedOffIpv6_IsTold(string where)
    {
        using var here = new NetworkNamespace();
        here.Check("sysctl", "-qw", $"net.ipv6.conf.{where}.disable_ipv6=1");

        Assert.False(here.Run(() =>
        {
            using HostLink link = HostLink.Create("telelaunch0", "a test");
            return link.SetUp();
        }));
    }

    [Fact]
    public void KilledProcess_LeavesNothing()
    {
        using var here = new NetworkNamespace();
        string before = here.Snapshot();
        (Process process, string? line) = HoldingProgram.Start(here);
        Assert.Equal("ready", line);
        string during = here.Snapshot();
        Assert.Contains("telelaunch0", during, StringComparison.Ordinal);
        Assert.Contains("table inet telelaunch", during, StringComparison.Ordinal);
        HostException error = Assert.Throws<HostException>(() => here.Run(() => HostLink.Create("telelaunch0", "another")));
        Assert.Contains(HoldingProgram.Alias, error.Message, StringComparison.Ordinal);

        process.Kill();
        process.WaitForExit();

        Assert.Equal(137, process.ExitCode);
        Assert.Equal(before, here.Snapshot());
        here.Run(() => HostLink.Create("telelaunch0", "the next").Dispose());
    }

    [Fact]
    public void MissingNode_IsMadeForAMoment()
    {
        using var here = new NetworkNamespace();
        (Process process, string? line) = HoldingProgram.Start(here, "unshare", "-m", "sh", "-c", "mount -t tmpfs none /dev/net && exec \"$@\"", "sh");

        Assert.Equal("ready", line);
        Assert.Empty(Directory.EnumerateFiles("/dev", ".telelaunch-tun-*"));
        process.StandardInput.Close();
        Assert.Equal(0, NetworkNamespace.Finish(process).ExitCode);
    }

    [Fact]
    public void MissingNode_ThatCantBeMade_IsTold()
    {
        using var here = new NetworkNamespace();
        (_, string? line) = HoldingProgram.Start(here, "unshare", "-m", "sh", "-c", "mount -t tmpfs none /dev/net && exec setpriv --bounding-set -mknod \"$@\"", "sh");

        Assert.StartsWith("tun-missing: /dev/net/tun can't be opened: ENOENT.", line, StringComparison.Ordinal);
        Assert.Contains("docker run --device /dev/net/tun", line, StringComparison.Ordinal);
    }

    [Fact]
    public void MissingRight_IsTold()
    {
        using var here = new NetworkNamespace();
        (_, string? line) = HoldingProgram.Start(here, "setpriv", "--bounding-set", "-net_admin");

        Assert.StartsWith("net-admin-missing: The link telelaunch0 can't be made: the kernel asks for CAP_NET_ADMIN.", line, StringComparison.Ordinal);
    }

    [Fact]
    public void ChooseAddress_AvoidsWhatIsRouted()
    {
        static IPAddress Choose(params string[] taken) => HostLink.ChooseAddress(AddressFamily.InterNetwork, taken.Select(AddressRange.Parse));

        Assert.Equal(IPAddress.Parse("198.19.84.1"), Choose());
        Assert.Equal(IPAddress.Parse("198.19.84.1"), Choose("0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1", "10.0.0.0/8"));
        Assert.Equal(IPAddress.Parse("198.19.84.3"), Choose("198.19.84.1", "198.19.84.2/32"));
        Assert.Equal(IPAddress.Parse("100.127.84.1"), Choose("198.18.0.0/15"));
        Assert.Equal("no-free-address", Assert.Throws<HostException>(() => Choose("198.18.0.0/15", "100.64.0.0/10", "203.0.113.0/24")).Code);
    }

    [Fact]
    public void ChooseAddress_IsUniqueLocalForIpv6()
    {
        AddressRange half = AddressRange.Parse("fd00::/9");
        IPAddress chosen = HostLink.ChooseAddress(AddressFamily.InterNetworkV6, [half]);

        Assert.True(AddressRange.Parse("fd80::/9").Contains(chosen));
        Assert.NotEqual(chosen, HostLink.ChooseAddress(AddressFamily.InterNetworkV6, [half]));
        Assert.Throws<HostException>(() => HostLink.ChooseAddress(AddressFamily.InterNetworkV6, [AddressRange.Parse("fc00::/7")]));
    }
}
