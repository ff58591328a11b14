using System.Text.Json.Nodes;
using Telelaunch.Playground.Access;
using Telelaunch.Playground.Api.Admission;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Api;

/// <summary>Who writes, and how: what all writes of a request have in common.</summary>
/// <param name="Warnings">Gets what the client is to be warned of.</param>
public sealed record WriteContext(Caller Caller, bool DryRun, ICollection<string> Warnings)
{
    public static WriteContext ForController() => new(Caller.Controller, false, []);
}

/// <summary>The way of every object into the store: defaults, admission, validation, addresses, then the write itself.</summary>
public sealed class ObjectWriter(ObjectStore store, PodAdmission pods, ServiceAddresses addresses, Escalation escalation)
{
    /// <summary>Creates one object in a namespace ("" for cluster-scoped kinds).</summary>
    /// <exception cref="StatusException">403, 404, 409, 422: the reasons why it can't be.</exception>
    public JsonObject Create(ResourceKind kind, string ns, JsonObject given, WriteContext context)
    {
        var obj = given.Clone();
        if (kind.Namespaced)
            obj.Metadata["namespace"] = ns;
        else
            obj.Metadata.Remove("namespace");
        if (obj.Name.Length == 0 && obj.At("metadata", "generateName").Text() is { Length: > 0 } prefix)
            obj.Metadata["name"] = prefix + NameSuffix.Random(5);
        if (kind.Namespaced)
            CheckNamespace(kind, obj, ns);
        obj.Metadata.Remove("selfLink");
        Defaults.Apply(kind, obj);
        if (Defaults.InitialStatus(kind, obj) is { } status && kind != ResourceKinds.Nodes)
            obj["status"] = status;
        if (kind == ResourceKinds.Pods)
        {
            obj.Object("spec").Remove("ephemeralContainers");
            pods.Mutate(obj);
        }
        Validation.Check(kind, obj, null);
        escalation.Check(kind, obj, context.Caller);
        if (kind == ResourceKinds.Pods)
        {
            pods.CheckSecurity(obj, context.Warnings);
            pods.CheckQuota(obj);
        }
        if (obj.At("spec", "template") is not null)
            pods.WarnAboutTemplate(obj, context.Warnings);
        if (kind != ResourceKinds.Services)
            return store.Create(kind, obj, context.DryRun);
        addresses.Assign(obj, context.DryRun);
        var made = store.Create(kind, obj, context.DryRun);
        if (!context.DryRun)
            addresses.Record(made);
        return made;
    }

    /// <summary>Changes one object; <paramref name="change"/> gets a copy of it and returns what the client wants it to be.</summary>
    /// <param name="subresource">"" for the object itself, <c>status</c>, <c>ephemeralcontainers</c>…: only that part changes.</param>
    /// <exception cref="StatusException">404, 409, 422: the reasons why it can't be.</exception>
    public JsonObject Update(ResourceKind kind, string ns, string name, string subresource, Func<JsonObject, JsonObject> change, WriteContext context) =>
        store.Modify(kind, ns, name, present =>
        {
            var wanted = change(present.Clone());
            CheckIdentity(kind, present, wanted);
            return subresource switch
            {
                "" => Main(kind, present, wanted, context),
                "status" => Status(present, wanted),
                "finalize" => Part(present, wanted, "spec"),
                "ephemeralcontainers" => Ephemeral(present, wanted, context),
                _ => throw new ArgumentOutOfRangeException(nameof(subresource), subresource, "no such part"),
            };
        }, context.DryRun) ?? throw StatusException.NotFound(kind, name);

    private JsonObject Main(ResourceKind kind, JsonObject present, JsonObject wanted, WriteContext context)
    {
        if (kind.HasSubresource("status"))
            wanted = Part(wanted, present, "status");
        wanted.Metadata["name"] = present.Name;
        if (kind.Namespaced)
            wanted.Metadata["namespace"] = present.Namespace;
        Defaults.Apply(kind, wanted);
        if (kind == ResourceKinds.Services)
            KeepAddresses(present, wanted, context);
        Validation.Check(kind, wanted, present);
        if (!JsonNode.DeepEquals(present["rules"], wanted["rules"]) || !JsonNode.DeepEquals(present["subjects"], wanted["subjects"]))
            escalation.Check(kind, wanted, context.Caller);
        if (kind == ResourceKinds.Namespaces)
            pods.WarnAboutNamespace(wanted, present, context.Warnings);
        if (wanted.At("spec", "template") is not null && !JsonNode.DeepEquals(present.At("spec", "template"), wanted.At("spec", "template")))
            pods.WarnAboutTemplate(wanted, context.Warnings);
        return wanted;
    }

    private void KeepAddresses(JsonObject present, JsonObject wanted, WriteContext context)
    {
        var (was, spec) = (present.Object("spec"), wanted.Object("spec"));
        if (spec["clusterIP"] is null && spec["type"].Text() != "ExternalName")
        {
            foreach (var key in (string[])["clusterIP", "clusterIPs"])
            {
                if (was[key] is { } kept)
                    spec[key] = kept.DeepClone();
            }
        }
        foreach (var port in spec["ports"].Items().Where(p => p["nodePort"] is null && spec["type"].Text() is "NodePort" or "LoadBalancer"))
        {
            var same = was["ports"].Items().FirstOrDefault(p => p["port"].Number() == port["port"].Number() && p["nodePort"] is not null);
            if (same is not null)
                port["nodePort"] = same["nodePort"]!.DeepClone();
        }
        if (spec["clusterIP"].Text() == was["clusterIP"].Text() || was["clusterIP"].Text().Length == 0)
            addresses.Assign(wanted, context.DryRun);
    }

    private JsonObject Ephemeral(JsonObject present, JsonObject wanted, WriteContext context)
    {
        var changed = present.Clone();
        var spec = changed.Object("spec");
        spec["ephemeralContainers"] = wanted.At("spec", "ephemeralContainers")?.DeepClone() ?? new JsonArray();
        Defaults.Pod(spec, isTemplate: false);
        var errors = new FieldErrors();
        PodValidation.CheckEphemeral(spec, present.Object("spec"), errors);
        PodValidation.Check(spec, "spec", errors);
        errors.ThrowIfAny(ResourceKinds.Pods, changed.Name);
        pods.CheckSecurity(changed, context.Warnings);
        return changed;
    }

    private static JsonObject Status(JsonObject present, JsonObject wanted) => Part(present, wanted, "status");

    /// <summary><paramref name="whole"/> with one member taken from <paramref name="from"/>.</summary>
    private static JsonObject Part(JsonObject whole, JsonObject from, string member)
    {
        var made = whole.Clone();
        if (from[member] is { } value)
            made[member] = value.DeepClone();
        else
            made.Remove(member);
        return made;
    }

    private static void CheckIdentity(ResourceKind kind, JsonObject present, JsonObject wanted)
    {
        var version = wanted.At("metadata", "resourceVersion").Text();
        if (version.Length > 0 && version != present.At("metadata", "resourceVersion").Text())
            throw StatusException.Conflict(kind, present.Name, "the object has been modified; please apply your changes to the latest version and try again");
        if (wanted.Uid is { Length: > 0 } uid && uid != present.Uid)
        {
            var errors = new FieldErrors();
            errors.Invalid("metadata.uid", uid, "field is immutable");
            errors.ThrowIfAny(kind, present.Name);
        }
    }

    private void CheckNamespace(ResourceKind kind, JsonObject obj, string ns)
    {
        var found = store.Get(ResourceKinds.Namespaces, "", ns) ?? throw StatusException.NotFound(ResourceKinds.Namespaces, ns);
        if (!found.IsTerminating)
            return;
        var details = StatusException.DetailsOf(kind, obj.Name);
        details["causes"] = new JsonArray(new JsonObject
        {
            ["reason"] = "NamespaceTerminating",
            ["message"] = $"namespace {ns} is being terminated",
            ["field"] = "metadata.namespace",
        });
        throw new StatusException(403, "Forbidden",
            $"{kind.QualifiedName} \"{obj.Name}\" is forbidden: unable to create new content in namespace {ns} because it is being terminated", details);
    }
}
