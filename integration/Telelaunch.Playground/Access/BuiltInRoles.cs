using System.Text.Json.Nodes;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Access;

/// <summary>The roles and bindings that every cluster has, as far as the playground's resources go.</summary>
internal static class BuiltInRoles
{
    private static readonly string[] Read = ["get", "list", "watch"];
    private static readonly string[] Write = ["create", "delete", "deletecollection", "patch", "update"];
    private static readonly string[] Public = ["/healthz", "/livez", "/readyz", "/version", "/version/"];

    public static JsonObject Everything() => Rule(["*"], ["*"], ["*"]);

    public static void Install(ObjectStore store)
    {
        Role(store, "cluster-admin", Everything(), Urls("*", "*"));
        Role(store, "view", [.. ViewRules()]);
        Role(store, "edit", [.. ViewRules(), .. EditRules()]);
        Role(store, "admin", [.. ViewRules(), .. EditRules(),
            Rule([.. Read, .. Write], ["rbac.authorization.k8s.io"], ["rolebindings", "roles"]),
            Rule(["create"], ["authorization.k8s.io"], ["localsubjectaccessreviews"])]);
        Role(store, "system:basic-user",
            Rule(["create"], ["authorization.k8s.io"], ["selfsubjectaccessreviews", "selfsubjectrulesreviews"]),
            Rule(["create"], ["authentication.k8s.io"], ["selfsubjectreviews"]));
        Role(store, "system:discovery", Urls("get", ["/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi", "/openapi/*", "/readyz", "/version", "/version/"]));
        Role(store, "system:public-info-viewer", Urls("get", Public));
        Bind(store, "cluster-admin", Caller.Masters);
        Bind(store, "system:basic-user", Caller.Authenticated);
        Bind(store, "system:discovery", Caller.Authenticated);
        Bind(store, "system:public-info-viewer", Caller.Authenticated, "system:unauthenticated");
    }

    private static IEnumerable<JsonObject> ViewRules()
    {
        yield return Rule(Read, [""], ["configmaps", "endpoints", "events", "limitranges", "namespaces", "namespaces/status", "persistentvolumeclaims",
            "persistentvolumeclaims/status", "pods", "pods/log", "pods/status", "resourcequotas", "resourcequotas/status", "serviceaccounts", "services", "services/status"]);
        yield return Rule(Read, ["discovery.k8s.io"], ["endpointslices"]);
        yield return Rule(Read, ["apps"], ["deployments", "deployments/scale", "deployments/status", "replicasets", "replicasets/scale", "replicasets/status",
            "statefulsets", "statefulsets/scale", "statefulsets/status"]);
        yield return Rule(Read, ["autoscaling"], ["horizontalpodautoscalers", "horizontalpodautoscalers/status"]);
        yield return Rule(Read, ["batch"], ["jobs", "jobs/status"]);
        yield return Rule(Read, ["policy"], ["poddisruptionbudgets", "poddisruptionbudgets/status"]);
    }

    private static IEnumerable<JsonObject> EditRules()
    {
        yield return Rule([.. Read, .. Write], [""], ["pods/attach", "pods/exec", "pods/portforward", "pods/proxy", "secrets", "services/proxy"]);
        yield return Rule(["impersonate"], [""], ["serviceaccounts"]);
        yield return Rule(Write, [""], ["configmaps", "events", "persistentvolumeclaims", "pods", "serviceaccounts", "services"]);
        yield return Rule(["create"], [""], ["pods/eviction", "serviceaccounts/token"]);
        yield return Rule(Write, ["apps"], ["deployments", "deployments/scale", "replicasets", "replicasets/scale", "statefulsets", "statefulsets/scale"]);
        yield return Rule(Write, ["autoscaling"], ["horizontalpodautoscalers"]);
        yield return Rule(Write, ["batch"], ["jobs"]);
        yield return Rule(Write, ["policy"], ["poddisruptionbudgets"]);
        yield return Rule([.. Read, .. Write], ["coordination.k8s.io"], ["leases"]);
    }

    private static JsonObject Rule(string[] verbs, string[] groups, string[] resources) =>
        new() { ["verbs"] = Texts(verbs), ["apiGroups"] = Texts(groups), ["resources"] = Texts(resources) };

    private static JsonObject Urls(string verb, params string[] urls) => new() { ["verbs"] = Texts([verb]), ["nonResourceURLs"] = Texts(urls) };

    private static JsonArray Texts(string[] values) => [.. values.Select(v => JsonValue.Create(v))];

    private static void Role(ObjectStore store, string name, params JsonObject[] rules) =>
        store.Create(ResourceKinds.ClusterRoles, new() { ["metadata"] = Metadata(name), ["rules"] = new JsonArray([.. rules]) });

    private static void Bind(ObjectStore store, string role, params string[] groups) =>
        store.Create(ResourceKinds.ClusterRoleBindings, new()
        {
            ["metadata"] = Metadata(role),
            ["roleRef"] = new JsonObject { ["apiGroup"] = "rbac.authorization.k8s.io", ["kind"] = "ClusterRole", ["name"] = role },
            ["subjects"] = new JsonArray([.. groups.Select(g => new JsonObject { ["kind"] = "Group", ["apiGroup"] = "rbac.authorization.k8s.io", ["name"] = g })]),
        });

    private static JsonObject Metadata(string name) => new() { ["name"] = name, ["labels"] = new JsonObject { ["kubernetes.io/bootstrapping"] = "rbac-defaults" } };
}
