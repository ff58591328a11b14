using System.Text.Json.Nodes;
using Telelaunch.Playground.Api.Admission;
using Telelaunch.Playground.Api.Patches;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Api;

/// <summary>Answers create, update and patch requests of objects and of the parts that are stored with them.</summary>
public sealed class WriteEndpoint(ObjectStore store, ObjectWriter writer, TimeProvider time)
{
    private const string Json = "application/json-patch+json";
    private const string Merge = "application/merge-patch+json";
    private const string Strategic = "application/strategic-merge-patch+json";
    private const string Apply = "application/apply-patch+yaml";

    public async Task CreateAsync(ApiRequest request)
    {
        var kind = request.Kind;
        if (kind.Namespaced && request.Info.Namespace.Length == 0)
            throw ApiRequest.NoSuchMethod();
        var obj = await RequestBody.ReadObjectAsync(request.Http.Request, kind.ApiVersion, kind.Kind, request.Cancellation);
        CheckNamespace(request, obj);
        CheckTimes(kind, obj);
        await request.SendObjectAsync(201, writer.Create(kind, request.Info.StoreNamespace, obj, request.Write()));
    }

    public async Task UpdateAsync(ApiRequest request)
    {
        var (kind, name) = (request.Kind, request.Info.Name);
        var obj = await RequestBody.ReadObjectAsync(request.Http.Request, kind.ApiVersion, kind.Kind, request.Cancellation);
        CheckNamespace(request, obj);
        CheckTimes(kind, obj);
        if (obj.Name != name)
            throw StatusException.BadRequest($"the name of the object ({obj.Name}) does not match the name on the URL ({name})");
        if (kind == ResourceKinds.Leases && obj.At("metadata", "resourceVersion").Text().Length == 0)
        {
            throw new StatusException(422, "Invalid", $"{kind.QualifiedName} \"{name}\" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update",
                InvalidDetails(kind, name, "metadata.resourceVersion", "Invalid value: 0: must be specified for an update"));
        }
        await request.SendObjectAsync(200, writer.Update(kind, request.Info.StoreNamespace, name, request.Info.Subresource, _ => obj, request.Write()));
    }

    public async Task PatchAsync(ApiRequest request)
    {
        var (kind, ns, name) = (request.Kind, request.Info.StoreNamespace, request.Info.Name);
        var type = RequestBody.MediaType(request.Http.Request);
        var text = await RequestBody.ReadTextAsync(request.Http.Request, request.Cancellation);
        if (type == Apply)
        {
            await ApplyAsync(request, text);
            return;
        }
        var change = Reader(type, text);
        await request.SendObjectAsync(200, writer.Update(kind, ns, name, request.Info.Subresource, present => Checked(kind, change(present)), request.Write()));
    }

    /// <summary>Reads a patch; the result carries it out on an object.</summary>
    /// <exception cref="StatusException">415 or 400: no patch.</exception>
    public static Func<JsonObject, JsonObject> Reader(string type, string text)
    {
        if (type is not (Json or Merge or Strategic))
            throw new StatusException(415, "UnsupportedMediaType", "415: Unsupported Media Type", []);
        var patch = RequestBody.Parse(text, "application/json", out var why) ?? throw StatusException.BadRequest($"error decoding patch: {why}");
        if (type == Json)
            return present => JsonPatch.Apply(present, patch as JsonArray ?? throw StatusException.BadRequest("error decoding patch: json: cannot unmarshal object")) as JsonObject ?? throw JsonPatch.Rejected();
        if (patch is not JsonObject changes)
            throw StatusException.BadRequest("error decoding patch: json: cannot unmarshal array");
        return type == Merge ? present => (JsonObject)MergePatch.Apply(present, changes)! : present => StrategicMergePatch.Apply(present, changes);
    }

    private async Task ApplyAsync(ApiRequest request, string text)
    {
        var (kind, ns, name) = (request.Kind, request.Info.StoreNamespace, request.Info.Name);
        var manager = request.Query("fieldManager");
        if (manager.Length == 0)
        {
            var errors = new FieldErrors();
            errors.Required("fieldManager", "is required for apply patch");
            errors.ThrowIfAny("meta.k8s.io", "PatchOptions", "");
        }
        var applied = RequestBody.Parse(text, "application/yaml", out var why) as JsonObject ?? throw StatusException.BadRequest($"error decoding YAML: {why}");
        if (applied["apiVersion"].Text().Length == 0 || applied["kind"].Text().Length == 0)
            throw StatusException.BadRequest("invalid object type: /, Kind=");
        if (applied.At("metadata", "managedFields").IsFilled())
            throw StatusException.BadRequest("metadata.managedFields must be nil");
        if (applied.Name != name)
            throw StatusException.BadRequest($"the name of the object ({applied.Name}) does not match the name on the URL ({name})");
        CheckTimes(kind, applied);
        var force = RequestInfo.IsTrue(request.Query("force"));
        JsonObject Change(JsonObject present) => ServerSideApply.Apply(present, applied, manager, force, time.GetUtcNow());
        if (store.Get(kind, ns, name) is not null)
        {
            await request.SendObjectAsync(200, writer.Update(kind, ns, name, request.Info.Subresource, Change, request.Write()));
            return;
        }
        var empty = new JsonObject { ["metadata"] = new JsonObject { ["name"] = name } };
        await request.SendObjectAsync(201, writer.Create(kind, ns, Change(empty), request.Write()));
    }

    private static void CheckNamespace(ApiRequest request, JsonObject obj)
    {
        if (obj.Namespace.Length > 0 && obj.Namespace != request.Info.StoreNamespace)
            throw StatusException.BadRequest("the namespace of the provided object does not match the namespace sent on the request");
    }

    private static void CheckTimes(ResourceKind kind, JsonObject obj)
    {
        if (kind == ResourceKinds.Leases && Validation.BadMicroTime(obj) is { } why)
            throw StatusException.BadRequest($"Lease in version \"v1\" cannot be handled as a Lease: {why}");
    }

    private static JsonObject Checked(ResourceKind kind, JsonObject obj)
    {
        if (kind != ResourceKinds.Leases || Validation.BadMicroTime(obj) is not { } why)
            return obj;
        var text = $"Invalid value: {JsonText.Compact(JsonText.Compact(obj))}: {why}";
        throw new StatusException(422, "Invalid", $" \"\" is invalid: patch: {text}",
            new() { ["causes"] = new JsonArray(new JsonObject { ["reason"] = "FieldValueInvalid", ["message"] = text, ["field"] = "patch" }) });
    }

    private static JsonObject InvalidDetails(ResourceKind kind, string name, string field, string message)
    {
        var details = StatusException.DetailsOf(kind, name);
        details["causes"] = new JsonArray(new JsonObject { ["reason"] = "FieldValueInvalid", ["message"] = message, ["field"] = field });
        return details;
    }
}
