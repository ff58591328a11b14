using System.Text.Json.Nodes;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Access;

/// <summary>Decides by the stored Roles and bindings; reads them anew for each question.</summary>
public sealed class RbacAuthorizer(ObjectStore store)
{
    private const string ApiGroup = "rbac.authorization.k8s.io";

    public AccessDecision Decide(Caller caller, AccessRequest request)
    {
        if (caller.IsMaster)
            return new(true, "");
        var missing = new List<string>();
        foreach (var grant in Grants(caller, request.Namespace, missing))
        {
            if (grant.Rules.Any(rule => Allows(rule, request)))
                return new(true, grant.Why);
        }
        return new(false, missing.Count == 0 ? "" : $"RBAC: {(missing.Count == 1 ? missing[0] : $"[{string.Join(", ", missing)}]")}");
    }

    /// <summary>All rules that hold for the caller in a namespace, those of the whole cluster first.</summary>
    public IReadOnlyList<JsonObject> RulesFor(Caller caller, string ns)
    {
        var rules = Grants(caller, ns, []).SelectMany(g => g.Rules).ToList();
        if (caller.IsMaster && rules.Count == 0)
            rules.Add(BuiltInRoles.Everything());
        return rules;
    }

    /// <summary>The rules of a role that a binding in <paramref name="ns"/> refers to, or null if there is no such role.</summary>
    public IReadOnlyList<JsonObject>? RulesOf(JsonNode? roleRef, string ns)
    {
        var name = roleRef.At("name").Text();
        var role = roleRef.At("kind").Text() == "ClusterRole"
            ? store.Get(ResourceKinds.ClusterRoles, "", name)
            : store.Get(ResourceKinds.Roles, ns, name);
        return role is null ? null : [.. role["rules"].Items()];
    }

    private IEnumerable<Grant> Grants(Caller caller, string ns, List<string> missing)
    {
        foreach (var binding in store.List(ResourceKinds.ClusterRoleBindings))
        {
            if (SubjectOf(binding, caller, "") is { } subject && Grant.Of(this, binding, "", subject, missing) is { } grant)
                yield return grant;
        }
        if (ns.Length == 0)
            yield break;
        foreach (var binding in store.List(ResourceKinds.RoleBindings, ns))
        {
            if (SubjectOf(binding, caller, ns) is { } subject && Grant.Of(this, binding, ns, subject, missing) is { } grant)
                yield return grant;
        }
    }

    private static string? SubjectOf(JsonObject binding, Caller caller, string ns)
    {
        foreach (var subject in binding["subjects"].Items())
        {
            var (kind, name) = (subject["kind"].Text(), subject["name"].Text());
            var subjectNamespace = subject["namespace"].Text() is { Length: > 0 } given ? given : ns;
            if (kind == "User" && name == caller.Name || kind == "Group" && caller.Groups.Contains(name))
                return $"{kind} \"{name}\"";
            if (kind == "ServiceAccount" && caller.Name == $"system:serviceaccount:{subjectNamespace}:{name}")
                return $"{kind} \"{name}/{subjectNamespace}\"";
        }
        return null;
    }

    /// <summary>True if one rule covers the request. See "Referring to resources" in the Kubernetes RBAC reference.</summary>
    public static bool Allows(JsonObject rule, AccessRequest request)
    {
        if (!Has(rule, "verbs", request.Verb))
            return false;
        if (request.Path is not null)
            return Texts(rule, "nonResourceURLs").Any(url => url == "*" || url == request.Path || (url.EndsWith('*') && request.Path.StartsWith(url[..^1], StringComparison.Ordinal)));
        var names = Texts(rule, "resourceNames").ToList();
        return Has(rule, "apiGroups", request.Group)
            && Texts(rule, "resources").Any(r => r == "*" || r == request.ResourceWithSubresource || (request.Subresource.Length > 0 && r == $"*/{request.Subresource}"))
            && (names.Count == 0 || names.Contains(request.Name));
    }

    internal static IEnumerable<string> Texts(JsonObject rule, string key) => rule[key] is JsonArray values ? values.Select(v => v.Text()) : [];

    private static bool Has(JsonObject rule, string key, string wanted) => Texts(rule, key).Any(v => v == "*" || v == wanted);

    private sealed record Grant(IReadOnlyList<JsonObject> Rules, string Why)
    {
        public static Grant? Of(RbacAuthorizer rbac, JsonObject binding, string ns, string subject, List<string> missing)
        {
            var roleRef = binding["roleRef"];
            var (kind, role) = (roleRef.At("kind").Text(), roleRef.At("name").Text());
            if (rbac.RulesOf(roleRef, ns) is not { } rules)
            {
                missing.Add($"{(kind == "ClusterRole" ? "clusterrole" : "role")}.{ApiGroup} \"{role}\" not found");
                return null;
            }
            var name = ns.Length == 0 ? $"ClusterRoleBinding \"{binding.Name}\"" : $"RoleBinding \"{binding.Name}/{ns}\"";
            return new(rules, $"RBAC: allowed by {name} of {kind} \"{role}\" to {subject}");
        }
    }
}
