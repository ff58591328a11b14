using System.Net;
using System.Text.Json.Nodes;
using Telelaunch.Net;

namespace Telelaunch.Cluster.Tests;

public class ClusterRangesTests
{
    private const string Forbidden = """{"kind":"Status","message":"forbidden: User \"dev\" cannot list","reason":"Forbidden","code":403}""";

    [Fact]
    public async Task Administrator_ReadsServiceCidrsAndNodes()
    {
        await using var cluster = await TestCluster.StartAsync();
        cluster.Server.On("GET /apis/networking.k8s.io/v1/servicecidrs", 200, TestAgentApi.Data("refusals/servicecidrs")["body"]!.ToJsonString());
        cluster.Server.On("GET /api/v1/nodes", 200, """{"kind":"NodeList","apiVersion":"v1","metadata":{},"items":[{"metadata":{"name":"a"},"spec":{"podCIDRs":["10.244.0.0/24","fd00:1::/64"]}},{"metadata":{"name":"b"},"spec":{"podCIDRs":["10.244.1.0/24"]}}]}""");
        cluster.Server.On("GET /api/v1/pods", 200, Pods(("10.244.0.9", false), ("10.7.0.3", false), ("192.0.2.2", true)));
        using var connection = cluster.Connect();

        var ranges = await ClusterRanges.FindAsync(connection, "play", CancellationToken.None);

        Assert.Equal(["10.96.0.0/16"], ranges.Services.Select(found => found.Range.ToString()));
        Assert.All(ranges.Services, found => Assert.True(found.IsExact));
        Assert.Equal(["10.244.0.0/23", "fd00:1::/64", "10.7.0.3/32"], ranges.Pods.Select(found => found.Range.ToString()));
        Assert.DoesNotContain(cluster.Server.Seen, request => request.Method != "GET");
    }

    [Fact]
    public async Task NamespacedUser_LearnsTheServiceRangeFromADryRun()
    {
        await using var cluster = await TestCluster.StartAsync();
        Forbid(cluster);
        var refusal = TestAgentApi.Data("refusals/service-dry-run-422");
        cluster.Server.On("POST /api/v1/namespaces/play/services", 422, refusal["body"]!.ToJsonString());
        cluster.Server.On("GET /api/v1/namespaces/play/pods", 200, Pods(("10.244.0.9", false), ("10.244.0.200", false)));
        using var connection = cluster.Connect();

        var ranges = await ClusterRanges.FindAsync(connection, "play", CancellationToken.None);

        Assert.Equal("10.96.0.0/16", Assert.Single(ranges.Services).Range.ToString());
        Assert.Equal(new FoundRange(AddressRange.Parse("10.244.0.0/24"), "addresses of the Pods seen", false), Assert.Single(ranges.Pods));
        Assert.Equal("?dryRun=All", cluster.Server.Seen.Single(request => request.Method == "POST").Query);
    }

    [Fact]
    public async Task NoDryRun_CoversTheServicesSeen()
    {
        await using var cluster = await TestCluster.StartAsync();
        Forbid(cluster);
        cluster.Server.On("POST /api/v1/namespaces/play/services", 403, Forbidden);
        cluster.Server.On("GET /api/v1/namespaces/play/services", 200, """{"kind":"ServiceList","apiVersion":"v1","metadata":{},"items":[{"metadata":{"name":"a"},"spec":{"clusterIP":"10.96.3.1","clusterIPs":["10.96.3.1"]}},{"metadata":{"name":"b"},"spec":{"clusterIP":"10.96.1.7"}},{"metadata":{"name":"h"},"spec":{"clusterIP":"None"}},{"metadata":{"name":"e"},"spec":{"type":"ExternalName"}}]}""");
        cluster.Server.On("GET /api/v1/namespaces/play/pods", 403, Forbidden);
        using var connection = cluster.Connect();

        var ranges = await ClusterRanges.FindAsync(connection, "play", CancellationToken.None);

        Assert.Equal(new FoundRange(AddressRange.Parse("10.96.0.0/22"), "ClusterIPs of the Services seen", false), Assert.Single(ranges.Services));
        Assert.Empty(ranges.Pods);
    }

    [Fact]
    public async Task UserWithoutAnyRight_GetsEmptyRangesNotAnError()
    {
        await using var cluster = await TestCluster.StartAsync();
        cluster.Server.Gate = async context =>
        {
            await TestApiServer.WriteAsync(context, 403, Forbidden);
            return true;
        };
        using var connection = cluster.Connect();

        var ranges = await ClusterRanges.FindAsync(connection, "play", CancellationToken.None);
        var names = await ClusterNames.ReadAsync(connection, "play", CancellationToken.None);

        Assert.Empty(ranges.Services);
        Assert.Empty(ranges.Pods);
        Assert.Equal(new ClusterNames(null, null), names);
    }

    [Fact]
    public async Task ServerThatFails_IsAnErrorNotAnEmptyAnswer()
    {
        await using var cluster = await TestCluster.StartAsync();
        cluster.Server.Gate = async context =>
        {
            await TestApiServer.WriteAsync(context, 500, "etcdserver: no leader", "text/plain");
            return true;
        };
        using var connection = cluster.Connect();

        var error = await Assert.ThrowsAsync<ClusterException>(() => ClusterRanges.FindAsync(connection, "play", CancellationToken.None));

        Assert.Equal("api-error", error.Code);
        Assert.Contains("no leader", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Names_AreNamespacesAndHeadlessServices()
    {
        await using var cluster = await TestCluster.StartAsync();
        cluster.Server.On("GET /api/v1/namespaces", 200, """{"kind":"NamespaceList","apiVersion":"v1","metadata":{},"items":[{"metadata":{"name":"shop"}},{"metadata":{"name":"default"}}]}""");
        cluster.Server.On("GET /api/v1/namespaces/play/services", 200, """{"kind":"ServiceList","apiVersion":"v1","metadata":{},"items":[{"metadata":{"name":"db"},"spec":{"clusterIP":"None"}},{"metadata":{"name":"hello"},"spec":{"clusterIP":"10.96.0.9"}}]}""");
        using var connection = cluster.Connect();

        var names = await ClusterNames.ReadAsync(connection, "play", CancellationToken.None);

        Assert.Equal(["default", "shop"], names.Namespaces!);
        Assert.Equal(["db"], names.HeadlessServices!);
    }

    [Theory]
    [InlineData("10.0.0.0/24,10.0.1.0/24", "10.0.0.0/23")]
    [InlineData("10.0.1.0/24,10.0.2.0/24", "10.0.1.0/24,10.0.2.0/24")]
    [InlineData("10.0.0.0/16,10.0.7.0/24", "10.0.0.0/16")]
    [InlineData("10.0.0.0/25,10.0.0.128/25,10.0.1.0/24,10.0.2.0/23", "10.0.0.0/22")]
    public void Merge_KeepsTheSameAddresses(string ranges, string merged) =>
        Assert.Equal(merged.Split(','), CoveringRanges.Merge(ranges.Split(',').Select(AddressRange.Parse)).Select(range => range.ToString()));

    [Theory]
    [InlineData("10.244.0.1,10.244.255.1", "10.244.0.0/16")]
    [InlineData("10.1.0.1,10.2.0.1", "10.1.0.1/32,10.2.0.1/32")]
    [InlineData("fd00::1,fd00::2", "fd00::/126")]
    public void Covering_NeverGrowsBeyondItsNeighbourhood(string addresses, string ranges) =>
        Assert.Equal(ranges.Split(','), CoveringRanges.Of(addresses.Split(',').Select(IPAddress.Parse)).Select(range => range.ToString()));

    private static void Forbid(TestCluster cluster)
    {
        foreach (var path in new[] { "/apis/networking.k8s.io/v1/servicecidrs", "/api/v1/nodes", "/api/v1/pods", "/api/v1/services" })
            cluster.Server.On("GET " + path, 403, Forbidden);
    }

    private static string Pods(params (string Address, bool IsHostNetwork)[] pods) => new JsonObject
    {
        ["kind"] = "PodList",
        ["apiVersion"] = "v1",
        ["metadata"] = new JsonObject(),
        ["items"] = new JsonArray([.. pods.Select(pod => new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = "p" },
            ["spec"] = new JsonObject { ["containers"] = new JsonArray(), ["hostNetwork"] = pod.IsHostNetwork },
            ["status"] = new JsonObject { ["podIPs"] = new JsonArray(new JsonObject { ["ip"] = pod.Address }) },
        })]),
    }.ToJsonString();
}
