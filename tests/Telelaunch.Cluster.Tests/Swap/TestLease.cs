using System.Globalization;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Microsoft.AspNetCore.Http;

namespace Telelaunch.Cluster.Tests;

/// <summary>The Lease of session s1 in the namespace play, as the API server keeps it.</summary>
internal sealed class TestLease
{
    public const string Collection = "/apis/coordination.k8s.io/v1/namespaces/play/leases";

    public const string Path = Collection + "/telelaunch-s1";

    private readonly Lock _lock = new();
    private readonly TestApiServer _server;
    private readonly Channel<string> _renewals = Channel.CreateUnbounded<string>();
    private JsonObject? _json;
    private int _version;

    public TestLease(TestApiServer server)
    {
        _server = server;
        server.On("POST " + Collection, CreateAsync);
        server.On("GET " + Path, context => AnswerAsync(context, 200));
        server.On("PATCH " + Path, RenewAsync);
        server.On("DELETE " + Path, DeleteAsync);
    }

    public JsonObject? Json
    {
        get
        {
            lock (_lock) return _json?.DeepClone().AsObject();
        }
    }

    /// <summary>The times of the renewals, in their order.</summary>
    public ChannelReader<string> Renewals => _renewals.Reader;

    /// <summary>Looked at before a renewal; true means answered.</summary>
    public Func<HttpContext, Task<bool>>? BeforeRenewal { get; set; }

    public static async Task<SessionLease> CreateAsync(TestApiServer server, ClusterConnection connection, TimeProvider? time = null)
    {
        _ = new TestLease(server);
        return await SessionLease.CreateAsync(connection, "play", "s1", new("jane", "desk"), time ?? new ManualTime(), CancellationToken.None);
    }

    /// <summary>As if it had been made.</summary>
    public void Put()
    {
        lock (_lock)
        {
            _json = TestAgentApi.Data("workloads/lease").AsObject();
            _json["metadata"]!["name"] = "telelaunch-s1";
            Count();
        }
    }

    /// <summary>As if its session had renewed it.</summary>
    public void Renew()
    {
        lock (_lock) Count();
    }

    public void Delete()
    {
        lock (_lock) _json = null;
    }

    private void Count() => _json!["metadata"]!["resourceVersion"] = (++_version).ToString(CultureInfo.InvariantCulture);

    private Task CreateAsync(HttpContext context)
    {
        lock (_lock)
        {
            _json = JsonNode.Parse(_server.Seen.Last(request => request.Trace == context.TraceIdentifier).Body)!.AsObject();
            _json["metadata"]!["uid"] = "lease-uid";
            Count();
        }

        return AnswerAsync(context, 201);
    }

    private async Task RenewAsync(HttpContext context)
    {
        if (BeforeRenewal is { } before && await before(context)) return;
        var time = (string)JsonNode.Parse(_server.Seen.Last(request => request.Trace == context.TraceIdentifier).Body)!["spec"]!["renewTime"]!;
        // As recorded: without a fraction of a second it isn't a MicroTime.
        if (!time.Contains('.', StringComparison.Ordinal))
        {
            var refusal = TestAgentApi.Data("refusals/lease-time-422");
            await TestApiServer.WriteAsync(context, 422, refusal["body"]!.ToJsonString());
            return;
        }

        lock (_lock)
        {
            if (_json is not null)
            {
                if ((string?)_json["spec"]!["renewTime"] != time) Count();
                _json["spec"]!["renewTime"] = time;
            }
        }

        await AnswerAsync(context, 200);
        _renewals.Writer.TryWrite(time);
    }

    private async Task DeleteAsync(HttpContext context)
    {
        await AnswerAsync(context, 200);
        Delete();
    }

    private Task AnswerAsync(HttpContext context, int status)
    {
        var text = Json?.ToJsonString();
        return text is null
            ? TestApiServer.WriteAsync(context, 404, """{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"leases.coordination.k8s.io \"telelaunch-s1\" not found","reason":"NotFound","code":404}""")
            : TestApiServer.WriteAsync(context, status, text);
    }
}
