using System.Net;
using Telelaunch.Playground.Node.Network;

namespace Telelaunch.Playground.Tests.Node;

public sealed class ServiceRulesTests
{
    [Fact]
    public void OnlyReadyEndpointsOfThePortsNameAndProtocol_AreUsed()
    {
        var service = RunningPlayground.Json("""{"metadata": {"name": "s", "namespace": "n"}, "spec": {"clusterIP": "10.96.1.2", "ports": [{"name": "a", "port": 80, "protocol": "TCP"}, {"name": "b", "port": 80, "protocol": "UDP"}]}}""");
        var headless = RunningPlayground.Json("""{"metadata": {"name": "h", "namespace": "n"}, "spec": {"clusterIP": "None", "ports": [{"port": 80}]}}""");
        var slice = RunningPlayground.Json("""
            {"metadata": {"namespace": "n", "labels": {"kubernetes.io/service-name": "s"}}, "ports": [{"name": "a", "port": 8080, "protocol": "TCP"}],
             "endpoints": [{"addresses": ["10.244.0.2"], "conditions": {"ready": true}}, {"addresses": ["10.244.0.3"], "conditions": {"ready": false}}]}
            """);
        var ports = ServiceRules.Of([service, headless], [slice]);

        Assert.Equal(2, ports.Count);
        Assert.Equal([new IPEndPoint(IPAddress.Parse("10.244.0.2"), 8080)], ports[0].Endpoints);
        Assert.Empty(ports[1].Endpoints);
        var rules = ServiceRules.Render(ports);
        Assert.Contains("ip daddr 10.96.1.2 tcp dport 80 dnat to 10.244.0.2:8080", rules);
        Assert.Contains("{ 10.96.1.2 . udp . 80 } reject with icmp port-unreachable", rules);
    }
}
