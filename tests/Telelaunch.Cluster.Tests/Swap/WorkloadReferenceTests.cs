namespace Telelaunch.Cluster.Tests;

public class WorkloadReferenceTests
{
    [Theory]
    [InlineData("web", WorkloadKind.Deployment, "web", null)]
    [InlineData("web:main", WorkloadKind.Deployment, "web", "main")]
    [InlineData("a.b-c.d", WorkloadKind.Deployment, "a.b-c.d", null)]
    [InlineData("0", WorkloadKind.Deployment, "0", null)]
    [InlineData("deployment/web", WorkloadKind.Deployment, "web", null)]
    [InlineData("deployment/web:main", WorkloadKind.Deployment, "web", "main")]
    [InlineData("deployment/web/container/main", WorkloadKind.Deployment, "web", "main")]
    [InlineData("deployment/web/containers/main", WorkloadKind.Deployment, "web", "main")]
    [InlineData("deployment/web/c/main", WorkloadKind.Deployment, "web", "main")]
    [InlineData("statefulset/db/container/main", WorkloadKind.StatefulSet, "db", "main")]
    [InlineData("replicaset/old", WorkloadKind.ReplicaSet, "old", null)]
    [InlineData("deployment/deployment", WorkloadKind.Deployment, "deployment", null)]
    public void EverySpelling_IsRead(string text, WorkloadKind kind, string name, string? container) =>
        Assert.Equal(new WorkloadReference(kind, name, container), WorkloadReference.TryParse(text));

    [Theory]
    [InlineData(WorkloadKind.Deployment, "deployment", "deployments", "deploy", "Deployment", "deployment.apps", "deployments.apps", "deployment.v1.apps", "deployments.v1.apps")]
    [InlineData(WorkloadKind.StatefulSet, "statefulset", "statefulsets", "sts", "StatefulSet", "STS", "statefulset.apps", "statefulsets.apps", "statefulset.v1.apps", "statefulsets.v1.apps")]
    [InlineData(WorkloadKind.ReplicaSet, "replicaset", "replicasets", "rs", "ReplicaSet", "replicaset.apps", "replicasets.apps", "replicaset.v1.apps", "replicasets.v1.apps")]
    public void EverySpellingOfAKindThatKubectlTakes_IsRead(WorkloadKind kind, params string[] spellings) =>
        Assert.All(spellings, spelling => Assert.Equal(kind, WorkloadReference.TryParse(spelling + "/x")?.Kind));

    [Theory]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("/web")]
    [InlineData("deployment/")]
    [InlineData("web:")]
    [InlineData(":main")]
    [InlineData("web:a:b")]
    [InlineData("deployment/web:")]
    [InlineData("deployment/web:a:b")]
    [InlineData("deployment/web:a/container/b")]
    [InlineData("deployment/web/container")]
    [InlineData("deployment/web/container/")]
    [InlineData("deployment/web/pod/a")]
    [InlineData("deployment/web/container/a/b")]
    [InlineData("pod/web")]
    [InlineData("daemonset/web")]
    [InlineData("rollout/web")]
    [InlineData("Web")]
    [InlineData("web_1")]
    [InlineData("-web")]
    [InlineData("web-")]
    [InlineData("web.")]
    [InlineData("a..b")]
    [InlineData("web:Main")]
    [InlineData("web:a.b")]
    [InlineData(" web")]
    [InlineData("web ")]
    [InlineData("web\n")]
    [InlineData("web:main\n")]
    [InlineData("web/../secrets/x")]
    [InlineData("wéb")]
    public void AnythingElse_IsNone(string text) => Assert.Null(WorkloadReference.TryParse(text));

    [Fact]
    public void Lengths_AreThoseOfTheApi()
    {
        var label = new string('a', 63);
        Assert.NotNull(WorkloadReference.TryParse($"web:{label}"));
        Assert.Null(WorkloadReference.TryParse($"web:{label}a"));
        Assert.NotNull(WorkloadReference.TryParse(new string('a', 253)));
        Assert.Null(WorkloadReference.TryParse(new string('a', 254)));
    }

    [Fact]
    public void Text_IsReadBack() => Assert.Equal(new WorkloadReference(WorkloadKind.StatefulSet, "db", null), WorkloadReference.TryParse(new WorkloadReference(WorkloadKind.StatefulSet, "db", "main").ToString()));
}
