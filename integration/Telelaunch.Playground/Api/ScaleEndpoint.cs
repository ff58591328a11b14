using System.Text.Json.Nodes;
using Telelaunch.Playground.Api.Admission;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Api;

/// <summary>The <c>scale</c> subresource of Deployments, ReplicaSets and StatefulSets: autoscaling/v1 Scale.</summary>
public sealed class ScaleEndpoint(ObjectStore store, ObjectWriter writer)
{
    public async Task HandleAsync(ApiRequest request)
    {
        var (kind, ns, name) = (request.Kind, request.Info.StoreNamespace, request.Info.Name);
        var present = store.Get(kind, ns, name) ?? throw StatusException.NotFound(kind, name);
        switch (request.Info.Verb)
        {
            case "get":
                await request.SendAsync(200, Of(present));
                break;
            case "update":
                var wanted = await RequestBody.ReadObjectAsync(request.Http.Request, "autoscaling/v1", "Scale", request.Cancellation);
                await request.SendAsync(200, Set(request, _ => wanted));
                break;
            case "patch":
                var text = await RequestBody.ReadTextAsync(request.Http.Request, request.Cancellation);
                var change = WriteEndpoint.Reader(RequestBody.MediaType(request.Http.Request), text);
                await request.SendAsync(200, Set(request, change));
                break;
            default:
                throw ApiRequest.NoSuchMethod();
        }
    }

    private JsonObject Set(ApiRequest request, Func<JsonObject, JsonObject> change) =>
        Of(writer.Update(request.Kind, request.Info.StoreNamespace, request.Info.Name, "", present =>
        {
            var scale = change(Of(present));
            var replicas = scale.At("spec", "replicas").Number();
            if (replicas < 0)
            {
                var errors = new FieldErrors();
                errors.Invalid("spec.replicas", replicas, "must be greater than or equal to 0");
                errors.ThrowIfAny("autoscaling", "Scale", present.Name);
            }
            present.Object("spec")["replicas"] = replicas;
            if (scale.At("metadata", "resourceVersion") is { } version)
                present.Metadata["resourceVersion"] = version.DeepClone();
            else
                present.Metadata.Remove("resourceVersion");
            return present;
        }, request.Write()));

    // A zero is left out of spec, as Go's omitempty does.
    private static JsonObject Of(JsonObject workload)
    {
        var metadata = new JsonObject();
        foreach (var key in (string[])["name", "namespace", "uid", "resourceVersion", "creationTimestamp"])
            metadata[key] = workload.Metadata[key]?.DeepClone();
        var replicas = workload.At("spec", "replicas").Number();
        return new()
        {
            ["kind"] = "Scale",
            ["apiVersion"] = "autoscaling/v1",
            ["metadata"] = metadata,
            ["spec"] = replicas == 0 ? [] : new JsonObject { ["replicas"] = replicas },
            ["status"] = new JsonObject
            {
                ["replicas"] = workload.At("status", "replicas").Number(),
                ["selector"] = LabelSelector.OfObject(workload.At("spec", "selector"))?.ToString() ?? "",
            },
        };
    }
}
