using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Tests.Api;

public sealed class FieldValidationTests(TestServer test) : IClassFixture<TestServer>
{
    private const string Twice = """
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "twice", "name": "second"}, "data": {"a": "1", "b": "2", "a": "3"}}
        """;

    [Fact]
    public async Task DuplicateFields_AreRefusedIfStrict()
    {
        var (status, body, _) = await CreateAsync("fieldValidation=Strict", "configmaps", Twice);

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Equal("ConfigMap in version \"v1\" cannot be handled as a ConfigMap: strict decoding error: duplicate field \"metadata.name\", duplicate field \"data.a\"",
            body.At("message").Text());
    }

    [Theory]
    [InlineData("dryRun=All", 2)]
    [InlineData("dryRun=All&fieldValidation=Warn", 2)]
    [InlineData("dryRun=All&fieldValidation=Ignore", 0)]
    public async Task DuplicateFields_AreWarnedOfOtherwise_AndTheLastOneCounts(string query, int warnings)
    {
        var (status, body, sent) = await CreateAsync(query, "configmaps", Twice);

        Assert.Equal(HttpStatusCode.Created, status);
        Assert.Equal(("second", "3"), (body.At("metadata", "name").Text(), body.At("data", "a").Text()));
        Assert.Equal(((string[])["299 - \"duplicate field \\\"metadata.name\\\"\"", "299 - \"duplicate field \\\"data.a\\\"\""])[..warnings], sent);
    }

    [Fact]
    public async Task DuplicateFieldsOfAPatch_AreNoFailureOfTheServer()
    {
        test.Store.Create(ResourceKinds.ConfigMaps, TestServer.Json("""{"metadata": {"name": "patched", "namespace": "default"}}"""));

        var (status, body) = await test.SendAsync("PATCH", "/api/v1/namespaces/default/configmaps/patched", """{"data": {"a": "1", "a": "2"}}""", "application/merge-patch+json");
        Assert.Equal((HttpStatusCode.OK, "2"), (status, body.At("data", "a").Text()));
    }

    private async Task<(HttpStatusCode Status, JsonNode? Body, string[] Warnings)> CreateAsync(string query, string resource, string json)
    {
        using var client = test.Client();
        using var content = new StringContent(json, Encoding.UTF8, "application/json");
        using var response = await client.PostAsync(new Uri($"/api/v1/namespaces/default/{resource}?{query}", UriKind.Relative), content);
        var warnings = response.Headers.NonValidated.TryGetValues("Warning", out var values) ? values.ToArray() : [];
        return (response.StatusCode, JsonNode.Parse(await response.Content.ReadAsStringAsync()), warnings);
    }
}
