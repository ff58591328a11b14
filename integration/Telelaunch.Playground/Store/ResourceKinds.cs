namespace Telelaunch.Playground.Store;

/// <summary>Every resource type of the playground. One version of each group is served.</summary>
public static class ResourceKinds
{
    public static readonly ResourceKind ConfigMaps = new("", "v1", "configmaps", "ConfigMap", true) { ShortNames = ["cm"] };
    public static readonly ResourceKind Endpoints = new("", "v1", "endpoints", "Endpoints", true) { ShortNames = ["ep"] };
    public static readonly ResourceKind Events = new("", "v1", "events", "Event", true) { ShortNames = ["ev"] };
    public static readonly ResourceKind LimitRanges = new("", "v1", "limitranges", "LimitRange", true) { ShortNames = ["limits"] };
    public static readonly ResourceKind Namespaces = new("", "v1", "namespaces", "Namespace", false) { ShortNames = ["ns"], Subresources = ["finalize", "status"] };
    public static readonly ResourceKind Nodes = new("", "v1", "nodes", "Node", false) { ShortNames = ["no"], Subresources = ["status"] };
    public static readonly ResourceKind PersistentVolumeClaims = new("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", true) { ShortNames = ["pvc"], Subresources = ["status"] };
    public static readonly ResourceKind Pods = new("", "v1", "pods", "Pod", true)
    {
        ShortNames = ["po"],
        InAll = true,
        HasGeneration = true,
        Subresources = ["ephemeralcontainers", "eviction", "exec", "log", "portforward", "status"],
    };
    public static readonly ResourceKind ResourceQuotas = new("", "v1", "resourcequotas", "ResourceQuota", true) { ShortNames = ["quota"], Subresources = ["status"] };
    public static readonly ResourceKind Secrets = new("", "v1", "secrets", "Secret", true);
    public static readonly ResourceKind ServiceAccounts = new("", "v1", "serviceaccounts", "ServiceAccount", true) { ShortNames = ["sa"], Subresources = ["token"] };
    public static readonly ResourceKind Services = new("", "v1", "services", "Service", true) { ShortNames = ["svc"], InAll = true, Subresources = ["status"] };

    public static readonly ResourceKind Deployments = Workload("deployments", "Deployment", "deploy");
    public static readonly ResourceKind ReplicaSets = Workload("replicasets", "ReplicaSet", "rs");
    public static readonly ResourceKind StatefulSets = Workload("statefulsets", "StatefulSet", "sts");
    public static readonly ResourceKind Jobs = new("batch", "v1", "jobs", "Job", true) { InAll = true, HasGeneration = true, Subresources = ["status"] };
    public static readonly ResourceKind HorizontalPodAutoscalers =
        new("autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler", true) { ShortNames = ["hpa"], InAll = true, Subresources = ["status"] };

    public static readonly ResourceKind EndpointSlices = new("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice", true) { HasGeneration = true };
    public static readonly ResourceKind Leases = new("coordination.k8s.io", "v1", "leases", "Lease", true);
    public static readonly ResourceKind ServiceCidrs = new("networking.k8s.io", "v1", "servicecidrs", "ServiceCIDR", false) { Subresources = ["status"] };
    public static readonly ResourceKind IpAddresses = new("networking.k8s.io", "v1", "ipaddresses", "IPAddress", false) { ShortNames = ["ip"] };
    public static readonly ResourceKind PodDisruptionBudgets =
        new("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", true) { ShortNames = ["pdb"], HasGeneration = true, Subresources = ["status"] };

    public static readonly ResourceKind Roles = Rbac("roles", "Role", true);
    public static readonly ResourceKind RoleBindings = Rbac("rolebindings", "RoleBinding", true);
    public static readonly ResourceKind ClusterRoles = Rbac("clusterroles", "ClusterRole", false);
    public static readonly ResourceKind ClusterRoleBindings = Rbac("clusterrolebindings", "ClusterRoleBinding", false);

    public static readonly IReadOnlyList<ResourceKind> All =
    [
        ConfigMaps, Endpoints, Events, LimitRanges, Namespaces, Nodes, PersistentVolumeClaims, Pods, ResourceQuotas, Secrets, ServiceAccounts, Services,
        Deployments, ReplicaSets, StatefulSets, HorizontalPodAutoscalers, Jobs, Leases, EndpointSlices, IpAddresses, ServiceCidrs, PodDisruptionBudgets,
        ClusterRoleBindings, ClusterRoles, RoleBindings, Roles,
    ];

    public static ResourceKind? Find(string group, string plural) => All.FirstOrDefault(k => k.Group == group && k.Plural == plural);

    public static ResourceKind? OfKind(string apiVersion, string kind) => All.FirstOrDefault(k => k.Kind == kind && k.ApiVersion == apiVersion);

    private static ResourceKind Workload(string plural, string kind, string shortName) =>
        new("apps", "v1", plural, kind, true) { ShortNames = [shortName], InAll = true, HasGeneration = true, Subresources = ["scale", "status"] };

    private static ResourceKind Rbac(string plural, string kind, bool namespaced) => new("rbac.authorization.k8s.io", "v1", plural, kind, namespaced);
}
