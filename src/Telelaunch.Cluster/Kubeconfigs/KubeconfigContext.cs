using System.Security.Cryptography.X509Certificates;
using Telelaunch.Net;

namespace Telelaunch.Cluster;

/// <summary>Turns the chosen context of merged kubeconfig files into a way to the cluster.</summary>
internal sealed class KubeconfigContext(KubeconfigFiles files, KubeconfigOptions options, TimeProvider time)
{
    private string Read => string.Join(", ", files.Read);

    public Kubeconfig Resolve()
    {
        var contextName = options.Context ?? files.CurrentContext ?? throw new ClusterException(
            "context-not-set",
            $"No context is current in {Read}.",
            $"Name one with --context, or run `kubectl config use-context NAME`. Known: {Known(files.Contexts)}.");
        var context = Entry(files.Contexts, contextName, "context", "--context");
        var clusterName = context.Text("cluster") ?? throw context.Malformed($"the context {contextName} names no cluster");
        var cluster = Entry(files.Clusters, clusterName, "cluster", "cluster of the context " + contextName);
        var user = context.Text("user") is { } userName ? Entry(files.Users, userName, "user", "user of the context " + contextName) : null;
        var authorities = Authorities(cluster);
        if (user?.Text("as-uid") is not null || user?.Find("as-user-extra") is not null)
            throw new ClusterException("auth-not-supported", $"The kubeconfig {user.File} impersonates with as-uid or as-user-extra, which Telelaunch doesn't send.", "Leave them out, or impersonate with --as and --as-group.");
        return new(Server(cluster), Credentials(user, cluster))
        {
            ContextName = contextName,
            ClusterName = clusterName,
            Namespace = options.Namespace ?? context.Text("namespace") ?? "default",
            Authorities = authorities,
            InsecureSkipTlsVerify = cluster.Flag("insecure-skip-tls-verify"),
            TlsServerName = cluster.Text("tls-server-name"),
            Proxy = Proxy(cluster),
            ImpersonatedUser = options.As ?? user?.Text("as"),
            ImpersonatedGroups = options.As is null && options.AsGroups.Count == 0 && user is not null ? user.Texts("as-groups") : options.AsGroups,
        };
    }

    private static KubeconfigNode Entry(IReadOnlyDictionary<string, KubeconfigNode> entries, string name, string kind, string source) =>
        entries.TryGetValue(name, out var entry) ? entry : throw new ClusterException(
            kind + "-not-found",
            $"The kubeconfig has no {kind} \"{name}\" ({source}).",
            $"Known: {Known(entries)}.");

    private static string Known(IReadOnlyDictionary<string, KubeconfigNode> entries) =>
        entries.Count == 0 ? "none" : string.Join(", ", entries.Keys.Order(StringComparer.Ordinal));

    private static Uri Server(KubeconfigNode cluster)
    {
        var server = cluster.Text("server") ?? throw cluster.Malformed("the cluster names no server");
        // As client-go: a server without a scheme is reached over TLS.
        var address = server.Contains("://", StringComparison.Ordinal) ? server : "https://" + server;
        return Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri.Scheme is "https" or "http"
            ? uri
            : throw cluster.Malformed("server isn't an https:// address");
    }

    private static X509Certificate2Collection? Authorities(KubeconfigNode cluster)
    {
        if (cluster.Flag("insecure-skip-tls-verify") || CertificateFiles.Read(cluster, "certificate-authority") is not { } pem)
            return null;
        return CertificateFiles.Authorities(pem, $"certificate-authority of the kubeconfig {cluster.File}");
    }

    private static Uri? Proxy(KubeconfigNode cluster)
    {
        if (cluster.Text("proxy-url") is not { } text)
            return null;
        return Uri.TryCreate(text, UriKind.Absolute, out var proxy) && proxy.Scheme is "http" or "https" or "socks5"
            ? proxy
            : throw cluster.Malformed("proxy-url must begin with http://, https:// or socks5://");
    }

    private CredentialSource Credentials(KubeconfigNode? user, KubeconfigNode cluster)
    {
        var certificate = user is null ? null : Certificate(user);
        if (options.Token is { } given)
            return new FixedCredential(new(given, null)); // A server takes a certificate before a token: with both, the token would count for nothing.
        if (user is null)
            return new FixedCredential(new(null, null));
        if (user.FilePath("tokenFile") is { } tokenFile)
            return new TokenFileCredential(tokenFile, certificate, time);
        if (user.Text("token") is { } token)
            return new FixedCredential(new(token, certificate));
        if (user.Mapping("exec") is { } exec)
            return new ExecCredential(ExecPlugin.Read(exec, cluster), time);
        RefuseUnsupported(user);
        return new FixedCredential(new(null, certificate));
    }

    private static void RefuseUnsupported(KubeconfigNode user)
    {
        if (user.Mapping("auth-provider") is { } provider)
        {
            var name = provider.Text("name") ?? "";
            throw new ClusterException(
                "auth-not-supported",
                $"The kubeconfig {user.File} logs in with the auth-provider \"{name}\", which Kubernetes has removed and Telelaunch doesn't speak.",
                name switch
                {
                    "gcp" => "Install gke-gcloud-auth-plugin and run `gcloud container clusters get-credentials CLUSTER`, which writes an exec plugin; or give --token.",
                    "azure" => "Install kubelogin and run `kubelogin convert-kubeconfig`, which writes an exec plugin; or give --token.",
                    "oidc" => "Use the exec plugin of kubelogin (`kubectl oidc-login setup`); or give --token.",
                    _ => "Use an exec credential plugin, a client certificate or a token; or give --token.",
                });
        }

        if (user.Text("username") is not null || user.Text("password") is not null)
            throw new ClusterException(
                "auth-not-supported",
                $"The kubeconfig {user.File} logs in with username and password (line {user.Line}), which Kubernetes has removed in 1.19.",
                "Use a client certificate, a token or an exec credential plugin; or give --token.");
    }

    private static ClientCertificate? Certificate(KubeconfigNode user)
    {
        if (CertificateFiles.Read(user, "client-certificate") is not { } certificate)
            return null;
        var key = CertificateFiles.Read(user, "client-key") ?? throw user.Malformed("client-certificate has no client-key");
        return CertificateFiles.Client(certificate, key, $"client-certificate of the kubeconfig {user.File}");
    }
}
