using System.Text.Json.Nodes;
using Telelaunch.Playground.Api.Patches;
using Telelaunch.Playground.Store;
using static Telelaunch.Playground.Tests.TestServer;

namespace Telelaunch.Playground.Tests.Api;

public sealed class PatchTests
{
    private const string Containers = """{"containers": [{"name": "main", "image": "x", "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]}, {"name": "side", "image": "y"}]}""";

    [Fact]
    public void MergePatch_ReplacesListsAndRemovesNulls() => Same("""{"a": [3], "b": {"y": 2}}""",
        MergePatch.Apply(Json("""{"a": [1, 2], "b": {"x": 1, "y": 2}}"""), Json("""{"a": [3], "b": {"x": null}}""")));

    [Fact]
    public void StrategicMerge_MergesItemsByTheirKey() => Same(
        """{"containers": [{"name": "main", "image": "z", "env": [{"name": "B", "value": "3"}, {"name": "C", "value": "4"}]}, {"name": "side", "image": "y"}]}""",
        StrategicMergePatch.Apply(Json(Containers), Json(
            """{"containers": [{"name": "main", "image": "z", "env": [{"name": "A", "$patch": "delete"}, {"name": "B", "value": "3"}, {"name": "C", "value": "4"}]}]}""")));

    [Fact]
    public void StrategicMerge_KeepsTheOrderAskedFor() => Assert.Equal(["side", "main"],
        StrategicMergePatch.Apply(Json(Containers), Json("""{"$setElementOrder/containers": [{"name": "side"}, {"name": "main"}]}"""))["containers"].Items().Select(c => c["name"].Text()));

    [Fact]
    public void JsonPatch_CarriesOutEachOperation() => Same("""{"a": [1, 9, 2], "c": 5, "d/e": 5}""",
        JsonPatch.Apply(Json("""{"a": [1, 2], "b": 5}"""), (JsonArray)JsonNode.Parse(
            """[{"op": "test", "path": "/b", "value": 5}, {"op": "add", "path": "/a/1", "value": 9}, {"op": "move", "from": "/b", "path": "/c"}, {"op": "copy", "from": "/c", "path": "/d~1e"}]""")!));

    [Theory]
    [InlineData("""[{"op": "test", "path": "/b", "value": 6}]""")]
    [InlineData("""[{"op": "remove", "path": "/nosuch"}]""")]
    [InlineData("""[{"op": "replce", "path": "/b", "value": 6}]""")]
    public void JsonPatchThatFails_Is422(string patch) =>
        Assert.Equal(422, Assert.Throws<StatusException>(() => JsonPatch.Apply(Json("""{"b": 5}"""), (JsonArray)JsonNode.Parse(patch)!)).Code);

    [Fact]
    public void Apply_RemovesWhatItsManagerNoLongerNames()
    {
        var first = ServerSideApply.Apply([], Json("""{"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "1", "b": "2"}}"""), "one", false, default);

        var second = ServerSideApply.Apply(first, Json("""{"apiVersion": "v1", "kind": "ConfigMap", "data": {"b": "2"}}"""), "one", false, default);

        Same("""{"b": "2"}""", second["data"]);
    }

    [Theory]
    [InlineData("""{"ports": [{"port": 7, "protocol": "TCP", "name": "t"}, {"port": 7, "protocol": "UDP", "name": "u"}]}""")]
    [InlineData("""{"ports": [{"containerPort": 7}, {"containerPort": 7, "protocol": "UDP"}]}""")]
    public void PortOfTwoProtocols_StaysTwoPorts(string spec)
    {
        var applied = Json("""{"apiVersion": "v1", "kind": "Service", "spec": SPEC}""".Replace("SPEC", spec));

        var again = ServerSideApply.Apply(ServerSideApply.Apply([], applied, "one", false, default), applied, "one", false, default);

        Same(spec, again["spec"]);
    }

    [Fact]
    public void ApplyOfAnothersField_ConflictsUnlessForced()
    {
        var first = ServerSideApply.Apply([], Json("""{"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"replicas": 1}}"""), "one", false, default);
        var other = Json("""{"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"replicas": 0}}""");

        var refusal = Assert.Throws<StatusException>(() => ServerSideApply.Apply(first, other, "two", false, default));
        var forced = ServerSideApply.Apply(first, other, "two", true, default);

        Assert.Equal("Apply failed with 1 conflict: conflict with \"one\": .spec.replicas", refusal.Message);
        Assert.Equal(0, forced.At("spec", "replicas").Number(-1));
        Assert.Equal(["two"], forced.At("metadata", "managedFields").Items().Select(m => m["manager"].Text()));
    }

    private static void Same(string wanted, JsonNode? found) => Assert.True(JsonNode.DeepEquals(JsonNode.Parse(wanted), found), found?.ToJsonString());
}
