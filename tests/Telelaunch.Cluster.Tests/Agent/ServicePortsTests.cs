using k8s.Models;

namespace Telelaunch.Cluster.Tests;

public class ServicePortsTests
{
    [Fact]
    public async Task ServicesThatSelectThePod_AreFoundByTheirTargetPorts()
    {
        await using var cluster = await TestCluster.StartAsync();
        cluster.Server.On("GET /api/v1/namespaces/play/services", 200, """
            {"kind":"ServiceList","apiVersion":"v1","metadata":{},"items":[
              {"metadata":{"name":"web"},"spec":{"selector":{"app":"web"},"ports":[
                {"port":80,"targetPort":"http","protocol":"TCP"},{"port":81,"targetPort":8081,"protocol":"TCP"},{"port":53,"targetPort":53,"protocol":"UDP"},{"port":99,"targetPort":"nowhere"}]}},
              {"metadata":{"name":"same"},"spec":{"selector":{"app":"web","tier":"front"},"ports":[{"port":8080}]}},
              {"metadata":{"name":"other"},"spec":{"selector":{"app":"web","tier":"back"},"ports":[{"port":8080}]}},
              {"metadata":{"name":"without-selector"},"spec":{"ports":[{"port":8080}]}}]}
            """);
        using var connection = cluster.Connect();

        var services = await ServicePorts.FindAsync(connection, Pod(connection), CancellationToken.None);

        Assert.Equal(["web:80", "same:8080"], services[8080]);
        Assert.Equal(["web:81"], services[8081]);
        Assert.Empty(services[53]);
    }

    [Fact]
    public async Task WhoMayNotListServices_GetsNone()
    {
        await using var cluster = await TestCluster.StartAsync();
        cluster.Server.On("GET /api/v1/namespaces/play/services", 403, """{"kind":"Status","message":"services is forbidden"}""");
        using var connection = cluster.Connect();

        Assert.Empty(await ServicePorts.FindAsync(connection, Pod(connection), CancellationToken.None));
    }

    private static AgentPod Pod(ClusterConnection connection) => new(
        connection,
        new V1Pod
        {
            Metadata = new() { Name = "telelaunch-1", NamespaceProperty = "play", Uid = "u", Labels = new Dictionary<string, string> { ["app"] = "web", ["tier"] = "front" } },
            Spec = new() { Containers = [new() { Name = "main", Ports = [new() { Name = "http", ContainerPort = 8080 }, new() { ContainerPort = 8081 }] }] },
        },
        "main");
}
