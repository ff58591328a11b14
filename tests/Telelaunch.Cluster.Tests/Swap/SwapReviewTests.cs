using System.Text.Json.Nodes;

namespace Telelaunch.Cluster.Tests;

public class SwapReviewTests
{
    private readonly JsonObject _deployment = TestAgentApi.Data("workloads/deployment").AsObject();
    private readonly JsonObject _statefulSet = TestAgentApi.Data("workloads/statefulset").AsObject();

    [Fact]
    public void RecordedDeploymentAtRest_IsNothingToSay() => Assert.Empty(Review());

    [Fact]
    public void RecordedStatefulSetAtRest_HasManyReplicas()
    {
        var finding = Assert.Single(Review(WorkloadKind.StatefulSet, _statefulSet));

        Assert.Equal(("statefulset-of-many", false), (finding.Code, finding.Refuses));
        Assert.Contains("db-0", finding.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public void RecordedRollout_IsRefusedWhilePodsOfTwoTemplatesRun()
    {
        var states = TestAgentApi.Data("workloads/deployment-rollout").AsArray().Where(line => (string?)line!["type"] == "MODIFIED").Select(line => line!["object"]!).ToList();
        var found = states.Select(state =>
        {
            // The specifications are trimmed in all but the first.
            var json = states[0].DeepClone().AsObject();
            json["metadata"] = state["metadata"]!.DeepClone();
            json["status"] = state["status"]!.DeepClone();
            return Review(WorkloadKind.Deployment, json).Any(finding => finding is { Code: "rollout-progressing", Refuses: true });
        }).ToList();

        // From the moment that the template is another until no Pod of the old one is left.
        Assert.True(found[0]);
        Assert.False(found[^1]);
        Assert.Equal(found.LastIndexOf(true) + 1, found.Count(isRefused => isRefused));
    }

    [Fact]
    public void RecordedScaling_IsNoRollout()
    {
        var states = TestAgentApi.Data("workloads/deployment-scale").AsArray().Select(line => line!["object"]!).ToList();

        Assert.All(states.Where(state => (long?)state["status"]!["observedGeneration"] == (long?)state["metadata"]!["generation"]), state =>
        {
            var json = states[0].DeepClone().AsObject();
            json["metadata"] = state["metadata"]!.DeepClone();
            json["status"] = state["status"]!.DeepClone();
            Assert.DoesNotContain(Review(WorkloadKind.Deployment, json), finding => finding.Refuses);
        });
    }

    [Theory]
    [InlineData("""{"metadata":{"deletionTimestamp":"2026-11-23T00:00:00Z"}}""", "workload-terminating", true)]
    [InlineData("""{"spec":{"replicas":0}}""", "workload-without-replicas", false)]
    [InlineData("""{"spec":{"paused":true}}""", "rollout-paused", false)]
    [InlineData("""{"spec":{"paused":true},"status":{"updatedReplicas":1}}""", "rollout-paused", true)]
    [InlineData("""{"status":{"updatedReplicas":1}}""", "rollout-progressing", true)]
    [InlineData("""{"status":{"updatedReplicas":null}}""", "rollout-progressing", true)]
    [InlineData("""{"metadata":{"generation":4}}""", "rollout-progressing", true)]
    [InlineData("""{"status":null}""", "rollout-progressing", true)]
    [InlineData("""{"metadata":{"annotations":{"meta.helm.sh/release-name":"shop"}}}""", "helm-release", false)]
    [InlineData("""{"metadata":{"labels":{"argocd.argoproj.io/instance":"shop"}}}""", "argocd-application", false)]
    [InlineData("""{"metadata":{"annotations":{"argocd.argoproj.io/tracking-id":"shop:apps/Deployment:default/hello"}}}""", "argocd-application", false)]
    [InlineData("""{"metadata":{"labels":{"kustomize.toolkit.fluxcd.io/name":"apps"}}}""", "flux-kustomization", false)]
    [InlineData("""{"metadata":{"labels":{"helm.toolkit.fluxcd.io/name":"apps"}}}""", "flux-kustomization", false)]
    [InlineData("""{"metadata":{"ownerReferences":[{"kind":"Shop","name":"s","controller":true}]}}""", "workload-owned", false)]
    [InlineData("""{"spec":{"template":{"spec":{"hostNetwork":true}}}}""", "workload-on-host-network", true)]
    [InlineData("""{"spec":{"template":{"spec":{"os":{"name":"windows"}}}}}""", "workload-on-windows", true)]
    [InlineData("""{"spec":{"template":{"spec":{"nodeSelector":{"kubernetes.io/os":"windows"}}}}}""", "workload-on-windows", true)]
    public void StateOfADeployment_IsFound(string change, string code, bool refuses) => AssertFound(WorkloadKind.Deployment, _deployment, change, code, refuses);

    [Theory]
    [InlineData("""{"metadata":{"ownerReferences":[{"kind":"Shop","name":"s"}]}}""")]
    [InlineData("""{"metadata":{"ownerReferences":[{"kind":"Shop","name":"s","controller":false}]}}""")]
    [InlineData("""{"metadata":{"labels":{"app.kubernetes.io/managed-by":"kustomize"}}}""")]
    [InlineData("""{"spec":{"template":{"spec":{"hostNetwork":false,"os":{"name":"linux"},"nodeSelector":{"kubernetes.io/os":"linux"}}}}}""")]
    [InlineData("""{"spec":{"paused":false}}""")]
    public void WhatOnlyLooksLikeIt_IsNothingToSay(string change)
    {
        Change(_deployment, change);

        Assert.Empty(Review());
    }

    [Theory]
    [InlineData("""{"spec":{"persistentVolumeClaimRetentionPolicy":{"whenScaled":"Delete"}}}""", "swap-would-delete-volumes", true)]
    [InlineData("""{"status":{"updateRevision":"db-2","updatedReplicas":1}}""", "rollout-progressing", true)]
    [InlineData("""{"spec":{"updateStrategy":{"rollingUpdate":null}},"status":{"updateRevision":"db-2","updatedReplicas":1}}""", "rollout-progressing", true)]
    [InlineData("""{"spec":{"updateStrategy":{"type":"OnDelete","rollingUpdate":null}},"status":{"updateRevision":"db-2","updatedReplicas":1}}""", "rollout-progressing", true)]
    [InlineData("""{"metadata":{"generation":2}}""", "rollout-progressing", true)]
    [InlineData("""{"spec":{"replicas":0}}""", "workload-without-replicas", false)]
    [InlineData("""{"metadata":{"ownerReferences":[{"kind":"Postgres","name":"p","controller":true}]}}""", "workload-owned", false)]
    public void StateOfAStatefulSet_IsFound(string change, string code, bool refuses) => AssertFound(WorkloadKind.StatefulSet, _statefulSet, change, code, refuses);

    [Theory]
    [InlineData("""{"spec":{"updateStrategy":{"rollingUpdate":{"partition":1}}},"status":{"updateRevision":"db-2","updatedReplicas":1,"currentReplicas":1}}""")]
    [InlineData("""{"spec":{"updateStrategy":{"type":"OnDelete","rollingUpdate":null}},"status":{"updateRevision":"db-2","currentReplicas":null}}""")]
    public void PodsOfTwoRevisionsThatComeBackAsTheyWere_AreNoObstacle(string change)
    {
        Change(_statefulSet, change);

        Assert.DoesNotContain(Review(WorkloadKind.StatefulSet, _statefulSet), finding => finding.Refuses);
    }

    [Fact]
    public void StatefulSetOfOne_IsNothingToSay()
    {
        Change(_statefulSet, """{"spec":{"replicas":1},"status":{"replicas":1,"readyReplicas":1,"currentReplicas":1,"updatedReplicas":1}}""");

        Assert.Empty(Review(WorkloadKind.StatefulSet, _statefulSet));
    }

    [Fact]
    public void FirstOrdinalOfAStatefulSet_IsNamed()
    {
        Change(_statefulSet, """{"spec":{"ordinals":{"start":3}}}""");

        Assert.Contains("db-3", Assert.Single(Review(WorkloadKind.StatefulSet, _statefulSet)).Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public void ReplicaSetOfADeployment_IsRefusedAndTheDeploymentNamed()
    {
        Change(_deployment, """{"metadata":{"ownerReferences":[{"kind":"Deployment","name":"web","controller":true}]}}""");

        var finding = Assert.Single(Review(WorkloadKind.ReplicaSet, _deployment));

        Assert.Equal(("workload-owned", true), (finding.Code, finding.Refuses));
        Assert.Contains("--swap deployment/web", finding.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public void ReplicaSetOfItsOwn_IsNothingToSay() => Assert.Empty(Review(WorkloadKind.ReplicaSet, _deployment));

    [Fact]
    public void SeveralFindings_AreAllSaid()
    {
        Change(_deployment, """{"metadata":{"annotations":{"meta.helm.sh/release-name":"shop"},"labels":{"kustomize.toolkit.fluxcd.io/name":"apps"}},"spec":{"replicas":0,"paused":true}}""");

        Assert.Equal(["flux-kustomization", "helm-release", "rollout-paused", "workload-without-replicas"], Review().Select(finding => finding.Code).Order());
    }

    private static void AssertFound(WorkloadKind kind, JsonObject workload, string change, string code, bool refuses)
    {
        Change(workload, change);

        var finding = Assert.Single(Review(kind, workload), finding => finding.Code == code);

        Assert.Equal(refuses, finding.Refuses);
        Assert.EndsWith(".", finding.Cause, StringComparison.Ordinal);
        Assert.NotEmpty(finding.Remedy);
        Assert.Equal($"{finding.Cause} {finding.Remedy}", finding.ToString());
    }

    private List<SwapFinding> Review() => Review(WorkloadKind.Deployment, _deployment);

    private static List<SwapFinding> Review(WorkloadKind kind, JsonObject workload) => [.. SwapReview.Of(new(kind, workload))];

    private static void Change(JsonObject workload, string change) => TestWorkload.Merge(workload, JsonNode.Parse(change)!.AsObject());
}
