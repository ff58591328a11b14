using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Telelaunch.Cluster.Tests;

/// <summary>One workload behind a <see cref="TestApiServer"/>, with the API server's optimistic locking and counting. What controllers and other people do to it is a test's to say.</summary>
internal sealed class TestWorkload
{
    private readonly Lock _lock = new();
    private readonly TestApiServer _server;
    private JsonObject? _json;
    private long _version = 1000;

    public TestWorkload(TestApiServer server, WorkloadKind kind, JsonNode json)
    {
        _server = server;
        Kind = kind;
        Name = (string)json["metadata"]!["name"]!;
        Namespace = (string)json["metadata"]!["namespace"]!;
        Put(json);
        Path = $"/apis/apps/v1/namespaces/{Namespace}/{kind.Plural()}/{Name}";
        server.On("GET " + Path, AnswerReadAsync);
        server.On("PATCH " + Path, AnswerPatchAsync);
    }

    public WorkloadKind Kind { get; }

    public string Name { get; }

    public string Namespace { get; }

    public string Path { get; }

    /// <summary>The patches that were carried out.</summary>
    public ConcurrentQueue<string> Patched { get; } = new();

    /// <summary>Run before a read, or a patch, is looked at.</summary>
    public Func<Task>? BeforeRead { get; set; }

    public Func<Task>? BeforePatch { get; set; }

    /// <summary>Run when a patch has been carried out and before it is answered; true means that the answer is lost.</summary>
    public Func<bool>? AfterPatch { get; set; }

    public JsonObject Json
    {
        get
        {
            lock (_lock) return _json!.DeepClone().AsObject();
        }
    }

    public int Replicas => (int)Json["spec"]!["replicas"]!;

    public string? Claim => (string?)Json["metadata"]!["annotations"]?[SwapClaim.Annotation];

    /// <summary>All of metadata and spec but what the API server counts by itself, byte for byte.</summary>
    public string Text
    {
        get
        {
            var json = Json;
            json["metadata"]!.AsObject().Remove("resourceVersion");
            json["metadata"]!.AsObject().Remove("generation");
            json.Remove("status");
            return json.ToJsonString();
        }
    }

    public static TestWorkload Deployment(TestApiServer server) => new(server, WorkloadKind.Deployment, TestAgentApi.Data("workloads/deployment"));

    public static TestWorkload StatefulSet(TestApiServer server) => new(server, WorkloadKind.StatefulSet, TestAgentApi.Data("workloads/statefulset"));

    /// <summary>Makes it, anew if there was one.</summary>
    public void Put(JsonNode json)
    {
        lock (_lock)
        {
            _json = json.DeepClone().AsObject();
            _json["metadata"]!["resourceVersion"] = NextVersion();
        }
    }

    public void Delete()
    {
        lock (_lock) _json = null;
    }

    /// <summary>Somebody's change of the specification or the metadata.</summary>
    public void Edit(Action<JsonObject> change)
    {
        lock (_lock)
        {
            change(_json!);
            _json!["metadata"]!["generation"] = (long)_json["metadata"]!["generation"]! + 1;
            _json["metadata"]!["resourceVersion"] = NextVersion();
        }
    }

    public void Scale(int replicas) => Edit(json => json["spec"]!["replicas"] = replicas);

    /// <summary>A controller's report.</summary>
    public void Report(JsonNode status)
    {
        lock (_lock)
        {
            _json!["status"] = status.DeepClone();
            _json["metadata"]!["resourceVersion"] = NextVersion();
        }
    }

    /// <summary>The controller has seen the last change and done all of it.</summary>
    public TestWorkload Settle()
    {
        var status = Json["status"]!;
        status["observedGeneration"] = Json["metadata"]!["generation"]!.DeepClone();
        Report(status);
        return this;
    }

    public void Refuse(string verb, int status, JsonNode body) => _server.On($"{verb} {Path}", status, body.ToJsonString());

    private string NextVersion() => (++_version).ToString(CultureInfo.InvariantCulture);

    private async Task AnswerReadAsync(HttpContext context)
    {
        if (BeforeRead is { } before) await before();
        string? text;
        lock (_lock) text = _json?.ToJsonString();
        await (text is null ? MissingAsync(context) : TestApiServer.WriteAsync(context, 200, text));
    }

    private async Task AnswerPatchAsync(HttpContext context)
    {
        if (BeforePatch is { } before) await before();
        Assert.Equal("application/merge-patch+json", context.Request.ContentType!.Split(';')[0]);
        var body = _server.Seen.Last(request => request.Trace == context.TraceIdentifier).Body;
        var patch = JsonNode.Parse(body)!.AsObject();
        string? text = null;
        var isConflict = false;
        lock (_lock)
        {
            isConflict = _json is not null && patch["metadata"]?["resourceVersion"] is { } version && (string?)version != (string?)_json["metadata"]!["resourceVersion"];
            if (_json is not null && !isConflict)
            {
                Apply(patch);
                Patched.Enqueue(body);
                text = _json.ToJsonString();
            }
        }

        if (isConflict)
            await TestApiServer.WriteAsync(context, 409, TestAgentApi.Data("refusals/deployment-conflict-409")["body"]!.ToJsonString());
        else if (text is null)
            await MissingAsync(context);
        else if (AfterPatch?.Invoke() == true)
            context.Abort();
        else
            await TestApiServer.WriteAsync(context, 200, text);
    }

    // A write that changes nothing gets no new version; one of the specification gets a new generation as well.
    private void Apply(JsonObject patch)
    {
        var before = _json!.ToJsonString();
        var spec = _json["spec"]!.ToJsonString();
        Merge(_json, patch);
        if (_json["metadata"]!["annotations"] is JsonObject { Count: 0 }) _json["metadata"]!.AsObject().Remove("annotations");
        if (_json["spec"]!.ToJsonString() != spec) _json["metadata"]!["generation"] = (long)_json["metadata"]!["generation"]! + 1;
        if (_json.ToJsonString() != before) _json["metadata"]!["resourceVersion"] = NextVersion();
    }

    /// <summary>RFC 7386.</summary>
    public static void Merge(JsonObject target, JsonObject patch)
    {
        foreach (var (name, value) in patch)
        {
            if (value is null)
            {
                target.Remove(name);
            }
            else if (value is JsonObject inner)
            {
                if (target[name] is not JsonObject) target[name] = new JsonObject();
                Merge(target[name]!.AsObject(), inner);
            }
            else
            {
                target[name] = value.DeepClone();
            }
        }
    }

    private Task MissingAsync(HttpContext context) =>
        TestApiServer.WriteAsync(context, 404, $$"""{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"{{Kind.Plural()}}.apps \"{{Name}}\" not found","reason":"NotFound","code":404}""");
}
