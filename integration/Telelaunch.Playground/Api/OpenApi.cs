using System.Text;
using System.Text.Json.Nodes;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Api;

/// <summary>OpenAPI documents, as far as kubectl needs them: which kinds there are, and that writes take <c>fieldValidation</c>.</summary>
public static class OpenApi
{
    /// <summary><c>/openapi/v3</c>: where the document of each group version is.</summary>
    public static JsonObject Index()
    {
        var paths = new JsonObject { ["api/v1"] = new JsonObject { ["serverRelativeURL"] = "/openapi/v3/api/v1?hash=1" } };
        foreach (var (group, version) in Discovery.Groups)
            paths[$"apis/{group}/{version}"] = new JsonObject { ["serverRelativeURL"] = $"/openapi/v3/apis/{group}/{version}?hash=1" };
        return new() { ["paths"] = paths };
    }

    /// <summary>The document of <c>api/v1</c> or <c>apis/GROUP/VERSION</c>; null if there is none.</summary>
    public static JsonObject? Document(string path)
    {
        var parts = path.Split('/');
        var group = parts is ["api", "v1"] ? "" : parts is ["apis", _, _] ? parts[1] : null;
        if (group is null || (group.Length > 0 && !Discovery.Groups.Contains((group, parts[2]))))
            return null;
        var (paths, schemas) = (new JsonObject(), new JsonObject());
        foreach (var kind in ResourceKinds.All.Where(k => k.Group == group))
        {
            var collection = $"/{path}/{(kind.Namespaced ? "namespaces/{namespace}/" : "")}{kind.Plural}";
            paths[collection] = new JsonObject { ["post"] = Operation(kind, "post") };
            paths[collection + "/{name}"] = new JsonObject { ["put"] = Operation(kind, "put"), ["patch"] = Operation(kind, "patch") };
            schemas[SchemaName(kind)] = Schema(kind);
        }
        return new()
        {
            ["openapi"] = "3.0.0",
            ["info"] = new JsonObject { ["title"] = "Kubernetes", ["version"] = "v1.36.2" },
            ["paths"] = paths,
            ["components"] = new JsonObject { ["schemas"] = schemas },
        };
    }

    /// <summary><c>/openapi/v2</c> as JSON.</summary>
    public static JsonObject Version2()
    {
        var definitions = new JsonObject();
        foreach (var kind in ResourceKinds.All)
            definitions[SchemaName(kind)] = Schema(kind);
        return new()
        {
            ["swagger"] = "2.0",
            ["info"] = new JsonObject { ["title"] = "Kubernetes", ["version"] = "v1.36.2" },
            ["paths"] = new JsonObject(),
            ["definitions"] = definitions,
        };
    }

    // Older kubectl asks for protobuf and takes nothing else. Document { swagger = 1; info = 2 { title = 1; version = 2 } }: without definitions it checks nothing.

    /// <summary><c>/openapi/v2</c> as protobuf (gnostic openapi.v2.Document).</summary>
    public static byte[] Version2Protobuf()
    {
        static byte[] Field(int number, byte[] value) => [(byte)(number << 3 | 2), (byte)value.Length, .. value];
        static byte[] Text(int number, string text) => Field(number, Encoding.ASCII.GetBytes(text));
        return [.. Text(1, "2.0"), .. Field(2, [.. Text(1, "Kubernetes"), .. Text(2, "v1.36.2")])];
    }

    private static string SchemaName(ResourceKind kind) =>
        $"io.k8s.api.{(kind.Group.Length == 0 ? "core" : kind.Group.Split('.')[0])}.{kind.Version}.{kind.Kind}";

    private static JsonObject TypeOf(ResourceKind kind) => new() { ["group"] = kind.Group, ["kind"] = kind.Kind, ["version"] = kind.Version };

    private static JsonObject Operation(ResourceKind kind, string method) => new()
    {
        ["operationId"] = $"{method}{kind.Kind}",
        ["x-kubernetes-group-version-kind"] = TypeOf(kind),
        ["parameters"] = new JsonArray([.. ((string[])["dryRun", "fieldManager", "fieldValidation"]).Select(name => new JsonObject
        {
            ["name"] = name,
            ["in"] = "query",
            ["schema"] = new JsonObject { ["type"] = "string" },
        })]),
        ["responses"] = new JsonObject { ["200"] = new JsonObject { ["description"] = "OK" } },
    };

    private static JsonObject Schema(ResourceKind kind)
    {
        static JsonObject Property(string type, string description) => new() { ["type"] = type, ["description"] = description };
        var properties = new JsonObject
        {
            ["apiVersion"] = Property("string", "APIVersion defines the versioned schema of this representation of an object."),
            ["kind"] = Property("string", "Kind is a string value representing the REST resource this object represents."),
            ["metadata"] = Property("object", "Standard object's metadata."),
        };
        foreach (var (key, description) in Members(kind))
            properties[key] = Property("object", description);
        return new()
        {
            ["description"] = $"{kind.Kind} of {kind.ApiVersion}. Fields below the first level are not documented here.",
            ["type"] = "object",
            ["properties"] = properties,
            ["x-kubernetes-group-version-kind"] = new JsonArray(TypeOf(kind)),
        };
    }

    private static IEnumerable<(string, string)> Members(ResourceKind kind) => kind.Kind switch
    {
        "ConfigMap" or "Secret" => [("data", "The data."), ("binaryData", "Binary data."), ("stringData", "Data as text, write-only.")],
        "Role" or "ClusterRole" => [("rules", "What is allowed.")],
        "RoleBinding" or "ClusterRoleBinding" => [("roleRef", "Which role."), ("subjects", "For whom.")],
        "EndpointSlice" => [("endpoints", "The endpoints."), ("ports", "Their ports.")],
        _ => [("spec", "What is wanted."), ("status", "What is.")],
    };
}
