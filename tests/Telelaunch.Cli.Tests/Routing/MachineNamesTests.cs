using Telelaunch.Cli.Routing;
using Telelaunch.Net;

namespace Telelaunch.Cli.Tests.Routing;

public sealed class MachineNamesTests
{
    [Theory]
    [InlineData("10.0.0.0/8", "10.in-addr.arpa")]
    [InlineData("10.244.3.0/24", "3.244.10.in-addr.arpa")]
    [InlineData("10.96.0.10", "10.0.96.10.in-addr.arpa")]
    [InlineData("10.96.0.0/14", "96.10.in-addr.arpa 97.10.in-addr.arpa 98.10.in-addr.arpa 99.10.in-addr.arpa")]
    [InlineData("fd00:10:96::/48", "6.9.0.0.0.1.0.0.0.0.d.f.ip6.arpa")]
    [InlineData("fd00:10:96::/47", "6.9.0.0.0.1.0.0.0.0.d.f.ip6.arpa 7.9.0.0.0.1.0.0.0.0.d.f.ip6.arpa")]
    public void ReverseZones_CoverTheRangeExactly(string range, string zones) =>
        Assert.Equal(zones, string.Join(' ', MachineNames.ReverseZones(AddressRange.Parse(range))));

    [Fact]
    public void RoutingDomains_HaveTheClusterDomainOfThePod_AndEachNamespaceOnce()
    {
        var domains = MachineNames.RoutingDomains(
            ["shop.svc.corp.test", "svc.corp.test", "corp.test"], new(["shop", "Default"], ["db"]), "shop", ["*.internal.example", "api.example"], [AddressRange.Parse("10.96.0.0/16")]);
        Assert.Equal(["corp.test", "svc", "shop", "default", "db", "internal.example", "api.example", "96.10.in-addr.arpa"], domains);
    }

    [Fact]
    public void RoutingDomains_WithoutTheRightToListNamespaces_HaveTheOwnOne() =>
        Assert.Equal(["cluster.local", "svc", "shop"], MachineNames.RoutingDomains(MachineNames.SearchDomainsOf("shop"), new(null, null), "shop", [], []));
}
