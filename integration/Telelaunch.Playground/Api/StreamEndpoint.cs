using System.Globalization;
using System.Text.Json.Nodes;
using Telelaunch.Playground.Api.Admission;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Api;

/// <summary>What the node does with a request that was found to be in order; it answers the request itself.</summary>
public sealed record NodeHandlers(
    Func<HttpContext, JsonObject, string, CancellationToken, Task> Log,
    Func<HttpContext, JsonObject, string, CancellationToken, Task> Exec,
    Func<HttpContext, JsonObject, CancellationToken, Task> PortForward);

/// <summary>Logs, exec and port-forward: checks here what the API server checks, then hands over to the node.</summary>
public sealed class StreamEndpoint(ObjectStore store, NodeHandlers node)
{
    public Task HandleAsync(ApiRequest request)
    {
        var pod = store.Get(ResourceKinds.Pods, request.Info.Namespace, request.Info.Name) ?? throw StatusException.NotFound(ResourceKinds.Pods, request.Info.Name);
        return request.Info.Subresource switch
        {
            "log" => LogAsync(request, pod),
            "exec" => ExecAsync(request, pod),
            _ => PortForwardAsync(request, pod),
        };
    }

    public static bool IsUpgrade(HttpRequest request) =>
        request.Headers.Upgrade.Count > 0 && request.Headers.Connection.ToString().Contains("upgrade", StringComparison.OrdinalIgnoreCase);

    private Task LogAsync(ApiRequest request, JsonObject pod)
    {
        var errors = new FieldErrors();
        foreach (var key in (string[])["tailLines", "limitBytes", "sinceSeconds"])
        {
            if (request.Query(key) is { Length: > 0 } text && long.TryParse(text, CultureInfo.InvariantCulture, out var number) && number < (key == "tailLines" ? 0 : 1))
                errors.Invalid(key, number, $"must be greater than {(key == "tailLines" ? "or equal to " : "")}0");
        }
        if (request.Query("stream") is { Length: > 0 } stream && stream != "All")
            errors.Forbidden("stream", "may not be specified");
        errors.ThrowIfAny("", "PodLogOptions", pod.Name);
        var container = ContainerOf(request, pod);
        if (!IsScheduled(pod))
        {
            request.Http.Response.StatusCode = 204;
            return Task.CompletedTask;
        }
        return node.Log(request.Http, pod, container, request.Cancellation);
    }

    private Task ExecAsync(ApiRequest request, JsonObject pod)
    {
        RequireUpgrade(request);
        var container = ContainerOf(request, pod);
        RequireHost(pod);
        if (!((string[])["stdin", "stdout", "stderr"]).Any(k => RequestInfo.IsTrue(request.Query(k))))
            return ApiRequest.SendTextAsync(request.Http, 400, "you must specify at least 1 of stdin, stdout, stderr");
        return node.Exec(request.Http, pod, container, request.Cancellation);
    }

    private Task PortForwardAsync(ApiRequest request, JsonObject pod)
    {
        RequireUpgrade(request);
        foreach (var text in request.Http.Request.Query["ports"].SelectMany(p => (p ?? "").Split(',')))
        {
            if (text.Length == 0 || text.Any(c => !char.IsAsciiDigit(c)))
                throw StatusException.BadRequest($"cannot convert to []int32: strconv.ParseUint: parsing \"{text}\": invalid syntax");
            if (!ushort.TryParse(text, CultureInfo.InvariantCulture, out _))
                throw StatusException.BadRequest($"cannot convert to []int32: strconv.ParseUint: parsing \"{text}\": value out of range");
        }
        RequireHost(pod);
        var ports = request.Http.Request.Query["ports"];
        // With SPDY, plain or tunnelled, the streams name the ports.
        if (request.Http.Request.Headers.Upgrade == "websocket" && !request.Http.Request.Headers.SecWebSocketProtocol.ToString().Contains("SPDY/3.1", StringComparison.Ordinal))
        {
            if (ports.Count == 0)
                return ApiRequest.SendTextAsync(request.Http, 400, "query parameter \"port\" is required");
            if (ports.Any(p => p!.Split(',').Contains("0")))
                return ApiRequest.SendTextAsync(request.Http, 400, "port \"0\" must be > 0");
        }
        return node.PortForward(request.Http, pod, request.Cancellation);
    }

    private static void RequireUpgrade(ApiRequest request)
    {
        if (!IsUpgrade(request.Http.Request))
            throw StatusException.BadRequest("Upgrade request required");
    }

    private static void RequireHost(JsonObject pod)
    {
        if (!IsScheduled(pod))
            throw StatusException.BadRequest($"pod {pod.Name} does not have a host assigned");
    }

    private static bool IsScheduled(JsonObject pod) => pod.At("spec", "nodeName").Text().Length > 0;

    private static string ContainerOf(ApiRequest request, JsonObject pod)
    {
        var asked = request.Query("container");
        string[] Names(string list) => [.. pod.At("spec", list).Items().Select(c => c["name"].Text())];
        var main = Names("containers");
        if (asked.Length == 0)
        {
            var preferred = pod.Annotation("kubectl.kubernetes.io/default-container");
            if (preferred is not null && main.Contains(preferred))
                return preferred;
            var inits = Names("initContainers");
            return main.Length == 1 ? main[0] : throw StatusException.BadRequest($"a container name must be specified for pod {pod.Name}, choose one of: [{string.Join(' ', main)}]"
                + (inits.Length > 0 ? $" or one of the init containers: [{string.Join(' ', inits)}]" : ""));
        }
        return main.Concat(Names("initContainers")).Concat(Names("ephemeralContainers")).Contains(asked) ? asked
            : throw StatusException.BadRequest($"container {asked} is not valid for pod {pod.Name}");
    }
}
