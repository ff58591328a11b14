using System.Text;
using k8s;
using k8s.Models;

namespace Telelaunch.Cluster;

/// <summary>The rights that a session needs, and those that make it better.</summary>
public static class ClusterRights
{
    /// <summary>Rights in one namespace are enough for a session; they come first.</summary>
    public static IReadOnlyList<ClusterRight> All { get; } =
    [
        new("create", "", "pods", true, true, "make the agent pod"),
        new("get", "", "pods", true, true, "see that it is ready"),
        new("watch", "", "pods", true, true, "see that it is ready"),
        new("delete", "", "pods", true, true, "remove it at the end"),
        new("create", "", "secrets", true, true, "hand the session's keys to it"),
        // A WebSocket upgrade is a GET, which since Kubernetes 1.35 needs create as well.
        new("get", "", "pods/portforward", true, true, "open the tunnel"),
        new("create", "", "pods/portforward", true, true, "open the tunnel"),
        new("delete", "", "secrets", true, false, "remove the keys at once, not by the garbage collector"),
        new("list", "", "pods", true, false, "find Pod addresses, and what dead sessions left"),
        new("get", "", "pods/log", true, false, "say why an agent ended"),
        new("watch", "", "events", true, false, "say at once what holds the agent pod up"),
        new("list", "", "services", true, false, "find Service addresses and headless Services"),
        new("create", "", "services", true, false, "learn the Service range by a dry run, which makes nothing"),
        new("list", "networking.k8s.io", "servicecidrs", false, false, "learn the Service range"),
        new("list", "", "nodes", false, false, "learn the Pod ranges"),
        new("list", "", "namespaces", false, false, "know which names are namespaces"),
    ];

    /// <summary>What the restorer in the cluster needs, without which a dead session leaves work to <c>telelaunch restore</c>.</summary>
    private static IReadOnlyList<ClusterRight> OfRestorer { get; } =
    [
        .. Each("coordination.k8s.io", "leases", "say that the session lives", false, "create", "get", "list", "patch", "delete"),
        .. Each("rbac.authorization.k8s.io", "roles", "give the restorer a Role for that one workload", false, "create", "delete"),
        .. Each("rbac.authorization.k8s.io", "rolebindings", "give the restorer a Role for that one workload", false, "create", "delete"),
        .. Each("", "serviceaccounts", "give the restorer a name", false, "create", "delete"),
        .. Each("apps", "deployments", "run the restorer", false, "create", "delete"),
    ];

    /// <summary>What standing in for a workload needs besides <see cref="All"/>.</summary>
    public static IReadOnlyList<ClusterRight> OfSwap(WorkloadReference workload)
    {
        ArgumentNullException.ThrowIfNull(workload);
        var kind = workload.Kind.Plural();
        return
        [
            new("get", "apps", kind, true, true, "read the workload") { Name = workload.Name },
            new("patch", "apps", kind, true, true, "claim it, scale it down and put it back") { Name = workload.Name },
            new("patch", "", "pods", true, true, "let callers come to the agent when everything is ready"),
            new("list", "apps", kind, true, false, "find what dead sessions left swapped"),
            new("watch", "apps", kind, true, false, "say what others do to it meanwhile") { Name = workload.Name },
            new("create", "", "pods/exec", true, false, "read what the image itself puts into the environment"),
            new("get", "", "pods/exec", true, false, "read what the image itself puts into the environment"),
            new("get", "", "persistentvolumeclaims", true, false, "see who may mount its volumes at the same time"),
            new("list", "autoscaling", "horizontalpodautoscalers", true, false, "say what scales it"),
            new("list", "policy", "poddisruptionbudgets", true, false, "say what protects it"),
            .. OfRestorer,
            // Whoever makes a Role must have what it gives.
            .. kind == "deployments" ? (ClusterRight[])[] : [new("get", "apps", "deployments", true, false, "see that the restorer runs")],
        ];
    }

    /// <summary>What a new Deployment and Service need besides <see cref="All"/>.</summary>
    public static IReadOnlyList<ClusterRight> OfNewDeployment { get; } =
    [
        .. Each("apps", "deployments", "make the Deployment, and remove it", true, "create", "get", "delete"),
        .. Each("", "services", "make the Service, and remove it", true, "create", "get", "delete"),
        new("list", "", "pods", true, true, "find the Deployment's Pod"),
        .. OfRestorer.Where(right => right.Resource != "deployments"),
    ];

    /// <summary>What using an agent that is there needs besides the tunnel's own rights.</summary>
    public static IReadOnlyList<ClusterRight> OfStandingAgent { get; } =
    [
        new("get", "apps", "deployments", true, true, "find the agent"),
        new("list", "", "pods", true, true, "find its Pod"),
        new("get", "", "secrets", true, true, "read its keys"),
        new("get", "", "pods/portforward", true, true, "open the tunnel"),
        new("create", "", "pods/portforward", true, true, "open the tunnel"),
    ];

    private static IEnumerable<ClusterRight> Each(string group, string resource, string purpose, bool isRequired, params string[] verbs) =>
        verbs.Select(verb => new ClusterRight(verb, group, resource, true, isRequired, purpose));

    /// <summary>Asks the API server for each of <paramref name="rights"/> whether this user has it (SelfSubjectAccessReview), all at once.</summary>
    /// <returns>In the order of <paramref name="rights"/>. The server doesn't tell a namespace that doesn't exist from a forbidden one.</returns>
    public static async Task<IReadOnlyList<ClusterRightReview>> ReviewAsync(
        ClusterConnection connection, string podNamespace, IReadOnlyList<ClusterRight> rights, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(rights);
        return await Task.WhenAll(rights.Select(right => ReviewAsync(connection, podNamespace, right, cancellationToken)));
    }

    /// <summary>The Role (and, as comments, the ClusterRole) that <see cref="All"/> amounts to, as YAML for <c>kubectl apply</c>.</summary>
    public static string RoleText(string podNamespace) => RoleText(podNamespace, All);

    /// <summary>The same for other rights.</summary>
    public static string RoleText(string podNamespace, IReadOnlyList<ClusterRight> rights)
    {
        ArgumentNullException.ThrowIfNull(rights);
        var text = new StringBuilder();
        text.Append($"""
            apiVersion: rbac.authorization.k8s.io/v1
            kind: Role
            metadata:
              name: telelaunch
              namespace: {podNamespace}
            rules:
            # Needed.

            """);
        AppendRules(text, rights.Where(right => right is { IsNamespaced: true, IsRequired: true }), "");
        text.AppendLine("# Optional: without them sessions work, and less is found out by itself.");
        AppendRules(text, rights.Where(right => right is { IsNamespaced: true, IsRequired: false }), "");
        text.Append("""
            # Optional, cluster-wide: the exact address ranges and the list of namespaces.
            # ---
            # apiVersion: rbac.authorization.k8s.io/v1
            # kind: ClusterRole
            # metadata:
            #   name: telelaunch
            # rules:

            """);
        AppendRules(text, rights.Where(right => !right.IsNamespaced), "# ");
        return text.ToString();
    }

    private static void AppendRules(StringBuilder text, IEnumerable<ClusterRight> rights, string prefix)
    {
        foreach (var rule in rights.GroupBy(right => (right.Group, right.Resource)))
        {
            text.AppendLine($"{prefix}- apiGroups: [\"{rule.Key.Group}\"]");
            text.AppendLine($"{prefix}  resources: [\"{rule.Key.Resource}\"]");
            text.AppendLine($"{prefix}  verbs: [{string.Join(", ", rule.Select(right => $"\"{right.Verb}\""))}]");
        }
    }

    private static async Task<ClusterRightReview> ReviewAsync(ClusterConnection connection, string podNamespace, ClusterRight right, CancellationToken cancellationToken)
    {
        var parts = right.Resource.Split('/');
        var review = await connection.CallAsync(
            new ApiCall("create", "selfsubjectaccessreviews.authorization.k8s.io", null),
            (client, token) => client.AuthorizationV1.CreateSelfSubjectAccessReviewAsync(
                new V1SelfSubjectAccessReview
                {
                    ApiVersion = "authorization.k8s.io/v1",
                    Kind = "SelfSubjectAccessReview",
                    Spec = new()
                    {
                        ResourceAttributes = new()
                        {
                            Verb = right.Verb,
                            Group = right.Group,
                            Resource = parts[0],
                            Name = right.Name,
                            Subresource = parts.Length > 1 ? parts[1] : null,
                            NamespaceProperty = right.IsNamespaced ? podNamespace : null,
                        },
                    },
                },
                cancellationToken: token),
            cancellationToken);
        return new(right, review.Status?.Allowed == true, review.Status?.Reason ?? "");
    }
}
