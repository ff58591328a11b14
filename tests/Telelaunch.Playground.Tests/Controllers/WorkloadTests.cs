using Telelaunch.Playground.Api;
using Telelaunch.Playground.Store;
using static Telelaunch.Playground.Tests.TestServer;

namespace Telelaunch.Playground.Tests.Controllers;

public sealed class WorkloadTests(TestServer test) : IClassFixture<TestServer>
{
    private const string Template = """
        "selector": {"matchLabels": {"app": "NAME"}}, "template": {"metadata": {"labels": {"app": "NAME"}}, "spec": {"containers": [{"name": "main", "image": "x:1"}]}}
        """;

    [Fact]
    public async Task Deployment_HealsAndRollsAndGoesWithItsPods()
    {
        Create(ResourceKinds.Deployments, "shop", "\"replicas\": 2");
        await AvailableAsync("shop", 2);
        var first = Pods("shop");
        test.Store.Delete(ResourceKinds.Pods, "default", first[0]);
        await test.AwaitAsync(ResourceKinds.Pods, "default", first[0], p => p is null);
        await AvailableAsync("shop", 2);
        Assert.Contains(first[1], Pods("shop"));

        await test.SendAsync("PATCH", "/apis/apps/v1/namespaces/default/deployments/shop", """{"spec": {"template": {"spec": {"containers": [{"name": "main", "image": "x:2"}]}}}}""", "application/strategic-merge-patch+json");
        await test.AwaitAsync(ResourceKinds.Deployments, "default", "shop", d => d!.Annotation("deployment.kubernetes.io/revision") == "2" && Complete(d, 2));
        Assert.All(test.Store.List(ResourceKinds.Pods, "default").Where(p => p.Label("app") == "shop" && !p.IsTerminating), p => Assert.Equal("x:2", p.At("spec", "containers").Items().Single()["image"].Text()));

        var last = Pods("shop")[0];
        await test.SendAsync("DELETE", "/apis/apps/v1/namespaces/default/deployments/shop?propagationPolicy=Foreground");
        await test.AwaitAsync(ResourceKinds.Deployments, "default", "shop", d => d is null);
        Assert.Null(test.Store.Get(ResourceKinds.Pods, "default", last));
    }

    [Fact]
    public async Task Service_FollowsItsPods()
    {
        Create(ResourceKinds.Deployments, "web", "\"replicas\": 1");
        test.Server.Writer.Create(ResourceKinds.Services, "default", Json("""{"metadata": {"name": "web"}, "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]}}"""), WriteContext.ForController());
        await AvailableAsync("web", 1);

        await test.AwaitAsync(ResourceKinds.Endpoints, "default", "web", e => e.At("subsets").Items().Any());
        var slice = test.Store.List(ResourceKinds.EndpointSlices, "default").Single(s => s.Label("kubernetes.io/service-name") == "web");
        Assert.Equal("web", slice.At("metadata", "ownerReferences").Items().Single()["name"].Text());
        await test.SendAsync("PATCH", "/apis/apps/v1/namespaces/default/deployments/web/scale", """{"spec": {"replicas": 0}}""", "application/merge-patch+json");
        await test.AwaitAsync(ResourceKinds.EndpointSlices, "default", slice.Name, s => s!.ContainsKey("endpoints") && s["endpoints"] is null);
    }

    [Fact]
    public async Task StatefulSet_NamesItsPodsByOrdinal()
    {
        Create(ResourceKinds.StatefulSets, "db", "\"replicas\": 2, \"serviceName\": \"db\"");

        await test.AwaitAsync(ResourceKinds.StatefulSets, "default", "db", s => s.At("status", "readyReplicas").Number() == 2);

        Assert.Equal(["db-0", "db-1"], Pods("db"));
        Assert.Equal("db-1", test.Store.Get(ResourceKinds.Pods, "default", "db-1").At("spec", "hostname").Text());
    }

    [Fact]
    public async Task Namespace_TakesEverythingWithIt()
    {
        test.Server.Writer.Create(ResourceKinds.Namespaces, "", Json("""{"metadata": {"name": "short"}}"""), WriteContext.ForController());
        await test.AwaitAsync(ResourceKinds.ConfigMaps, "short", "kube-root-ca.crt", c => c?.Namespace == "short");

        await test.SendAsync("DELETE", "/api/v1/namespaces/short");

        await test.AwaitAsync(ResourceKinds.Namespaces, "", "short", n => n is null);
        Assert.Empty(test.Store.List(ResourceKinds.ConfigMaps, "short"));
    }

    private void Create(ResourceKind kind, string name, string more) => test.Server.Writer.Create(kind, "default",
        Json("{\"metadata\": {\"name\": \"NAME\"}, \"spec\": {MORE, TEMPLATE}}".Replace("MORE", more).Replace("TEMPLATE", Template.Trim()).Replace("NAME", name)), WriteContext.ForController());

    private async Task AvailableAsync(string name, long replicas) => await test.AwaitAsync(ResourceKinds.Deployments, "default", name, d => Complete(d, replicas));

    private static bool Complete(System.Text.Json.Nodes.JsonObject? deployment, long replicas) =>
        deployment.At("status", "observedGeneration").Number() == deployment.At("metadata", "generation").Number() && deployment.At("status", "replicas").Number() == replicas
        && deployment.At("status", "updatedReplicas").Number() == replicas && deployment.At("status", "availableReplicas").Number() == replicas;

    private string[] Pods(string app) => [.. test.Store.List(ResourceKinds.Pods, "default").Where(p => p.Label("app") == app && !p.IsTerminating).Select(p => p.Name)];
}
