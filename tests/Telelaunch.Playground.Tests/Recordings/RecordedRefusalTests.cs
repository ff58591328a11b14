using System.Text;
using System.Text.Json.Nodes;
using Telelaunch.Playground.Access;
using Telelaunch.Playground.Api;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Tests.Recordings;

/// <summary>Requests that a real Kubernetes 1.36 refused, with its answers: status, and the body to the word.</summary>
public sealed class RecordedRefusalTests(RecordedRefusalTests.Cluster cluster) : IClassFixture<RecordedRefusalTests.Cluster>
{
    private static readonly JsonArray Recorded = (JsonArray)JsonNode.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Recordings", "refusals.json")))!;

    public static TheoryData<string> Names => [.. Recorded.Select(r => r.At("name").Text())];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Refusal_IsWordForWordThatOfARealServer(string name)
    {
        var exchange = Recorded.Single(r => r.At("name").Text() == name);
        var token = exchange.At("user").Text() switch { "dev" => TestServer.DevToken, "anonymous" => null, "bad token" => "no-such-token", _ => "admin-token" };
        using var client = cluster.Test.Client(token);
        using var request = new HttpRequestMessage(new(exchange.At("method").Text()), exchange.At("path").Text() + (exchange.At("query").Text() is { Length: > 0 } query ? $"?{query}" : ""));
        if (exchange.At("body") is { } body)
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body is JsonValue ? body.Text() : body.ToJsonString()));
        foreach (var (key, value) in exchange.At("headers").Strings())
        {
            if (key == "Content-Type")
                request.Content!.Headers.TryAddWithoutValidation(key, value);
            else
                request.Headers.TryAddWithoutValidation(key, value);
        }

        using var response = await client.SendAsync(request);

        var text = await response.Content.ReadAsStringAsync();
        var wanted = exchange.At("answer");
        Assert.Equal($"{exchange.At("status").Number()} {Show(wanted)}", $"{(int)response.StatusCode} {Show(wanted is JsonObject ? JsonNode.Parse(text) : text)}");
    }

    private static string Show(JsonNode? body) => body is not JsonObject obj ? body.Text()
        : $"{obj["message"].Text()} | {obj["reason"].Text()} | {Sorted(obj["details"] ?? obj["status"])}";

    private static string Sorted(JsonNode? node) => node switch
    {
        JsonObject obj => $"{{{string.Join(",", obj.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => $"{p.Key}:{Sorted(p.Value)}"))}}}",
        JsonArray list => $"[{string.Join(",", list.Select(Sorted))}]",
        null => "null",
        _ => JsonText.Compact(node),
    };

    /// <summary>The objects that the recorded requests meet.</summary>
    public sealed class Cluster : IAsyncLifetime
    {
        public TestServer Test { get; } = new();

        public async Task InitializeAsync()
        {
            await Test.InitializeAsync();
            foreach (var (name, level) in ((string, string?)[])[("play", null), ("play-restricted", "restricted")])
            {
                var labels = level is null ? "{}" : $$$$$"""{"pod-security.kubernetes.io/enforce": "{{{{{level}}}}}"}""";
                Create(ResourceKinds.Namespaces, "", $$$$$"""{"metadata": {"name": "{{{{{name}}}}}", "labels": {{{{{labels}}}}}}}""");
                await Test.AwaitAsync(ResourceKinds.ServiceAccounts, name, "default", a => a is not null);
            }
            foreach (var name in (string[])["web", "debugme", "target", "toolbox"])
                Create(ResourceKinds.Pods, name == "toolbox" ? "default" : "play", $$$$$"""{"metadata": {"name": "{{{{{name}}}}}"}, "spec": {"containers": [{"name": "main", "image": "example/debian:1"}]}}""");
            Create(ResourceKinds.Pods, "play", """{"metadata": {"name": "two"}, "spec": {"containers": [{"name": "main", "image": "x:1"}, {"name": "side", "image": "x:1"}]}}""");
            Create(ResourceKinds.Pods, "play", """{"metadata": {"name": "unschedulable"}, "spec": {"containers": [{"name": "main", "image": "x:1"}], "nodeSelector": {"no": "such"}}}""");
            foreach (var name in (string[])["shop", "applied"])
            {
                Create(ResourceKinds.Deployments, "play", $$$$$"""
                    {"metadata": {"name": "{{{{{name}}}}}"}, "spec": {"selector": {"matchLabels": {"app": "{{{{{name}}}}}"}},
                     "template": {"metadata": {"labels": {"app": "{{{{{name}}}}}"}}, "spec": {"containers": [{"name": "main", "image": "example/debian:1"}]}}}}
                    """);
            }
            Create(ResourceKinds.Services, "default", """{"metadata": {"name": "hello-nodeport"}, "spec": {"type": "NodePort", "ports": [{"port": 80, "nodePort": 30080}]}}""");
            Create(ResourceKinds.ConfigMaps, "play", """{"metadata": {"name": "launcher"}}""");
            foreach (var name in (string[])["web", "debugme", "target", "two"])
                await Test.AwaitAsync(ResourceKinds.Pods, "play", name, p => p.At("status", "podIP") is not null);
        }

        public Task DisposeAsync() => Test.DisposeAsync();

        private void Create(ResourceKind kind, string ns, string json) => Test.Server.Writer.Create(kind, ns, TestServer.Json(json), WriteContext.ForController());
    }
}
