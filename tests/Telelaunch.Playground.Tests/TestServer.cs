using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Telelaunch.Playground.Access;
using Telelaunch.Playground.Api;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Tests;

/// <summary>An API server in this process with a node that runs nothing, but says that it does.</summary>
public sealed class TestServer : IAsyncLifetime
{
    public const string DevToken = "dev-token";

    private readonly CancellationTokenSource _stop = new();
    private Task _node = Task.CompletedTask;

    public ApiServer Server { get; } = new(0, new Dictionary<string, Caller>
    {
        ["admin-token"] = new("kubernetes-admin", [Caller.Masters, Caller.Authenticated]),
        [DevToken] = new("dev", ["developers", Caller.Authenticated]),
    }, new((http, _, _, _) => Streamed(http), (http, _, _, _) => Streamed(http), (http, _, _) => Streamed(http)), NullLoggerFactory.Instance, TimeProvider.System);

    public ObjectStore Store => Server.Store;

    public async Task InitializeAsync()
    {
        await Server.StartAsync(CancellationToken.None);
        Server.Publish(Server.Address);
        Store.Create(ResourceKinds.Nodes, Json("""{"metadata": {"name": "node-1"}, "status": {"allocatable": {"cpu": "2", "memory": "4Gi"}, "conditions": [{"type": "Ready", "status": "True"}]}}"""));
        _node = PretendToRunAsync(_stop.Token);
    }

    public async Task DisposeAsync()
    {
        await _stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _node);
        await Server.DisposeAsync();
        _stop.Dispose();
    }

    public static JsonObject Json(string text) => (JsonObject)JsonNode.Parse(text)!;

    /// <summary>A client that sends no credentials of its own and trusts the server's CA alone.</summary>
    public HttpClient Client(string? token = "admin-token")
    {
        var handler = new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, _, errors) =>
            certificate is System.Security.Cryptography.X509Certificates.X509Certificate2 presented && (errors & SslPolicyErrors.RemoteCertificateNameMismatch) == 0 && Server.Authority.IsIssuerOf(presented);
        var client = new HttpClient(handler) { BaseAddress = new($"https://127.0.0.1:{Server.Address.Port}"), Timeout = TimeSpan.FromSeconds(30) };
        if (token is not null)
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return client;
    }

    public async Task<(HttpStatusCode Status, JsonNode? Body)> SendAsync(string method, string path, string? body = null, string type = "application/json", string token = "admin-token")
    {
        using var client = Client(token);
        using var request = new HttpRequestMessage(new(method), path);
        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8);
            request.Content.Headers.ContentType = new(type);
        }
        using var response = await client.SendAsync(request);
        return (response.StatusCode, JsonNode.Parse(await response.Content.ReadAsStringAsync()));
    }

    /// <summary>Waits, for the present state or a later one, until it is as wanted.</summary>
    public async Task<JsonObject> AwaitAsync(ResourceKind kind, string ns, string name, Func<JsonObject?, bool> isReached)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var version = Store.Version;
        if (isReached(Store.Get(kind, ns, name)))
            return Store.Get(kind, ns, name) ?? [];
        await foreach (var change in Store.WatchFromAsync(version, patience.Token))
        {
            if (change.Kind == kind && change.Object.Name == name && isReached(change.Type == WatchEventType.Deleted ? null : change.Object))
                return change.Object;
        }
        throw new InvalidOperationException("a watch ends only by cancellation");
    }

    private static Task Streamed(HttpContext http) => http.Response.WriteAsync("from the node");

    // What a node does to a pod's object: ready once it is bound, gone once it is to end.
    private async Task PretendToRunAsync(CancellationToken cancellation)
    {
        var next = 10;
        await foreach (var change in Store.WatchAsync(ResourceKinds.Pods, cancellation))
        {
            var pod = change.Object;
            if (change.Type == WatchEventType.Deleted || pod.At("spec", "nodeName").Text().Length == 0)
                continue;
            if (pod.IsTerminating)
                Store.Remove(ResourceKinds.Pods, pod.Namespace, pod.Name, pod.Uid);
            else if (pod.At("status", "podIP") is null)
                Store.UpdateStatus(ResourceKinds.Pods, pod.Namespace, pod.Name, p => Run(p, $"10.244.0.{next++}"));
        }
    }

    private static void Run(JsonObject pod, string address)
    {
        var status = pod.Object("status");
        status["phase"] = "Running";
        status["podIP"] = address;
        status.Array("conditions").Add(new JsonObject { ["type"] = "Ready", ["status"] = "True" });
    }
}
