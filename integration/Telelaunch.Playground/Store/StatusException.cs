using System.Text.Json.Nodes;

namespace Telelaunch.Playground.Store;

/// <summary>One request is refused; the object and the server are as before. Becomes a <c>Status</c> body.</summary>
/// <param name="code">HTTP status.</param>
/// <param name="reason">Machine-readable reason of the Kubernetes API, such as <c>AlreadyExists</c>.</param>
/// <param name="details">The Status' <c>details</c>, or null.</param>
public sealed class StatusException(int code, string reason, string message, JsonObject? details = null) : Exception(message)
{
    public int Code => code;

    public string Reason => reason;

    public JsonObject? Details => details;

    /// <summary>Seconds for a <c>Retry-After</c> header, or null.</summary>
    public int? RetryAfterSeconds { get; init; }

    /// <summary>Goes into <c>metadata.continue</c> of the Status: where an expired list can go on.</summary>
    public string? ContinueToken { get; init; }

    public JsonObject ToStatus()
    {
        var metadata = new JsonObject();
        if (ContinueToken is not null)
            metadata["continue"] = ContinueToken;
        var status = new JsonObject
        {
            ["kind"] = "Status",
            ["apiVersion"] = "v1",
            ["metadata"] = metadata,
            ["status"] = "Failure",
            ["message"] = Message,
            ["reason"] = Reason,
        };
        if (Reason.Length == 0)
            status.Remove("reason");
        if (Details is not null)
            status["details"] = Details.DeepClone();
        status["code"] = Code;
        return status;
    }

    public static StatusException NotFound(ResourceKind kind, string name) =>
        new(404, "NotFound", $"{kind.QualifiedName} \"{name}\" not found", DetailsOf(kind, name));

    public static StatusException AlreadyExists(ResourceKind kind, string name, bool terminating = false) =>
        new(409, "AlreadyExists", (terminating ? "object is being deleted: " : "") + $"{kind.QualifiedName} \"{name}\" already exists", DetailsOf(kind, name));

    public static StatusException Conflict(ResourceKind kind, string name, string why) =>
        new(409, "Conflict", $"Operation cannot be fulfilled on {kind.QualifiedName} \"{name}\": {why}", DetailsOf(kind, name));

    public static StatusException BadRequest(string message) => new(400, "BadRequest", message);

    public static StatusException Expired(string message) => new(410, "Expired", message);

    /// <summary>The <c>details</c> of a Status about one object: the group only where there is one, kind in its plural form.</summary>
    public static JsonObject DetailsOf(ResourceKind kind, string? name)
    {
        var details = new JsonObject();
        if (!string.IsNullOrEmpty(name))
            details["name"] = name;
        if (kind.Group.Length > 0)
            details["group"] = kind.Group;
        details["kind"] = kind.Plural;
        return details;
    }
}
