using Telelaunch.Net;

namespace Telelaunch.Broker.Tests;

public class HostRoutesTests
{
    private const string Routes4 =
        "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
        + "eth0\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
        + "eth0\t0001A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
        + "docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n"
        + "tun0\t00000000\t0100080A\t0003\t0\t0\t0\t00000080\t0\t0\t0\n"
        + "tun0\t00000080\t0100080A\t0003\t0\t0\t0\t00000080\t0\t0\t0\n"
        + "tun0\t0000600A\t0100080A\t0003\t0\t0\t0\t0000F0FF\t0\t0\t0\n"
        + "eth0\t0000FEA9\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n"
        + "*\t0000400A\t00000000\t0201\t0\t0\t0\t0000C0FF\t0\t0\t0\n"
        + "eth1\t0000010A\t00000000\t0000\t0\t0\t0\t0000FFFF\t0\t0\t0\n";

    private const string Routes6 =
        "00000000000000000000000000000000 00 00000000000000000000000000000000 00 fe800000000000000000000000000001 00000400 00000001 00000000 00000003     eth0\n"
        + "fd001234000000000000000000000000 30 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001     wg0\n"
        + "fd001234000000000000000000000005 80 00000000000000000000000000000000 00 00000000000000000000000000000000 00000000 00000002 00000000 80200001     wg0\n"
        + "fe800000000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0\n"
        + "00000000000000000000000000000001 80 00000000000000000000000000000000 00 00000000000000000000000000000000 00000000 00000002 00000000 80200001       lo\n";

    [Fact]
    public void IPv4_LeavesOutDefaultRoutes_Halves_LinkLocal_Rejected_AndDown()
    {
        Assert.Equal(
            [Named("eth0", "192.168.1.0/24"), Named("docker0", "172.17.0.0/16"), Named("tun0", "10.96.0.0/12")],
            HostRoutes.Parse4(Routes4));
    }

    [Fact]
    public void IPv6_LeavesOutDefaultRoute_OwnAddresses_LinkLocal_AndLoopback() =>
        Assert.Equal([Named("wg0", "fd00:1234::/48")], HostRoutes.Parse6(Routes6));

    [Fact]
    public void ThisMachine_CanBeRead() => Assert.DoesNotContain(HostRoutes.Read(), route => route.Range.PrefixLength == 0);

    [Fact]
    public async Task OverlappingRange_IsNamedAndDropped_AndLearntAddressesAreFollowed()
    {
        NamedRange vpn = Named("tun0", "10.0.0.0/8");
        var resolver = new ScriptedResolver();
        resolver.Add("hello", "hello.default.svc.cluster.local", "10.96.0.1");
        await using TestSession session = await TestSession.StartAsync(options => options with { HostRoutes = [vpn] }, resolver);
        Assert.Equal(new RangeOverlap(AddressRange.Parse("10.96.0.0/12"), vpn), Assert.Single(session.Broker.Overlaps));
        await using (ShimProgram lookup = session.Start("python3", Path.Combine(AppContext.BaseDirectory, "Programs", "lookup.py"), "hello"))
            await lookup.FinishAsync();

        await using ShimProgram program = session.Start(ShimProgram.Connector, "blocking", "10.96.0.1", "80");

        Assert.Equal("10.96.0.1", (await session.Dialer.NextAsync()).Destination.Address.ToString());
    }

    private static NamedRange Named(string device, string range) => new(device, AddressRange.Parse(range));
}
