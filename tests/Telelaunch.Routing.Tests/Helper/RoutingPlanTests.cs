using Telelaunch.Routing.Helper;

namespace Telelaunch.Routing.Tests.Helper;

public sealed class RoutingPlanTests
{
    private static readonly RoutingPlan s_plan = new()
    {
        Method = RoutingMethod.VpnTcp,
        Owner = "ada, context kind-dev",
        Ranges = ["10.96.0.0/12", "fd00:10:96::/112"],
        SearchDomains = ["default.svc.cluster.local"],
        RoutingDomains = ["cluster.local", "svc", "96.10.in-addr.arpa"],
    };

    [Fact]
    public void Plan_ArrivesAsItWasSent()
    {
        RoutingPlan read = RoutingPlan.Parse(s_plan.ToJson());
        Assert.Equal(s_plan.Method, read.Method);
        Assert.Equal(s_plan.Owner, read.Owner);
        Assert.Equal(s_plan.Ranges, read.Ranges);
        Assert.Equal(s_plan.SearchDomains, read.SearchDomains);
        Assert.Equal(s_plan.RoutingDomains, read.RoutingDomains);
    }

    [Fact]
    public void PlanOfANode_HasAGateway() => Assert.Equal("192.168.49.2", RoutingPlan.Parse((s_plan with { Method = RoutingMethod.Route, Gateway = "192.168.49.2" }).ToJson()).Gateway);

    public static TheoryData<string, RoutingPlan> Refused => new()
    {
        { "version", s_plan with { Version = 2 } },
        { "no owner", s_plan with { Owner = "" } },
        { "an owner of several lines", s_plan with { Owner = "ada\nnameserver 6.6.6.6" } },
        { "an endless owner", s_plan with { Owner = new string('a', 201) } },
        { "everything", s_plan with { Ranges = ["0.0.0.0/0"] } },
        { "half of everything", s_plan with { Ranges = ["128.0.0.0/1"] } },
        { "all of IPv6", s_plan with { Ranges = ["::/0"] } },
        { "loopback", s_plan with { Ranges = ["127.0.0.0/8"] } },
        { "a link's own", s_plan with { Ranges = ["169.254.0.0/16"] } },
        { "multicast", s_plan with { Ranges = ["ff00::/8"] } },
        { "no range", s_plan with { Ranges = ["10.96.0.0/33"] } },
        { "an option in a domain", s_plan with { SearchDomains = ["a\noptions ndots:15"] } },
        { "a domain of blanks", s_plan with { RoutingDomains = ["a b"] } },
        { "a path as a domain", s_plan with { RoutingDomains = ["/etc/shadow"] } },
        { "a gateway for a tunnel", s_plan with { Gateway = "192.168.49.2" } },
        { "a node without a gateway", s_plan with { Method = RoutingMethod.Route } },
        { "a name as a gateway", s_plan with { Method = RoutingMethod.Route, Gateway = "node-1; reboot" } },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void PlanBeyondTheGrammar_IsRefused(string why, RoutingPlan plan)
    {
        Assert.NotEmpty(why);
        Assert.Throws<FormatException>(() => RoutingPlan.Parse(plan.ToJson()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("""{"method":"vpn-tcp"}""")]
    [InlineData("""{"version":1,"method":"exec","owner":"a","ranges":[],"searchDomains":[],"routingDomains":[]}""")]
    [InlineData("""{"version":1,"method":"vpn-tcp","owner":"a","ranges":[],"searchDomains":[],"routingDomains":[],"command":"reboot"}""")]
    public void TextThatIsNoPlan_IsRefused(string json) => Assert.Throws<FormatException>(() => RoutingPlan.Parse(json));
}
