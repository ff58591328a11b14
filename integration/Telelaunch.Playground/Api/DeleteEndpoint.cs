using System.Globalization;
using System.Text.Json.Nodes;
using Telelaunch.Playground.Api.Admission;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Api;

/// <summary>Answers delete requests of one object or of many.</summary>
public sealed class DeleteEndpoint(ObjectStore store)
{
    // What a real server answers with the object itself; all others with a Status, unless the object lives on for a while.
    private static readonly ResourceKind[] AnswerWithObject =
        [ResourceKinds.Pods, ResourceKinds.Services, ResourceKinds.Namespaces, ResourceKinds.ServiceAccounts, ResourceKinds.PersistentVolumeClaims, ResourceKinds.ResourceQuotas];

    public async Task DeleteAsync(ApiRequest request)
    {
        var options = await OptionsAsync(request);
        var (kind, ns, name) = (request.Kind, request.Info.StoreNamespace, request.Info.Name);
        var present = store.Get(kind, ns, name) ?? throw StatusException.NotFound(kind, name);
        CheckPreconditions(kind, present, options["preconditions"]);
        var deleted = request.DryRun || (options["dryRun"] as JsonArray)?.Any(d => d.Text() == "All") == true
            ? new DeletedObject(present, Gone: true)
            : Delete(kind, present, options) ?? throw StatusException.NotFound(kind, name);
        if (!deleted.Gone || AnswerWithObject.Contains(kind))
        {
            await request.SendObjectAsync(200, deleted.Object);
            return;
        }
        var details = StatusException.DetailsOf(kind, name);
        details["uid"] = present.Uid;
        await request.SendAsync(200, new JsonObject
        {
            ["kind"] = "Status",
            ["apiVersion"] = "v1",
            ["metadata"] = new JsonObject(),
            ["status"] = "Success",
            ["details"] = details,
        });
    }

    public async Task DeleteCollectionAsync(ApiRequest request)
    {
        if (request.Kind == ResourceKinds.Namespaces || request.Kind == ResourceKinds.Services && request.Info.Namespace.Length == 0)
            throw ApiRequest.NoSuchMethod();
        var options = await OptionsAsync(request);
        var labels = LabelSelector.Parse(request.Query("labelSelector"));
        var fields = FieldSelector.Parse(request.Kind, request.Query("fieldSelector"));
        var ns = request.Info.StoreNamespace is { Length: > 0 } given ? given : null;
        var items = store.List(request.Kind, ns).Where(o => labels.Matches(o) && fields.Matches(o)).ToList();
        if (!request.DryRun)
            items = [.. items.Select(o => Delete(request.Kind, o, options)?.Object ?? o)];
        var metadata = new JsonObject { ["resourceVersion"] = store.Version.ToString(CultureInfo.InvariantCulture) };
        await request.SendAsync(200, request.Representation.ShapedList(request.Kind, items, metadata));
    }

    /// <summary>Deletes with DeleteOptions: grace period and propagation.</summary>
    public DeletedObject? Delete(ResourceKind kind, JsonObject present, JsonObject options)
    {
        var finalizer = options["propagationPolicy"].Text() switch { "Foreground" => "foregroundDeletion", "Orphan" => "orphan", _ => null };
        if (options["orphanDependents"].IsTrue())
            finalizer = "orphan";
        if (kind == ResourceKinds.Namespaces)
        {
            store.UpdateStatus(kind, "", present.Name, ns => ns.Object("status")["phase"] = "Terminating");
            finalizer = null;
        }
        return store.Delete(kind, present.Namespace, present.Name, options["gracePeriodSeconds"]?.Number(), finalizer);
    }

    private static async Task<JsonObject> OptionsAsync(ApiRequest request)
    {
        var options = await RequestBody.ReadOptionalAsync(request.Http.Request, request.Cancellation) ?? [];
        if (request.Query("gracePeriodSeconds") is { Length: > 0 } grace)
        {
            options["gracePeriodSeconds"] = long.TryParse(grace, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var seconds) ? seconds
                : throw StatusException.BadRequest($"strconv.ParseInt: parsing \"{grace}\": invalid syntax");
        }
        if (request.Query("propagationPolicy") is { Length: > 0 } policy)
            options["propagationPolicy"] = policy;
        var errors = new FieldErrors();
        var propagation = options["propagationPolicy"].Text();
        if (propagation.Length > 0 && options["orphanDependents"] is not null)
            errors.Invalid("propagationPolicy", propagation, "orphanDependents and deletionPropagation cannot be both set");
        else if (propagation is not ("" or "Foreground" or "Background" or "Orphan"))
            errors.Unsupported("propagationPolicy", propagation, "Foreground", "Background", "Orphan", "nil");
        errors.ThrowIfAny("meta.k8s.io", "DeleteOptions", "");
        return options;
    }

    private static void CheckPreconditions(ResourceKind kind, JsonObject present, JsonNode? preconditions)
    {
        foreach (var (key, what, why) in ((string, string, string)[])
            [("uid", "UID", "The object might have been deleted and then recreated"), ("resourceVersion", "ResourceVersion", "The object might have been modified")])
        {
            var (wanted, found) = (preconditions.At(key).Text(), present.At("metadata", key).Text());
            if (wanted.Length == 0 || wanted == found)
                continue;
            throw new StatusException(409, "Conflict",
                $"Operation cannot be fulfilled on {kind.Kind} \"{present.Name}\": the {what} in the precondition ({wanted}) does not match the {what} in record ({found}). {why}",
                new() { ["name"] = present.Name, ["kind"] = kind.Kind });
        }
    }
}
