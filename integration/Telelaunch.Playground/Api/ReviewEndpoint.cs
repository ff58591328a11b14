using System.Text.Json.Nodes;
using Telelaunch.Playground.Access;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Api;

/// <summary>Questions that are answered and not stored: who am I, may I, what may I.</summary>
public sealed class ReviewEndpoint(RbacAuthorizer authorizer, TimeProvider time)
{
    private static readonly Dictionary<string, (string Group, string Kind)> Known = new()
    {
        ["selfsubjectreviews"] = ("authentication.k8s.io", "SelfSubjectReview"),
        ["selfsubjectaccessreviews"] = ("authorization.k8s.io", "SelfSubjectAccessReview"),
        ["selfsubjectrulesreviews"] = ("authorization.k8s.io", "SelfSubjectRulesReview"),
        ["subjectaccessreviews"] = ("authorization.k8s.io", "SubjectAccessReview"),
        ["localsubjectaccessreviews"] = ("authorization.k8s.io", "LocalSubjectAccessReview"),
    };

    public static IEnumerable<(string Group, string Plural, string Kind)> All => Known.Select(k => (k.Value.Group, k.Key, k.Value.Kind));

    public static bool Handles(RequestInfo info) => info.Version == "v1" && Known.TryGetValue(info.Resource, out var known) && known.Group == info.Group;

    public async Task CreateAsync(ApiRequest request)
    {
        if (request.Info.Verb != "create")
            throw ApiRequest.NoSuchMethod();
        var (group, kind) = Known[request.Info.Resource];
        var body = await RequestBody.ReadObjectAsync(request.Http.Request, $"{group}/v1", kind, request.Cancellation);
        var answer = new JsonObject { ["kind"] = kind, ["apiVersion"] = $"{group}/v1", ["metadata"] = new JsonObject() };
        if (kind == "SelfSubjectReview")
        {
            answer["metadata"] = new JsonObject { ["creationTimestamp"] = ObjectJson.Time(time.GetUtcNow()) };
            answer["status"] = new JsonObject { ["userInfo"] = UserInfo(request.Caller) };
        }
        else if (kind == "SelfSubjectRulesReview")
        {
            answer["spec"] = new JsonObject();
            answer["status"] = Rules(request.Caller, body.At("spec", "namespace").Text());
        }
        else
        {
            var spec = body.Object("spec");
            answer["spec"] = spec.DeepClone();
            answer["status"] = Decide(SubjectOf(kind, spec, request.Caller), spec);
        }
        await request.SendAsync(201, answer);
    }

    private static Caller SubjectOf(string kind, JsonObject spec, Caller caller) => kind == "SelfSubjectAccessReview" ? caller
        : new(spec["user"].Text(), [.. (spec["groups"] as JsonArray ?? []).Select(g => g.Text())], spec["uid"].Text());

    private JsonObject Decide(Caller caller, JsonObject spec)
    {
        var (resource, path) = (spec["resourceAttributes"], spec["nonResourceAttributes"]);
        if (resource is null == path is null)
        {
            const string Why = "Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified";
            throw new StatusException(422, "Invalid", $".authorization.k8s.io \"\" is invalid: spec.resourceAttributes: {Why}", new()
            {
                ["group"] = "authorization.k8s.io",
                ["causes"] = new JsonArray(new JsonObject { ["reason"] = "FieldValueInvalid", ["message"] = Why, ["field"] = "spec.resourceAttributes" }),
            });
        }
        string Of(string key) => resource.At(key).Text();
        var decision = authorizer.Decide(caller, path is not null
            ? new(path.At("verb").Text(), "", "", "", "", "") { Path = path.At("path").Text() }
            : new(Of("verb"), Of("group"), Of("resource"), Of("subresource"), Of("namespace"), Of("name")));
        var status = new JsonObject { ["allowed"] = decision.Allowed };
        if (decision.Reason.Length > 0)
            status["reason"] = decision.Reason;
        return status;
    }

    private JsonObject Rules(Caller caller, string ns)
    {
        var rules = authorizer.RulesFor(caller, ns);
        JsonArray Of(string key) => new([.. rules.Where(r => r[key].IsFilled()).Select(r => r.DeepClone())]);
        return new() { ["resourceRules"] = Of("resources"), ["nonResourceRules"] = Of("nonResourceURLs"), ["incomplete"] = false };
    }

    private static JsonObject UserInfo(Caller caller)
    {
        var info = new JsonObject { ["username"] = caller.Name };
        if (caller.Uid.Length > 0)
            info["uid"] = caller.Uid;
        info["groups"] = new JsonArray([.. caller.Groups.Select(g => JsonValue.Create(g))]);
        if (caller.CredentialId is not null)
            info["extra"] = new JsonObject { ["authentication.kubernetes.io/credential-id"] = new JsonArray(caller.CredentialId) };
        return info;
    }
}
