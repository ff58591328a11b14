using System.Text.Json.Nodes;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Access;

/// <summary>Nobody hands out rights that he doesn't have himself. See "Privilege escalation prevention" in the Kubernetes RBAC reference.</summary>
public sealed class Escalation(RbacAuthorizer authorizer)
{
    /// <summary>Refuses a Role or binding that grants more than the caller holds.</summary>
    /// <exception cref="StatusException">403 with one missing rule a line; 404 if a binding's role doesn't exist.</exception>
    public void Check(ResourceKind kind, JsonObject obj, Caller caller)
    {
        var isRole = kind == ResourceKinds.Roles || kind == ResourceKinds.ClusterRoles;
        var isBinding = kind == ResourceKinds.RoleBindings || kind == ResourceKinds.ClusterRoleBindings;
        if ((!isRole && !isBinding) || caller.IsMaster)
            return;
        var roleRef = obj["roleRef"];
        var rules = isRole ? [.. obj["rules"].Items()] : authorizer.RulesOf(roleRef, obj.Namespace);
        if (rules is null)
            throw StatusException.NotFound(kind, roleRef.At("name").Text());
        var (verb, resource, name) = isRole ? ("escalate", kind.Plural, obj.Name)
            : ("bind", roleRef.At("kind").Text() == "ClusterRole" ? "clusterroles" : "roles", roleRef.At("name").Text());
        if (authorizer.Decide(caller, new(verb, kind.Group, resource, "", obj.Namespace, name)).Allowed)
            return;
        var held = authorizer.RulesFor(caller, obj.Namespace);
        var missing = rules.SelectMany(Simple).Where(want => !held.Any(rule => Covers(rule, want))).ToList();
        if (missing.Count == 0)
            return;
        var groups = string.Join(' ', caller.Groups.Select(g => $"\"{g}\""));
        throw new StatusException(403, "Forbidden",
            $"{kind.QualifiedName} \"{obj.Name}\" is forbidden: user \"{caller.Name}\" (groups=[{groups}]) is attempting to grant RBAC permissions not currently held:\n"
                + string.Join('\n', Compact(missing)),
            StatusException.DetailsOf(kind, obj.Name));
    }

    private static IEnumerable<SimpleRule> Simple(JsonObject rule)
    {
        foreach (var verb in RbacAuthorizer.Texts(rule, "verbs"))
        {
            foreach (var url in RbacAuthorizer.Texts(rule, "nonResourceURLs"))
                yield return new("", "", url, "", verb);
            foreach (var group in RbacAuthorizer.Texts(rule, "apiGroups"))
            {
                foreach (var resource in RbacAuthorizer.Texts(rule, "resources"))
                {
                    foreach (var name in RbacAuthorizer.Texts(rule, "resourceNames").DefaultIfEmpty(""))
                        yield return new(group, resource, null, name, verb);
                }
            }
        }
    }

    private static bool Covers(JsonObject rule, SimpleRule want)
    {
        var slash = want.Resource.IndexOf('/', StringComparison.Ordinal);
        var (resource, subresource) = slash < 0 ? (want.Resource, "") : (want.Resource[..slash], want.Resource[(slash + 1)..]);
        return RbacAuthorizer.Allows(rule, new(want.Verb, want.Group, resource, subresource, "", want.Name) { Path = want.Url });
    }

    private static IEnumerable<string> Compact(IEnumerable<SimpleRule> rules) =>
        rules.GroupBy(r => (r.Group, r.Resource, r.Url, r.Name))
            .OrderBy(g => g.Key.Group, StringComparer.Ordinal).ThenBy(g => g.Key.Resource, StringComparer.Ordinal)
            .Select(g =>
            {
                var verbs = $"Verbs:[{string.Join(' ', g.Select(r => $"\"{r.Verb}\"").Distinct())}]";
                var names = g.Key.Name.Length == 0 ? "" : $"ResourceNames:[\"{g.Key.Name}\"], ";
                return g.Key.Url is not null ? $"{{NonResourceURLs:[\"{g.Key.Url}\"], {verbs}}}"
                    : $"{{APIGroups:[\"{g.Key.Group}\"], Resources:[\"{g.Key.Resource}\"], {names}{verbs}}}";
            });

    private sealed record SimpleRule(string Group, string Resource, string? Url, string Name, string Verb);
}
