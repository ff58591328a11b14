using System.Text.Json.Nodes;
using Telelaunch.Playground.Access;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Api;

// authenticate (401) -> impersonate -> authorize (403) -> route (404, 405) -> endpoint
// The order is the real server's: who has no rights sees 403 also for what doesn't exist.

/// <summary>Answers one HTTP request.</summary>
public sealed class ApiHandler(Authenticator authenticator, RbacAuthorizer authorizer, ApiEndpoints endpoints, ILogger logger)
{
    private const string Deprecated = "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice";

    public async Task HandleAsync(HttpContext http)
    {
        try
        {
            if (await authenticator.IdentifyAsync(http) is not { } caller)
                throw new StatusException(401, "Unauthorized", "Unauthorized");
            var info = RequestInfo.Of(http.Request);
            caller = Impersonated(http.Request, info, caller);
            Authorize(http.Request, info, caller);
            if (info.IsResource)
                await ResourceAsync(http, info, caller);
            else
                await PathAsync(http, info);
        }
        catch (StatusException refusal) when (!http.Response.HasStarted)
        {
            await ApiRequest.SendErrorAsync(http, refusal);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException && http.RequestAborted.IsCancellationRequested)
        {
            // The client went away; there is nobody to tell.
        }
        catch (Exception e)
        {
            logger.LogError(e, "{Method} {Path} failed", http.Request.Method, http.Request.Path);
            if (http.Response.HasStarted)
                http.Abort();
            else
                await ApiRequest.SendErrorAsync(http, new(500, "InternalError", $"Internal error occurred: {e.Message}"));
        }
    }

    private void Authorize(HttpRequest request, RequestInfo info, Caller caller)
    {
        Demand(caller, info, info.Access, caller.Name);
        // An upgrade by GET needs the right to create as well (since 1.35).
        if (info is { Verb: "get", Resource: "pods", Subresource: "exec" or "portforward" } && StreamEndpoint.IsUpgrade(request)
            && !authorizer.Decide(caller, info.Access with { Verb = "create" }).Allowed)
            throw new StatusException(403, "Forbidden", $"pods \"{info.Name}\" is forbidden: ", new() { ["name"] = info.Name, ["kind"] = "pods" });
    }

    private void Demand(Caller caller, RequestInfo shown, AccessRequest access, string user)
    {
        var decision = authorizer.Decide(caller, access);
        if (decision.Allowed)
            return;
        var why = access.Describe(user) + (decision.Reason.Length > 0 ? $": {decision.Reason}" : "");
        if (!shown.IsResource)
            throw new StatusException(403, "Forbidden", $"forbidden: {why}", []);
        var kind = new ResourceKind(shown.Group, shown.Version, shown.Resource, "", true);
        var name = shown.Name.Length > 0 ? $" \"{shown.Name}\"" : "";
        throw new StatusException(403, "Forbidden", $"{kind.QualifiedName}{name} is forbidden: {why}", StatusException.DetailsOf(kind, shown.Name));
    }

    private Caller Impersonated(HttpRequest request, RequestInfo info, Caller caller)
    {
        var user = request.Headers["Impersonate-User"].ToString();
        var groups = request.Headers["Impersonate-Group"].Where(g => g is not null).Select(g => g!).ToList();
        if (user.Length == 0)
            return groups.Count == 0 ? caller : throw new StatusException(500, "InternalError", "requested impersonating groups without impersonating a user");
        var asked = groups.Select(g => ("groups", g)).Prepend(user.StartsWith("system:serviceaccount:", StringComparison.Ordinal) ? ("serviceaccounts", user) : ("users", user));
        foreach (var (resource, name) in asked)
        {
            var parts = name.Split(':');
            var access = resource == "serviceaccounts" && parts.Length == 4 ? new AccessRequest("impersonate", "", resource, "", parts[2], parts[3]) : new("impersonate", "", resource, "", "", name);
            if (!authorizer.Decide(caller, access).Allowed)
                Demand(new(caller.Name, []), info, info.Access with { Verb = $"impersonate-on:user-info:{info.Verb}" }, caller.Name);
        }
        if (user.Split(':') is ["system", "serviceaccount", var ns, _] && groups.Count == 0)
            groups = ["system:serviceaccounts", $"system:serviceaccounts:{ns}"];
        return user == Caller.Anonymous.Name ? Caller.Anonymous : new(user, [.. groups.Append(Caller.Authenticated).Distinct()], request.Headers["Impersonate-Uid"].ToString());
    }

    private async Task ResourceAsync(HttpContext http, RequestInfo info, Caller caller)
    {
        if (info.Group.Length > 0 ? !Discovery.Groups.Contains((info.Group, info.Version)) : info.Version != "v1")
        {
            await ApiRequest.SendTextAsync(http, 404, "404 page not found\n");
            return;
        }
        if (HttpMethods.IsHead(http.Request.Method))
            throw ApiRequest.NoSuchMethod();
        var isStream = info.Subresource is "log" or "exec" or "portforward";
        var request = new ApiRequest(http, info, caller, isStream ? new("", "application/json", false, false) : Representation.Of(http.Request));
        if (ReviewEndpoint.Handles(info))
        {
            await endpoints.Reviews.CreateAsync(request);
            return;
        }
        if (info.Kind is not { } kind || (info.Subresource.Length > 0 && !kind.HasSubresource(info.Subresource)))
            throw ApiRequest.NoSuchResource();
        if (kind == ResourceKinds.Endpoints)
            request.Warn(Deprecated);
        await endpoints.HandleAsync(request);
    }

    private static Task PathAsync(HttpContext http, RequestInfo info)
    {
        var path = info.Path.Length > 1 ? info.Path.TrimEnd('/') : info.Path;
        if (path is "/readyz" or "/livez" or "/healthz")
            return ApiRequest.SendTextAsync(http, 200, http.Request.Query.ContainsKey("verbose") ? $"[+]ping ok\n{path[1..]} check passed\n" : "ok");
        var accept = http.Request.Headers.Accept.ToString();
        if (path == "/openapi/v2" && accept.Contains("proto-openapi", StringComparison.Ordinal))
        {
            http.Response.ContentType = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
            return http.Response.Body.WriteAsync(OpenApi.Version2Protobuf(), http.RequestAborted).AsTask();
        }
        var aggregated = accept.Contains("as=APIGroupDiscoveryList", StringComparison.Ordinal) && accept.Contains("v=v2;", StringComparison.Ordinal);
        var answer = path switch
        {
            "/version" => Version(),
            "/openapi/v2" => OpenApi.Version2(),
            "/openapi/v3" => OpenApi.Index(),
            _ when path.StartsWith("/openapi/v3/", StringComparison.Ordinal) => OpenApi.Document(path["/openapi/v3/".Length..]),
            _ when !info.Path.Contains("//", StringComparison.Ordinal) => Discovery.Answer(path, aggregated, http.Request.Host.Value ?? ""),
            _ => null,
        };
        if (answer is null)
            return ApiRequest.SendTextAsync(http, 404, "404 page not found\n");
        var type = answer["kind"].Text() == "APIGroupDiscoveryList" ? "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList" : null;
        return ApiRequest.SendAsync(http, 200, new("", "application/json", false, false), answer, type);
    }

    private static JsonObject Version() => new()
    {
        ["major"] = "1",
        ["minor"] = "36",
        ["gitVersion"] = "v1.36.2",
        ["gitCommit"] = "",
        ["gitTreeState"] = "clean",
        ["buildDate"] = "1970-01-01T00:00:00Z",
        ["goVersion"] = "none, this is the Telelaunch playground",
        ["compiler"] = "dotnet",
        ["platform"] = "linux/amd64",
    };
}
