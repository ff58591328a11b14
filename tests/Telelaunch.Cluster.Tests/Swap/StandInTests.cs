using System.Text.Json.Nodes;

namespace Telelaunch.Cluster.Tests;

public class StandInTests
{
    private readonly JsonObject _workload = TestAgentApi.Data("workloads/everything").AsObject();

    private JsonObject Template => _workload["spec"]!["template"]!["spec"]!.AsObject();

    [Fact]
    public void LabelsAndAnnotations_AreTheTemplates_ButForThoseThatBringCallers()
    {
        var metadata = Pod()["metadata"]!;

        Assert.Equal(
            """{"app.kubernetes.io/name":"shop","app.kubernetes.io/managed-by":"Helm","telelaunch.dev/session":"s1","telelaunch.dev/owner":"jane_at_desk"}""",
            metadata["labels"]!.ToJsonString());
        Assert.Equal("true", (string?)metadata["annotations"]!["prometheus.io/scrape"]);
        Assert.Equal("true", (string?)metadata["annotations"]!["sidecar.istio.io/inject"]);
        Assert.Equal("jane@desk", (string?)metadata["annotations"]!["telelaunch.dev/owner"]);
        Assert.Equal("60", (string?)metadata["annotations"]!["telelaunch.dev/start-timeout-seconds"]);
        Assert.Equal(("telelaunch-s1", "play"), ((string?)metadata["name"], (string?)metadata["namespace"]));
    }

    [Fact]
    public void LabelsThatBringCallers_AreTheSelectorsAndTheServices()
    {
        var standIn = new StandIn(new(WorkloadKind.Deployment, _workload), "main", node: null) { ServiceLabels = ["app.kubernetes.io/name"] };

        Assert.Equal([KeyValuePair.Create("app", "shop"), KeyValuePair.Create("app.kubernetes.io/name", "shop")], standIn.TrafficLabels.OrderBy(label => label.Key, StringComparer.Ordinal));
        Assert.Equal(
            """{"app.kubernetes.io/managed-by":"Helm","telelaunch.dev/session":"s1","telelaunch.dev/owner":"jane_at_desk"}""",
            AgentPodManifest.PodJson(TestAgentApi.Options with { StandIn = standIn })["metadata"]!["labels"]!.ToJsonString());
    }

    [Fact]
    public void PodThatTakesNoTraffic_HasNoneOfTheLabelsThatServicesSelectBy()
    {
        Assert.Equal("""{"telelaunch.dev/session":"s1","telelaunch.dev/owner":"jane_at_desk"}""", Pod(takesTraffic: false)["metadata"]!["labels"]!.ToJsonString());
        Assert.Equal("true", (string?)Pod(takesTraffic: false)["metadata"]!["annotations"]!["prometheus.io/scrape"]);
    }

    [Fact]
    public void FieldsOfTheTemplate_AreKept_AlsoThoseThatThisVersionDoesntKnow()
    {
        var spec = Pod()["spec"]!.AsObject();
        string[] changed = ["containers", "initContainers", "volumes", "restartPolicy", "securityContext", "affinity", "topologySpreadConstraints", "schedulingGates"];

        Assert.All(Template.Where(field => !changed.Contains(field.Key)), field => AssertSame(field.Value, spec[field.Key]));
        Assert.Equal(Template.Select(field => field.Key).Except(["topologySpreadConstraints", "schedulingGates"]).Order(), spec.Select(field => field.Key).Order());
        Assert.Equal("Never", (string?)spec["restartPolicy"]);
    }

    [Fact]
    public void WhatKeepsTheWorkloadsPodsApart_IsLeftOut()
    {
        var spec = Pod()["spec"]!;

        Assert.Null(spec["topologySpreadConstraints"]);
        Assert.Null(spec["schedulingGates"]);
        Assert.Null(spec["affinity"]!["podAntiAffinity"]);
        AssertSame(Template["affinity"]!["podAffinity"], spec["affinity"]!["podAffinity"]);
        AssertSame(Template["affinity"]!["nodeAffinity"], spec["affinity"]!["nodeAffinity"]);
        Assert.DoesNotContain("hostPort", spec.ToJsonString(), StringComparison.Ordinal);
        Assert.DoesNotContain("hostIP", spec.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public void OtherContainers_AreKeptInTheirOrder_ButForThePortsOfTheNode()
    {
        var spec = Pod()["spec"]!;
        var expected = Template.DeepClone();
        foreach (var port in (JsonNode[])[expected["initContainers"]![0]!["ports"]![0]!, expected["containers"]![0]!["ports"]![0]!])
        {
            port.AsObject().Remove("hostPort");
            port.AsObject().Remove("hostIP");
        }

        AssertSame(expected["initContainers"], spec["initContainers"]);
        AssertSame(expected["containers"]![0], spec["containers"]![0]);
        Assert.Equal(["logs", "main"], spec["containers"]!.AsArray().Select(container => (string)container!["name"]!));
    }

    [Fact]
    public void SwappedContainer_IsTheAgentWithTheEnvironmentAndThePortsOfTheOther()
    {
        var container = Container(Pod());

        Assert.Equal(
            ["env", "envFrom", "image", "name", "ports", "readinessProbe", "resources", "securityContext", "terminationMessagePolicy", "volumeMounts"],
            container.Select(field => field.Key).Order(StringComparer.Ordinal));
        Assert.Equal(AgentPodOptions.DefaultImage, (string?)container["image"]);
        Assert.Equal("""["/usr/bin/telelaunch-agent","ready"]""", container["readinessProbe"]!["exec"]!["command"]!.ToJsonString());
        Assert.Equal("""{"limits":{"cpu":"1","memory":"256Mi"},"requests":{"cpu":"25m","memory":"64Mi"}}""", container["resources"]!.ToJsonString());
        AssertSame(Swapped["envFrom"], container["envFrom"]);
        var environment = container["env"]!.AsArray();
        Assert.Equal(Swapped["env"]!.AsArray().Select(variable => variable!.ToJsonString()), environment.Take(5).Select(variable => variable!.ToJsonString()));
        Assert.All(environment.Skip(5), variable => Assert.StartsWith("TELELAUNCH_", (string?)variable!["name"], StringComparison.Ordinal));
        Assert.Equal(
            """[{"name":"http","containerPort":80,"protocol":"TCP"},{"name":"grpc","containerPort":5000,"protocol":"TCP"},{"name":"dns","containerPort":53,"protocol":"UDP"},{"name":"alias","containerPort":80}]""",
            container["ports"]!.ToJsonString());
    }

    [Fact]
    public void Mounts_AreMovedToWhereTheyHideNothingOfTheAgents()
    {
        var mounts = Container(Pod())["volumeMounts"]!.AsArray();

        Assert.Equal(
            [
                "telelaunch-session /etc/telelaunch/session", "telelaunch-tmp /tmp", "config /telelaunch/volumes/etc/shop", "config /telelaunch/volumes/etc/shop.conf", "data /telelaunch/volumes/data",
                "data /telelaunch/volumes/home/$(POD_NAME)", "tmp /telelaunch/volumes/tmp", "session /telelaunch/volumes/telelaunch/session", "token /var/run/secrets/kubernetes.io/serviceaccount",
                "pod /telelaunch/volumes/etc/pod",
            ],
            mounts.Select(mount => $"{mount!["name"]} {mount["mountPath"]}"));
        Assert.Equal("shop.conf", (string?)mounts[3]!["subPath"]);
        Assert.Null(mounts[4]!["mountPropagation"]);
        Assert.Equal("$(POD_NAME)", (string?)mounts[5]!["subPathExpr"]);
        Assert.Equal("HostToContainer", (string?)mounts[9]!["mountPropagation"]);
        Assert.True((bool)mounts[2]!["readOnly"]!);
    }

    [Fact]
    public void Volumes_AreAllKept_AndTheAgentsStandBesideThem()
    {
        var volumes = Pod()["spec"]!["volumes"]!.AsArray();

        Assert.Equal(Template["volumes"]!.AsArray().Select(volume => volume!.ToJsonString()), volumes.Take(8).Select(volume => volume!.ToJsonString()));
        Assert.Equal(["telelaunch-session", "telelaunch-tmp"], volumes.Skip(8).Select(volume => (string)volume!["name"]!));
        Assert.Equal(volumes.Count, volumes.Select(volume => (string)volume!["name"]!).Distinct().Count());
    }

    [Fact]
    public void Agent_IsNeverRoot_AndKeepsThePodsGroups()
    {
        var pod = Pod();
        var security = Container(pod)["securityContext"]!;

        Assert.Equal("""{"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]},"readOnlyRootFilesystem":true,"runAsNonRoot":true,"seccompProfile":{"type":"RuntimeDefault"},"runAsUser":65532}""", security.ToJsonString());
        Assert.Equal("0", pod["spec"]!["securityContext"]!["runAsUser"]!.ToJsonString());
        Assert.Equal("2000", pod["spec"]!["securityContext"]!["fsGroup"]!.ToJsonString());
        Assert.Equal("""[{"name":"net.ipv4.tcp_syncookies","value":"1"},{"name":"net.ipv4.ip_unprivileged_port_start","value":"0"}]""", pod["spec"]!["securityContext"]!["sysctls"]!.ToJsonString());
    }

    [Theory]
    [InlineData(null, null, null)]
    [InlineData(null, 1000L, 1000L)]
    [InlineData(1000L, null, null)]
    [InlineData(1000L, 2000L, 2000L)]
    [InlineData(0L, 2000L, 2000L)]
    [InlineData(0L, null, 65532L)]
    [InlineData(0L, 0L, 65532L)]
    [InlineData(1000L, 0L, null)]
    [InlineData(1000700000L, null, null)]
    public void User_IsTheContainersOrElseThePods(long? pod, long? container, long? agent)
    {
        Template["securityContext"] = new JsonObject();
        if (pod is not null) Template["securityContext"]!["runAsUser"] = pod;
        Swapped["securityContext"] = container is null ? null : new JsonObject { ["runAsUser"] = container };

        Assert.Equal(agent?.ToString(), Container(Pod())["securityContext"]!["runAsUser"]?.ToJsonString());
    }

    [Fact]
    public void Group_IsTheContainers()
    {
        Swapped["securityContext"] = JsonNode.Parse("""{"runAsUser":5,"runAsGroup":6}""");

        var security = Container(Pod())["securityContext"]!;

        Assert.Equal("5 6", $"{security["runAsUser"]} {security["runAsGroup"]}");
    }

    [Fact]
    public void RestrictedWorkload_IsStoodInForByARestrictedPod()
    {
        Template["securityContext"] = JsonNode.Parse("""{"runAsNonRoot":true,"runAsUser":1000,"seccompProfile":{"type":"RuntimeDefault"}}""");
        Swapped["securityContext"] = JsonNode.Parse("""{"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"],"add":["NET_BIND_SERVICE"]}}""");

        Assert.Empty(RestrictedPod.Violations(Pod()["spec"]!));
    }

    [Fact]
    public void PrivilegedWorkload_DoesntMakeTheAgentPrivileged()
    {
        Assert.NotEmpty(RestrictedPod.Violations(Template));
        Assert.DoesNotContain(RestrictedPod.Violations(Pod()["spec"]!), violation => violation.EndsWith("of main", StringComparison.Ordinal));
    }

    [Fact]
    public void BareTemplate_NeedsNothingOfAllThat()
    {
        _workload["spec"]!["template"] = JsonNode.Parse("""{"metadata":{},"spec":{"containers":[{"name":"main","image":"example/x:1"}]}}""");

        var pod = Pod();

        Assert.Equal("""{"telelaunch.dev/session":"s1","telelaunch.dev/owner":"jane_at_desk"}""", pod["metadata"]!["labels"]!.ToJsonString());
        Assert.Equal(["containers", "restartPolicy", "securityContext", "volumes"], pod["spec"]!.AsObject().Select(field => field.Key).Order());
        Assert.Empty(RestrictedPod.Violations(pod["spec"]!));
        Assert.Null(Container(pod)["ports"]);
        Assert.Null(Container(pod)["envFrom"]);
        Assert.All(Container(pod)["env"]!.AsArray(), variable => Assert.StartsWith("TELELAUNCH_", (string?)variable!["name"], StringComparison.Ordinal));
    }

    [Fact]
    public void TemplateWithoutMetadata_IsNoObstacle()
    {
        _workload["spec"]!["template"]!.AsObject().Remove("metadata");

        Assert.Equal("s1", (string?)Pod()["metadata"]!["labels"]!["telelaunch.dev/session"]);
    }

    [Fact]
    public void LimitsOfTheWholePod_AreNotExceededByTheAgents()
    {
        Template["resources"] = JsonNode.Parse("""{"limits":{"cpu":"100m","memory":"64Mi"}}""");

        Assert.Null(Container(Pod())["resources"]);
    }

    [Fact]
    public void ServiceAccountOption_TakesTheTemplatesPlace()
    {
        var spec = Pod(options: TestAgentApi.Options with { ServiceAccount = "robot", ImagePullSecret = "agents" })["spec"]!;

        Assert.Equal("robot", (string?)spec["serviceAccountName"]);
        Assert.Null(spec["serviceAccount"]);
        Assert.Equal("""[{"name":"registry"},{"name":"agents"}]""", spec["imagePullSecrets"]!.ToJsonString());
    }

    [Fact]
    public void PinnedPod_RunsOnThatNodeAndNoOther()
    {
        var affinity = Pod(node: "node-7")["spec"]!["affinity"]!;

        Assert.Equal(
            """{"nodeSelectorTerms":[{"matchFields":[{"key":"metadata.name","operator":"In","values":["node-7"]}]}]}""",
            affinity["nodeAffinity"]!["requiredDuringSchedulingIgnoredDuringExecution"]!.ToJsonString());
        Assert.NotNull(affinity["nodeAffinity"]!["preferredDuringSchedulingIgnoredDuringExecution"]);
        Assert.Null(Pod()["spec"]!["affinity"]!["nodeAffinity"]!["requiredDuringSchedulingIgnoredDuringExecution"]);
        Template.Remove("affinity");
        Assert.Contains("node-7", Pod(node: "node-7")["spec"]!["affinity"]!.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public void StatefulSet_KeepsIdentityAndVolumesOfItsFirstPod()
    {
        MakeStatefulSet();

        var pod = Pod(WorkloadKind.StatefulSet);

        Assert.Equal("shop-0", (string?)pod["spec"]!["hostname"]);
        Assert.Equal("shops", (string?)pod["spec"]!["subdomain"]);
        Assert.Equal("shop-0", StandIn(WorkloadKind.StatefulSet, node: null, takesTraffic: true).TrafficLabels["statefulset.kubernetes.io/pod-name"]);
        Assert.Equal("0", (string?)pod["metadata"]!["labels"]!["apps.kubernetes.io/pod-index"]);
        Assert.Null(pod["metadata"]!["labels"]!["app"]);
        var volumes = pod["spec"]!["volumes"]!.AsArray().ToDictionary(volume => (string)volume!["name"]!);
        Assert.Equal("""{"claimName":"data-shop-0"}""", volumes["data"]!["persistentVolumeClaim"]!.ToJsonString());
        Assert.Equal("""{"claimName":"wal-shop-0"}""", volumes["wal"]!["persistentVolumeClaim"]!.ToJsonString());
        Assert.Contains(Container(pod)["env"]!.AsArray(), variable => variable!.ToJsonString() == """{"name":"POD_NAME","value":"shop-0"}""");
        Assert.Contains(Container(pod)["env"]!.AsArray(), variable => (string?)variable!["valueFrom"]?["fieldRef"]?["fieldPath"] == "status.podIP");
    }

    [Fact]
    public void StatefulSetWithAFirstOrdinal_BeginsThere()
    {
        MakeStatefulSet();
        _workload["spec"]!["ordinals"] = new JsonObject { ["start"] = 5 };

        var pod = Pod(WorkloadKind.StatefulSet);

        Assert.Equal("shop-5", (string?)pod["spec"]!["hostname"]);
        Assert.Equal("5", (string?)pod["metadata"]!["labels"]!["apps.kubernetes.io/pod-index"]);
        Assert.Contains("wal-shop-5", pod["spec"]!["volumes"]!.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public void StatefulSetWithoutAService_HasTheTemplatesSubdomain()
    {
        MakeStatefulSet();
        _workload["spec"]!.AsObject().Remove("serviceName");
        Template.Remove("subdomain");

        Assert.Null(Pod(WorkloadKind.StatefulSet)["spec"]!["subdomain"]);
    }

    [Fact]
    public void StatefulSetsPodThatTakesNoTraffic_IsInNoService() =>
        Assert.Empty(StandIn(WorkloadKind.StatefulSet, node: null, takesTraffic: false).TrafficLabels);

    [Fact]
    public void RecordedStatefulSet_IsStoodInFor()
    {
        var options = TestAgentApi.Options with { StandIn = new(new(WorkloadKind.StatefulSet, TestAgentApi.Data("workloads/statefulset").AsObject()), "db", node: null) };

        var pod = AgentPodManifest.PodJson(options);

        Assert.Equal(("db-0", "db", "db"), ((string?)pod["spec"]!["hostname"], (string?)pod["spec"]!["subdomain"], options.StandIn.TrafficLabels["app"]));
        Assert.Equal(5432, (int)pod["spec"]!["containers"]![0]!["ports"]![0]!["containerPort"]!);
    }

    [Theory]
    [InlineData(WorkloadKind.Deployment)]
    [InlineData(WorkloadKind.ReplicaSet)]
    [InlineData(WorkloadKind.StatefulSet)]
    public async Task Lease_IsThePodsController_SoThatNoSetWhoseSelectorMatchesAdoptsIt(WorkloadKind kind)
    {
        await using var cluster = await TestCluster.StartAsync();
        using var connection = cluster.Connect();
        var lease = await TestLease.CreateAsync(cluster.Server, connection);

        var owner = Assert.Single(Pod(kind, options: TestAgentApi.Options with { Lease = lease })["metadata"]!["ownerReferences"]!.AsArray());

        Assert.Equal("""{"apiVersion":"coordination.k8s.io/v1","controller":true,"kind":"Lease","name":"telelaunch-s1","uid":"lease-uid"}""", owner!.ToJsonString());
    }

    [Fact]
    public void Template_StaysAsItIs()
    {
        var before = _workload.ToJsonString();
        MakeStatefulSet();
        var statefulSet = _workload.ToJsonString();

        _ = Pod(WorkloadKind.StatefulSet, node: "n");

        Assert.Equal(statefulSet, _workload.ToJsonString());
        Assert.NotEqual(before, statefulSet);
    }

    [Fact]
    public void Description_ShowsThePodAndNoKey()
    {
        var description = AgentPod.Describe(TestAgentApi.Options with { StandIn = StandIn(WorkloadKind.Deployment, node: null, takesTraffic: true) });

        Assert.Contains("\"aFieldOfALaterVersion\":{\"kept\":true}", description, StringComparison.Ordinal);
        Assert.Equal(2, JsonNode.Parse(description)!["items"]!.AsArray().Count);
    }

    private JsonObject Swapped => Template["containers"]![1]!.AsObject();

    private JsonObject Pod(WorkloadKind kind = WorkloadKind.Deployment, string? node = null, bool takesTraffic = true, AgentPodOptions? options = null) =>
        AgentPodManifest.PodJson((options ?? TestAgentApi.Options) with { StandIn = StandIn(kind, node, takesTraffic) });

    private StandIn StandIn(WorkloadKind kind, string? node, bool takesTraffic) => new(new(kind, _workload), "main", node, takesTraffic);

    private static JsonObject Container(JsonObject pod) => pod["spec"]!["containers"]!.AsArray().Single(container => (string?)container!["name"] == "main")!.AsObject();

    private void MakeStatefulSet()
    {
        _workload["spec"]!["serviceName"] = "shops";
        _workload["spec"]!["volumeClaimTemplates"] = JsonNode.Parse("""[{"metadata":{"name":"data"},"spec":{"accessModes":["ReadWriteOnce"]}},{"metadata":{"name":"wal"},"spec":{"accessModes":["ReadWriteOnce"]}}]""");
    }

    private static void AssertSame(JsonNode? expected, JsonNode? actual) => Assert.Equal(expected?.ToJsonString(), actual?.ToJsonString());
}
