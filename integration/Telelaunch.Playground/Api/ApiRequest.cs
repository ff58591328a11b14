using System.Text.Json.Nodes;
using Telelaunch.Playground.Access;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Api;

/// <summary>One request on its way: who asks for what, and how the answer is to look.</summary>
public sealed record ApiRequest(HttpContext Http, RequestInfo Info, Caller Caller, Representation Representation)
{
    private readonly List<string> _warnings = [];

    /// <summary>The stored kind.</summary>
    public ResourceKind Kind => Info.Kind!;

    public CancellationToken Cancellation => Http.RequestAborted;

    public bool DryRun => Query("dryRun") is { Length: > 0 } value && (value == "All" ? true
        : throw new StatusException(422, "Invalid", $"dryRun: Unsupported value: \"{value}\": supported values: \"All\""));

    public string Query(string key) => Http.Request.Query[key].ToString();

    public WriteContext Write(bool dryRun = false) => new(Caller, dryRun || DryRun, _warnings);

    public void Warn(string text) => _warnings.Add(text);

    public Task SendAsync(int status, JsonNode body, string? contentType = null)
    {
        foreach (var warning in _warnings.Distinct())
            SendWarning(Http, warning);
        return SendAsync(Http, status, Representation, body, contentType);
    }

    public Task SendObjectAsync(int status, JsonObject obj) =>
        SendAsync(status, Representation.Shaped(Kind, obj), Representation.Shape is "Table" or "PartialObjectMetadata" ? "application/json" : null);

    public static async Task SendAsync(HttpContext http, int status, Representation representation, JsonNode body, string? contentType = null)
    {
        var bytes = representation.Encode(body);
        http.Response.StatusCode = status;
        http.Response.ContentType = contentType ?? (representation.IsYaml ? "application/yaml" : "application/json");
        http.Response.ContentLength = bytes.Length;
        await http.Response.Body.WriteAsync(bytes, http.RequestAborted);
    }

    /// <summary>Adds a warning (RFC 7234 section 5.5) to the answer that is to come.</summary>
    public static void SendWarning(HttpContext http, string text)
    {
        var quoted = text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal);
        http.Response.Headers.Append("Warning", $"299 - \"{quoted}\"");
    }

    public static async Task SendTextAsync(HttpContext http, int status, string text)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "text/plain; charset=utf-8";
        await http.Response.WriteAsync(text, http.RequestAborted);
    }

    public static Task SendErrorAsync(HttpContext http, StatusException error)
    {
        if (error.RetryAfterSeconds is { } seconds)
            http.Response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        return SendAsync(http, error.Code, new("", "application/json", false, false), error.ToStatus());
    }

    public static StatusException NoSuchResource() => new(404, "NotFound", "the server could not find the requested resource", []);

    public static StatusException NoSuchMethod() => new(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", []);
}
