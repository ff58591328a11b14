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
    public async Task PausedDeployment_ScalesButDoesNotRoll()
    {
        const string Path = "/apis/apps/v1/namespaces/default/deployments/paused";
        Create(ResourceKinds.Deployments, "paused", "\"replicas\": 1");
        await AvailableAsync("paused", 1);
        await PatchAsync("""{"spec": {"paused": true, "template": {"metadata": {"labels": {"app": "paused", "new": "yes"}}}}}""");
        await test.AwaitAsync(ResourceKinds.Deployments, "default", "paused", d => d!.Condition("Progressing")?["reason"].Text() == "DeploymentPaused");
        foreach (var replicas in (long[])[0, 3])
        {
            await PatchAsync($$$"""{"spec": {"replicas": {{{replicas}}}}}""");
            var scaled = await test.AwaitAsync(ResourceKinds.Deployments, "default", "paused", d =>
                d.At("status", "observedGeneration").Number() == d.At("metadata", "generation").Number() && d.At("status", "availableReplicas").Number() == replicas && d.At("status", "replicas").Number() == replicas);
            Assert.Equal(0, scaled.At("status", "updatedReplicas").Number());
            Assert.Equal("Unknown", scaled.Condition("Progressing")!["status"].Text());
            Assert.Single(test.Store.List(ResourceKinds.ReplicaSets, "default"), s => s.Label("app") == "paused");
        }

        await PatchAsync("""{"spec": {"paused": null}}""");
        await AvailableAsync("paused", 3);
        Assert.All(test.Store.List(ResourceKinds.Pods, "default").Where(p => p.Label("app") == "paused" && !p.IsTerminating), p => Assert.Equal("yes", p.Label("new")));

        Task PatchAsync(string patch) => test.SendAsync("PATCH", Path, patch, "application/merge-patch+json");
    }

    [Fact]
    public async Task SwapOfADeployment_LeavesItAsItWas()
    {
        const string Path = "/apis/apps/v1/namespaces/default/deployments/swapped";
        Create(ResourceKinds.Deployments, "swapped", "\"replicas\": 2");
        await AvailableAsync("swapped", 2);
        var before = test.Store.Get(ResourceKinds.Deployments, "default", "swapped")!;
        var version = (await test.SendAsync("GET", Path)).Body.At("metadata", "resourceVersion").Text();
        var claimed = await PatchAsync(version, "\"me\"", 2);
        Assert.Equal(System.Net.HttpStatusCode.OK, claimed.Status);
        Assert.Equal(System.Net.HttpStatusCode.Conflict, (await PatchAsync(version, "\"somebody else\"", 0)).Status);
        await PatchAsync(claimed.Body.At("metadata", "resourceVersion").Text(), "\"me\"", 0);
        await test.AwaitAsync(ResourceKinds.Deployments, "default", "swapped", d => d.At("status", "replicas").Number() == 0 && d!.Condition("Available")?["status"].Text() == "True");
        await PatchAsync(null, "null", 2);
        await AvailableAsync("swapped", 2);
        var after = test.Store.Get(ResourceKinds.Deployments, "default", "swapped")!;
        Assert.True(System.Text.Json.Nodes.JsonNode.DeepEquals(before["spec"], after["spec"]));
        Assert.True(System.Text.Json.Nodes.JsonNode.DeepEquals(before.At("metadata", "annotations"), after.At("metadata", "annotations")));

        // The map of a bare object that loses its last annotation goes with it.
        await test.SendAsync("POST", "/api/v1/namespaces/default/configmaps", """{"metadata": {"name": "bare", "labels": {}, "annotations": {"a": "1"}}}""");
        var bare = await test.SendAsync("PATCH", "/api/v1/namespaces/default/configmaps/bare", """{"metadata": {"annotations": {"a": null}}}""", "application/merge-patch+json");
        Assert.False(((System.Text.Json.Nodes.JsonObject)bare.Body.At("metadata")!).ContainsKey("annotations"));
        Assert.False(((System.Text.Json.Nodes.JsonObject)bare.Body.At("metadata")!).ContainsKey("labels"));

        Task<(System.Net.HttpStatusCode Status, System.Text.Json.Nodes.JsonNode? Body)> PatchAsync(string? resourceVersion, string claim, int replicas) => test.SendAsync(
            "PATCH", Path, $$$"""{"metadata": {"resourceVersion": {{{(resourceVersion is null ? "null" : $"\"{resourceVersion}\"")}}}, "annotations": {"telelaunch.dev/swap": {{{claim}}}}}, "spec": {"replicas": {{{replicas}}}}}""", "application/merge-patch+json");
    }

    [Fact]
    public async Task LabelsPutOnABarePod_BringItBehindAService_AndItsHostNameIntoTheSlice()
    {
        test.Server.Writer.Create(ResourceKinds.Services, "default", Json("""{"metadata": {"name": "bare"}, "spec": {"clusterIP": "None", "selector": {"app": "bare"}, "ports": [{"port": 80}]}}"""), WriteContext.ForController());
        test.Server.Writer.Create(ResourceKinds.Pods, "default", Json("""{"metadata": {"name": "bare"}, "spec": {"hostname": "db-0", "subdomain": "bare", "containers": [{"name": "main", "image": "x:1"}]}}"""), WriteContext.ForController());
        await test.AwaitAsync(ResourceKinds.Pods, "default", "bare", p => p!.Condition("Ready") is not null);
        Assert.DoesNotContain(test.Store.List(ResourceKinds.EndpointSlices, "default"), s => s.Label("kubernetes.io/service-name") == "bare" && s["endpoints"].Items().Any());

        var version = test.Store.Version;
        await test.SendAsync("PATCH", "/api/v1/namespaces/default/pods/bare", """{"metadata": {"labels": {"app": "bare"}}}""", "application/merge-patch+json");
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        await foreach (var change in test.Store.WatchFromAsync(version, patience.Token))
        {
            if (change.Kind != ResourceKinds.EndpointSlices || change.Object.Label("kubernetes.io/service-name") != "bare" || change.Object["endpoints"].Items().SingleOrDefault() is not { } endpoint)
                continue;
            Assert.Equal("db-0", endpoint["hostname"].Text());
            return;
        }
    }

    [Fact]
    public async Task Claim_IsBound_AndOutlivesItsPods()
    {
        Create(ResourceKinds.StatefulSets, "kept", "\"replicas\": 1, \"serviceName\": \"kept\", \"volumeClaimTemplates\": [{\"metadata\": {\"name\": \"data\"}, \"spec\": {\"accessModes\": [\"ReadWriteOnce\"], \"resources\": {\"requests\": {\"storage\": \"1Gi\"}}}}]");
        var bound = await test.AwaitAsync(ResourceKinds.PersistentVolumeClaims, "default", "data-kept-0", c => c.At("status", "phase").Text() == "Bound");
        Assert.Equal("1Gi", bound.At("status", "capacity", "storage").Text());
        await test.AwaitAsync(ResourceKinds.StatefulSets, "default", "kept", s => s.At("status", "readyReplicas").Number() == 1);
        await test.SendAsync("PATCH", "/apis/apps/v1/namespaces/default/statefulsets/kept/scale", """{"spec": {"replicas": 0}}""", "application/merge-patch+json");
        await test.AwaitAsync(ResourceKinds.Pods, "default", "kept-0", p => p is null);
        Assert.Equal(bound.Uid, test.Store.Get(ResourceKinds.PersistentVolumeClaims, "default", "data-kept-0")!.Uid);
    }

    [Fact]
    public async Task WhatBelongsToALease_GoesWithIt()
    {
        await test.SendAsync("POST", "/apis/coordination.k8s.io/v1/namespaces/default/leases", """{"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "session"}, "spec": {}}""");
        var uid = test.Store.Get(ResourceKinds.Leases, "default", "session")!.Uid;
        var owner = $$"""[{"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "name": "session", "uid": "{{uid}}"}]""";
        test.Server.Writer.Create(ResourceKinds.Pods, "default", Json($$$"""{"metadata": {"name": "leased", "ownerReferences": {{{owner}}}}, "spec": {"containers": [{"name": "main", "image": "x:1"}]}}"""), WriteContext.ForController());
        test.Server.Writer.Create(ResourceKinds.Roles, "default", Json($$$"""{"metadata": {"name": "leased", "ownerReferences": {{{owner}}}}, "rules": []}"""), WriteContext.ForController());

        await test.SendAsync("DELETE", "/apis/coordination.k8s.io/v1/namespaces/default/leases/session");

        await test.AwaitAsync(ResourceKinds.Pods, "default", "leased", p => p is null);
        await test.AwaitAsync(ResourceKinds.Roles, "default", "leased", r => r is null);
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
