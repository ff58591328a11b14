namespace Telelaunch.Cluster;

/// <summary>The service account of the Pod that this process runs in ("Accessing the Kubernetes API from a Pod").</summary>
internal static class InClusterKubeconfig
{
    /// <summary>Null when this process doesn't run in a Pod that has a service account.</summary>
    public static Kubeconfig? TryLoad(KubeconfigOptions options, KubeconfigSurroundings surroundings, TimeProvider time)
    {
        var host = surroundings.Variable("KUBERNETES_SERVICE_HOST");
        var port = surroundings.Variable("KUBERNETES_SERVICE_PORT");
        var tokenFile = Path.Combine(surroundings.ServiceAccountDirectory, "token");
        var authorityFile = Path.Combine(surroundings.ServiceAccountDirectory, "ca.crt");
        if (string.IsNullOrEmpty(host) || !ushort.TryParse(port, out var portNumber) || !File.Exists(tokenFile) || !File.Exists(authorityFile))
            return null;

        var namespaceFile = Path.Combine(surroundings.ServiceAccountDirectory, "namespace");
        var podNamespace = File.Exists(namespaceFile) ? File.ReadAllText(namespaceFile).Trim() : "";
        CredentialSource credentials = options.Token is { } token
            ? new FixedCredential(new(token, null))
            : new TokenFileCredential(tokenFile, null, time);
        // UriBuilder puts an IPv6 address into brackets.
        return new(new UriBuilder("https", host, portNumber).Uri, credentials)
        {
            ContextName = "in-cluster",
            ClusterName = "in-cluster",
            Namespace = options.Namespace ?? (podNamespace.Length > 0 ? podNamespace : "default"),
            Authorities = CertificateFiles.Authorities(File.ReadAllBytes(authorityFile), authorityFile),
            ImpersonatedUser = options.As,
            ImpersonatedGroups = options.AsGroups,
        };
    }
}
