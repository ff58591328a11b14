using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Microsoft.AspNetCore.Http;

namespace Telelaunch.Cluster.Tests;

/// <summary>The part of an API server that an agent pod's start needs; what happens to the pod is what a test writes into the watches.</summary>
internal sealed class TestAgentApi
{
    public const string PodName = "telelaunch-s1";
    private const string Pods = "/api/v1/namespaces/play/pods";
    private const string Secrets = "/api/v1/namespaces/play/secrets";
    private readonly TestApiServer _server;
    private readonly Channel<string?> _podLines = Channel.CreateUnbounded<string?>();
    private readonly Channel<string?> _eventLines = Channel.CreateUnbounded<string?>();

    public TestAgentApi(TestApiServer server)
    {
        _server = server;
        server.On($"POST {Pods}", context => CreateAsync(context, PodUid));
        server.On($"POST {Secrets}", context => CreateAsync(context, "secret-uid"));
        server.On($"GET {Pods}", context => WatchAsync(context, _podLines.Reader));
        server.On("GET /api/v1/namespaces/play/events", context => WatchAsync(context, _eventLines.Reader));
        server.On($"GET {Pods}/{PodName}", context => TestApiServer.WriteAsync(context, 200, ReadAnswer));
        server.On($"GET {Pods}/{PodName}/log", 200, "last words\n", "text/plain");
        server.On($"DELETE {Pods}/{PodName}", context => DeleteAsync(context));
        server.On($"DELETE {Secrets}/{PodName}", context => DeleteAsync(context));
    }

    public string PodUid { get; set; } = "pod-uid";

    /// <summary>What a GET of the pod answers.</summary>
    public string ReadAnswer { get; set; } = "{}";

    /// <summary>Paths of the DELETE requests, with their bodies.</summary>
    public ConcurrentQueue<(string Path, string Body)> Deleted { get; } = new();

    /// <summary>Ends when a pod watch has begun.</summary>
    public TaskCompletionSource Watched { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public static AgentPodOptions Options { get; } = new() { Namespace = "play", SessionId = "s1", Owner = new("jane", "desk") };

    public static AgentSecret Secret { get; } = new([1, 2], [3], [4]);

    public void SendPod(JsonNode pod, string type = "MODIFIED") =>
        _podLines.Writer.TryWrite(new JsonObject { ["type"] = type, ["object"] = pod.DeepClone() }.ToJsonString());

    public void SendLine(string line) => _podLines.Writer.TryWrite(line);

    /// <summary>Ends the pod watch that runs.</summary>
    public void EndWatch() => _podLines.Writer.TryWrite(null);

    public void SendEvent(JsonNode podEvent) =>
        _eventLines.Writer.TryWrite(new JsonObject { ["type"] = "ADDED", ["object"] = podEvent.DeepClone() }.ToJsonString());

    public SeenRequest Request(string methodAndPath) => _server.Seen.Last(request => $"{request.Method} {request.Path}" == methodAndPath);

    public static JsonNode Data(string name) => JsonNode.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "TestData", name + ".json")))!;

    private Task CreateAsync(HttpContext context, string uid)
    {
        var created = JsonNode.Parse(_server.Seen.Last(request => request.Method == "POST" && request.Path == context.Request.Path).Body)!;
        created["metadata"]!["uid"] = uid;
        created["metadata"]!["resourceVersion"] = "1";
        return TestApiServer.WriteAsync(context, 201, created.ToJsonString());
    }

    private Task DeleteAsync(HttpContext context)
    {
        Deleted.Enqueue((context.Request.Path.Value!, _server.Seen.Last(request => request.Method == "DELETE" && request.Path == context.Request.Path).Body));
        return TestApiServer.WriteAsync(context, 200, """{"kind":"Status","status":"Success"}""");
    }

    private async Task WatchAsync(HttpContext context, ChannelReader<string?> lines)
    {
        context.Response.ContentType = "application/json";
        await context.Response.StartAsync();
        if (ReferenceEquals(lines, _podLines.Reader))
            Watched.TrySetResult();
        await foreach (var line in lines.ReadAllAsync(context.RequestAborted))
        {
            if (line is null)
                return;
            await context.Response.WriteAsync(line + "\n");
            await context.Response.Body.FlushAsync();
        }
    }
}
