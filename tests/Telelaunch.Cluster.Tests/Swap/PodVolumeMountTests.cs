using System.Text.Json.Nodes;
using k8s;
using k8s.Models;

namespace Telelaunch.Cluster.Tests;

public class PodVolumeMountTests
{
    [Theory]
    [InlineData("""{"configMap":{"name":"c"}}""", true, true)]
    [InlineData("""{"secret":{"secretName":"s"}}""", true, true)]
    [InlineData("""{"projected":{"sources":[]}}""", true, true)]
    [InlineData("""{"downwardAPI":{"items":[]}}""", true, true)]
    [InlineData("""{"emptyDir":{}}""", false, false)]
    [InlineData("""{"persistentVolumeClaim":{"claimName":"p"}}""", false, false)]
    [InlineData("""{"persistentVolumeClaim":{"claimName":"p","readOnly":true}}""", false, true)]
    [InlineData("""{"hostPath":{"path":"/x"}}""", false, false)]
    public void KindOfVolume_SaysWhetherItIsSmallAndReadOnly(string source, bool isSmall, bool isReadOnly) =>
        Assert.Equal(new PodVolumeMount("/data", "/telelaunch/volumes/data", isSmall, isReadOnly), Assert.Single(Of(source, """{"mountPath":"/telelaunch/volumes/data"}""")));

    [Fact]
    public void MountThatIsReadOnly_IsThat() =>
        Assert.Equal(new PodVolumeMount("/data", "/telelaunch/volumes/data", false, true), Assert.Single(Of("""{"emptyDir":{}}""", """{"mountPath":"/telelaunch/volumes/data","readOnly":true}""")));

    [Fact]
    public void SingleFile_IsOne() =>
        Assert.Equal(new PodVolumeMount("/etc/app.conf", "/telelaunch/volumes/etc/app.conf", true, true), Assert.Single(Of("""{"configMap":{"name":"c"}}""", """{"mountPath":"/telelaunch/volumes/etc/app.conf","subPath":"app.conf"}""")));

    [Fact]
    public void SlashAtTheEnd_IsLeftOut() =>
        Assert.Equal(new PodVolumeMount("/data", "/telelaunch/volumes/data", false, false), Assert.Single(Of("""{"emptyDir":{}}""", """{"mountPath":"/telelaunch/volumes/data/"}""")));

    [Theory]
    [InlineData("/var/run/secrets/kubernetes.io/serviceaccount")]
    [InlineData("/var/run/secrets/kubernetes.io/serviceaccount/")]
    public void ServiceAccountDirectory_IsWhereAdmissionPutsIt(string path) =>
        Assert.Equal(
            new PodVolumeMount("/var/run/secrets/kubernetes.io/serviceaccount", "/var/run/secrets/kubernetes.io/serviceaccount", true, true),
            Assert.Single(Of("""{"projected":{"sources":[]}}""", $$"""{"mountPath":"{{path}}"}""")));

    [Theory]
    [InlineData("/tmp")]
    [InlineData("/etc/telelaunch/session")]
    [InlineData("/telelaunch/volumesque")]
    [InlineData("/telelaunch/volumes")]
    public void AgentsOwnMounts_AreNotTheWorkloads(string path) => Assert.Empty(Of("""{"emptyDir":{}}""", $$"""{"mountPath":"{{path}}"}"""));

    [Fact]
    public void OtherContainersMounts_AreNotTheSwappedOnes()
    {
        var pod = KubernetesJson.Deserialize<V1Pod>("""{"spec":{"containers":[{"name":"other","volumeMounts":[{"name":"v","mountPath":"/telelaunch/volumes/x"}]},{"name":"main"}],"volumes":[{"name":"v","emptyDir":{}}]}}""");

        Assert.Empty(PodVolumeMount.Of(pod, "main"));
        Assert.Empty(PodVolumeMount.Of(pod, "nosuch"));
        Assert.Empty(PodVolumeMount.Of(new(), "main"));
    }

    private static IReadOnlyList<PodVolumeMount> Of(string source, string mount)
    {
        var volume = JsonNode.Parse(source)!.AsObject();
        volume["name"] = "v";
        var mounted = JsonNode.Parse(mount)!.AsObject();
        mounted["name"] = "v";
        return PodVolumeMount.Of(
            KubernetesJson.Deserialize<V1Pod>(new JsonObject
            {
                ["spec"] = new JsonObject
                {
                    ["containers"] = new JsonArray(new JsonObject { ["name"] = "main", ["volumeMounts"] = new JsonArray(mounted) }),
                    ["volumes"] = new JsonArray(volume),
                },
            }.ToJsonString()),
            "main");
    }
}
