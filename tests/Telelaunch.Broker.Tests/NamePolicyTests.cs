using Telelaunch.Net;

namespace Telelaunch.Broker.Tests;

public class NamePolicyTests
{
    private static readonly NamePolicy Policy = new(TestSession.Pod, new ClusterNames(["default", "dev"], ["web"], ["db.example.com", "*.corp.example"]));

    [Theory]
    [InlineData("hello", NameDecision.ClusterFirst)]
    [InlineData("Hello", NameDecision.ClusterFirst)]
    [InlineData("hello.default", NameDecision.ClusterFirst)]
    [InlineData("hello.default.svc", NameDecision.ClusterFirst)]
    [InlineData("web-0.web", NameDecision.ClusterFirst)]
    [InlineData("example.dev", NameDecision.ClusterFirst)]
    [InlineData("hello.default.svc.cluster.local", NameDecision.Cluster)]
    [InlineData("hello.default.svc.cluster.local.", NameDecision.Cluster)]
    [InlineData("db.example.com", NameDecision.Cluster)]
    [InlineData("x.corp.example", NameDecision.Cluster)]
    [InlineData("corp.example", NameDecision.Cluster)]
    [InlineData("www.db.example.com", NameDecision.Host)]
    [InlineData("notcorp.example", NameDecision.Host)]
    [InlineData("example.com", NameDecision.Host)]
    [InlineData("hello.", NameDecision.Host)]
    [InlineData("hello.default.", NameDecision.Host)]
    [InlineData("localhost", NameDecision.Host)]
    [InlineData("app.localhost", NameDecision.Host)]
    [InlineData("wpad", NameDecision.Host)]
    [InlineData("printer.local", NameDecision.Host)]
    [InlineData("10.96.0.1", NameDecision.Host)]
    [InlineData("fd00::1", NameDecision.Host)]
    [InlineData("", NameDecision.Host)]
    public void Decide(string name, NameDecision expected) => Assert.Equal(expected, Policy.Decide(name));

    [Fact]
    public void UnknownNamespaces_EveryDottedNameIsAsked()
    {
        var policy = new NamePolicy(TestSession.Pod, ClusterNames.Unknown);
        Assert.True(policy.AskDotted);
        Assert.Equal(NameDecision.ClusterFirst, policy.Decide("example.com"));
        Assert.Equal(NameDecision.Host, policy.Decide("example.com."));
        Assert.Equal(NameDecision.Host, policy.Decide("printer.local"));
    }

    [Fact]
    public void ClusterDomain_ComesFromThePodsSearchList()
    {
        PodDescription pod = TestSession.Pod with { SearchDomains = ["shop.svc.k8s.corp", "svc.k8s.corp", "k8s.corp"] };
        var policy = new NamePolicy(pod, new ClusterNames([], [], []));
        Assert.Equal("k8s.corp", policy.ClusterDomain);
        Assert.Equal(NameDecision.Cluster, policy.Decide("hello.shop.svc.k8s.corp"));
        Assert.Equal(NameDecision.Host, policy.Decide("hello.shop.svc.cluster.local"));
    }

    [Fact]
    public void SearchDomainsOfAHostileAgent_NeitherFillTheTableNorForgeEntries()
    {
        string[] many = [.. Enumerable.Range(0, 255).Select(i => $"d{i}." + string.Join('.', Enumerable.Repeat(new string('x', 60), 4)))];
        var policy = new NamePolicy(TestSession.Pod with { SearchDomains = ["a\0Xexample.com", "a b", ".", .. many] }, new ClusterNames([], [], []));
        Assert.Equal(many[..32], policy.SearchDomains);
        Assert.True(policy.Encode().Length <= 49152);
    }

    [Fact]
    public void MoreNamespacesThanTheTableHolds_FallBackToAsking()
    {
        string[] many = [.. Enumerable.Range(0, 3000).Select(i => $"a-namespace-with-a-long-name-{i}")];
        var policy = new NamePolicy(TestSession.Pod, new ClusterNames(many, [], []));
        Assert.True(policy.AskDotted);
        Assert.True(policy.Encode().Length <= 49152);
    }
}
