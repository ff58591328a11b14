using Telelaunch.Playground.Access;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Api;

// /api/v1/namespaces/NS/pods/NAME/log        group "", version v1
// /apis/GROUP/VERSION/...                    any other group
// anything else                              a path that is no resource

/// <summary>What a request's path and method ask for.</summary>
/// <param name="Verb">As RBAC names it: get, list, watch, create, update, patch, delete, deletecollection.</param>
public sealed record RequestInfo(string Verb, string Group, string Version, string Resource, string Subresource, string Namespace, string Name, string Path)
{
    public bool IsResource => Resource.Length > 0;

    public bool IsWatch => Verb == "watch";

    /// <summary>The stored kind, or null if there is no such resource.</summary>
    public ResourceKind? Kind { get; private init; }

    /// <summary>Namespace as the store knows it: "" for cluster-scoped kinds, also for <c>namespaces</c> itself.</summary>
    public string StoreNamespace => Kind?.Namespaced == true ? Namespace : "";

    public AccessRequest Access => IsResource
        ? new(Verb, Group, Resource, Subresource, Namespace, Name)
        : new(Verb, "", "", "", "", "") { Path = Path };

    public static RequestInfo Of(HttpRequest request)
    {
        var path = request.Path.Value ?? "/";
        var parts = path.TrimEnd('/').Split('/')[1..];
        var method = request.Method.ToUpperInvariant() switch
        {
            "GET" or "HEAD" => "get",
            "POST" => "create",
            "PUT" => "update",
            "PATCH" => "patch",
            "DELETE" => "delete",
            var other => other.ToLowerInvariant(),
        };
        var core = parts[0] == "api";
        var start = core ? 2 : 3;
        if ((!core && parts[0] != "apis") || parts.Length <= start || parts.Any(p => p.Length == 0))
            return new(method, "", "", "", "", "", "", path);
        var (group, version) = core ? ("", parts[1]) : (parts[1], parts[2]);
        return Resolve(request, method, group, version, parts[start..], path);
    }

    private static RequestInfo Resolve(HttpRequest request, string method, string group, string version, string[] parts, string path)
    {
        var ns = "";
        if (parts[0] == "namespaces" && parts.Length > 1)
        {
            ns = Uri.UnescapeDataString(parts[1]);
            if (parts.Length > 2 && parts[2] is not ("status" or "finalize"))
                parts = parts[2..];
        }
        var name = parts.Length > 1 ? Uri.UnescapeDataString(parts[1]) : "";
        var verb = (method, name.Length > 0) switch
        {
            ("get", false) => "list",
            ("delete", false) => "deletecollection",
            _ => method,
        };
        if (method == "get" && IsTrue(request.Query["watch"]))
            verb = "watch";
        if (verb is "list" or "watch" && name.Length == 0)
            name = FieldSelector.ExactName(request.Query["fieldSelector"].ToString());
        return new(verb, group, version, parts[0], string.Join('/', parts.Skip(2)), ns, name, path)
        {
            Kind = ResourceKinds.Find(group, parts[0]) is { } kind && kind.Version == version ? kind : null,
        };
    }

    internal static bool IsTrue(string? value) => value is "true" or "1" or "True" or "t";
}
