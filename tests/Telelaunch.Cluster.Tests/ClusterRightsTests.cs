using System.Text.Json.Nodes;
using YamlDotNet.RepresentationModel;

namespace Telelaunch.Cluster.Tests;

public class ClusterRightsTests
{
    [Fact]
    public async Task Review_TellsMissingOnesApart()
    {
        await using var cluster = await TestCluster.StartAsync();
        cluster.Server.On("POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews", context =>
        {
            var attributes = JsonNode.Parse(cluster.Server.Seen.Last(request => context.TraceIdentifier == request.Trace).Body)!["spec"]!["resourceAttributes"]!;
            var isAllowed = (string?)attributes["subresource"] != "portforward" || (string?)attributes["verb"] != "create";
            return TestApiServer.WriteAsync(context, 201, new JsonObject
            {
                ["kind"] = "SelfSubjectAccessReview",
                ["apiVersion"] = "authorization.k8s.io/v1",
                ["metadata"] = new JsonObject(),
                ["spec"] = new JsonObject { ["resourceAttributes"] = attributes.DeepClone() },
                ["status"] = new JsonObject { ["allowed"] = isAllowed, ["reason"] = "said so" },
            }.ToJsonString());
        });
        using var connection = cluster.Connect();

        var reviews = await ClusterRights.ReviewAsync(connection, "play", ClusterRights.All, CancellationToken.None);

        Assert.Equal(ClusterRights.All, reviews.Select(review => review.Right));
        var missing = Assert.Single(reviews, review => !review.IsAllowed);
        Assert.Equal("create pods/portforward", missing.Right.ToString());
        Assert.True(missing.Right.IsRequired);
        Assert.All(cluster.Server.Seen, request =>
        {
            var attributes = JsonNode.Parse(request.Body)!["spec"]!["resourceAttributes"]!;
            var isNamespaced = (string?)attributes["resource"] is not ("nodes" or "namespaces" or "servicecidrs");
            Assert.Equal(isNamespaced ? "play" : null, (string?)attributes["namespace"]);
        });
    }

    [Fact]
    public void RoleText_IsARoleWithEveryNamespacedRight()
    {
        var yaml = new YamlStream();
        yaml.Load(new StringReader(ClusterRights.RoleText("shop")));

        var role = Assert.IsType<YamlMappingNode>(Assert.Single(yaml.Documents).RootNode);
        Assert.Equal("shop", role["metadata"]["namespace"].ToString());
        var granted = ((YamlSequenceNode)role["rules"]).SelectMany(rule =>
            from resource in (YamlSequenceNode)rule["resources"]
            from verb in (YamlSequenceNode)rule["verbs"]
            select $"{verb} {resource}");
        Assert.Equal(ClusterRights.All.Where(right => right.IsNamespaced).Select(right => $"{right.Verb} {right.Resource}").Order(), granted.Order());
    }
}
