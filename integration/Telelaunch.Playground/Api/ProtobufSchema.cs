namespace Telelaunch.Playground.Api;

// One line a message:  Name: number name type, …
// Types: s string, b bytes (as base64), i integer, t bool, q Quantity, p IntOrString, T Time (ignored), Name of a message;
// [x] repeated, {x} map from string.

/// <summary>The messages that kubectl sends as protobuf, as the generated.proto files of k8s.io/api number them.</summary>
/// <remarks>Only those kinds that kubectl's typed clients create; everything else of kubectl's is JSON.</remarks>
internal static class ProtobufSchema
{
    private const string Text = """
        ObjectMeta: 1 name s, 2 generateName s, 3 namespace s, 5 uid s, 6 resourceVersion s, 7 generation i, 8 creationTimestamp T, 11 labels {s}, 12 annotations {s}, 13 ownerReferences [OwnerReference], 14 finalizers [s], 17 managedFields [Ignored]
        OwnerReference: 1 kind s, 3 name s, 4 uid s, 5 apiVersion s, 6 controller t, 7 blockOwnerDeletion t
        ConfigMap: 1 metadata ObjectMeta, 2 data {s}, 3 binaryData {b}, 4 immutable t
        Secret: 1 metadata ObjectMeta, 2 data {b}, 3 type s, 4 stringData {s}, 5 immutable t
        Namespace: 1 metadata ObjectMeta, 2 spec NamespaceSpec, 3 status Ignored
        NamespaceSpec: 1 finalizers [s]
        ServiceAccount: 1 metadata ObjectMeta, 2 secrets [ObjectReference], 3 imagePullSecrets [LocalObjectReference], 4 automountServiceAccountToken t
        ObjectReference: 1 kind s, 2 namespace s, 3 name s, 4 uid s, 5 apiVersion s, 6 resourceVersion s, 7 fieldPath s
        LocalObjectReference: 1 name s
        SelfSubjectReview: 1 metadata ObjectMeta, 2 status Ignored
        SelfSubjectAccessReview: 1 metadata ObjectMeta, 2 spec SelfSubjectAccessReviewSpec, 3 status Ignored
        SelfSubjectAccessReviewSpec: 1 resourceAttributes ResourceAttributes, 2 nonResourceAttributes NonResourceAttributes
        ResourceAttributes: 1 namespace s, 2 verb s, 3 group s, 4 version s, 5 resource s, 6 subresource s, 7 name s
        NonResourceAttributes: 1 path s, 2 verb s
        SelfSubjectRulesReview: 1 metadata ObjectMeta, 2 spec SelfSubjectRulesReviewSpec, 3 status Ignored
        SelfSubjectRulesReviewSpec: 1 namespace s
        TokenRequest: 1 metadata ObjectMeta, 2 spec TokenRequestSpec, 3 status Ignored
        TokenRequestSpec: 1 audiences [s], 3 boundObjectRef BoundObjectReference, 4 expirationSeconds i
        BoundObjectReference: 1 kind s, 2 apiVersion s, 3 name s, 4 uid s
        Role: 1 metadata ObjectMeta, 2 rules [PolicyRule]
        ClusterRole: 1 metadata ObjectMeta, 2 rules [PolicyRule]
        PolicyRule: 1 verbs [s], 2 apiGroups [s], 3 resources [s], 4 resourceNames [s], 5 nonResourceURLs [s]
        RoleBinding: 1 metadata ObjectMeta, 2 subjects [Subject], 3 roleRef RoleRef
        ClusterRoleBinding: 1 metadata ObjectMeta, 2 subjects [Subject], 3 roleRef RoleRef
        Subject: 1 kind s, 2 apiGroup s, 3 name s, 4 namespace s
        RoleRef: 1 apiGroup s, 2 kind s, 3 name s
        Eviction: 1 metadata ObjectMeta, 2 deleteOptions DeleteOptions
        DeleteOptions: 1 gracePeriodSeconds i, 2 preconditions Preconditions, 3 orphanDependents t, 4 propagationPolicy s, 5 dryRun [s]
        Preconditions: 1 uid s, 2 resourceVersion s
        ResourceQuota: 1 metadata ObjectMeta, 2 spec ResourceQuotaSpec, 3 status Ignored
        ResourceQuotaSpec: 1 hard {q}, 2 scopes [s]
        Service: 1 metadata ObjectMeta, 2 spec ServiceSpec, 3 status Ignored
        ServiceSpec: 1 ports [ServicePort], 2 selector {s}, 3 clusterIP s, 4 type s, 5 externalIPs [s], 7 sessionAffinity s, 8 loadBalancerIP s, 10 externalName s, 11 externalTrafficPolicy s, 12 healthCheckNodePort i, 13 publishNotReadyAddresses t, 18 clusterIPs [s]
        ServicePort: 1 name s, 2 protocol s, 3 port i, 4 targetPort p, 5 nodePort i, 6 appProtocol s
        Deployment: 1 metadata ObjectMeta, 2 spec DeploymentSpec, 3 status Ignored
        DeploymentSpec: 1 replicas i, 2 selector LabelSelector, 3 template PodTemplateSpec, 4 strategy DeploymentStrategy, 5 minReadySeconds i, 6 revisionHistoryLimit i, 7 paused t, 9 progressDeadlineSeconds i
        DeploymentStrategy: 1 type s
        LabelSelector: 1 matchLabels {s}
        PodTemplateSpec: 1 metadata ObjectMeta, 2 spec PodSpec
        PodSpec: 2 containers [Container], 3 restartPolicy s, 4 terminationGracePeriodSeconds i, 6 dnsPolicy s, 8 serviceAccountName s, 9 serviceAccount s, 10 nodeName s, 11 hostNetwork t, 12 hostPID t, 13 hostIPC t, 16 hostname s, 17 subdomain s, 19 schedulerName s, 24 priorityClassName s
        Container: 1 name s, 2 image s, 3 command [s], 4 args [s], 5 workingDir s, 6 ports [ContainerPort], 7 env [EnvVar], 8 resources ResourceRequirements, 13 terminationMessagePath s, 14 imagePullPolicy s, 16 stdin t, 17 stdinOnce t, 18 tty t, 20 terminationMessagePolicy s
        ContainerPort: 1 name s, 2 hostPort i, 3 containerPort i, 4 protocol s, 5 hostIP s
        EnvVar: 1 name s, 2 value s
        ResourceRequirements: 1 limits {q}, 2 requests {q}
        """;

    private static readonly Dictionary<string, Dictionary<int, (string Name, string Type)>> Messages = Text
        .Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
        .Select(line => line.Split(": ", 2))
        .ToDictionary(line => line[0], line => line[1].Split(", ").Select(f => f.Split(' ')).ToDictionary(
            f => int.Parse(f[0], System.Globalization.CultureInfo.InvariantCulture), f => (f[1], f[2])));

    /// <summary>The fields of a message by number, or null if the message is unknown.</summary>
    public static IReadOnlyDictionary<int, (string Name, string Type)>? Fields(string message) => Messages.GetValueOrDefault(message);
}
