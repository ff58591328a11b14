using System.Security.Cryptography.X509Certificates;
using Telelaunch.Net;

namespace Telelaunch.Cluster;

/// <summary>The way to one cluster as one user: what a context of the kubeconfig, the options, or the Pod around us say.</summary>
/// <remarks>Holds secrets in memory; nothing of it is ever written or logged.</remarks>
public sealed class Kubeconfig : IDisposable
{
    internal Kubeconfig(Uri server, CredentialSource credentials)
    {
        Server = server;
        Credentials = credentials;
    }

    /// <summary>Address of the API server.</summary>
    public Uri Server { get; }

    /// <summary>What connections to the API server are made to: the server itself, or the proxy in front of it. What routes for this machine must leave this host's addresses alone.</summary>
    public Uri FirstHop => Proxy ?? (HttpClient.DefaultProxy.IsBypassed(Server) ? null : HttpClient.DefaultProxy.GetProxy(Server)) ?? Server;

    /// <summary>Name of the context; <c>in-cluster</c> when the service account of the Pod around us is used.</summary>
    public string ContextName { get; internal init; } = "";

    /// <summary>Name of the kubeconfig's cluster.</summary>
    public string ClusterName { get; internal init; } = "";

    /// <summary>The namespace to work in: <c>-n</c>, else the context's, else <c>default</c>.</summary>
    public string Namespace { get; internal init; } = "default";

    internal CredentialSource Credentials { get; }

    /// <summary>Roots that the server's certificate must lead to; null means this machine's.</summary>
    internal X509Certificate2Collection? Authorities { get; init; }

    internal bool InsecureSkipTlsVerify { get; init; }

    /// <summary>The name to ask for and to verify instead of the server address's.</summary>
    internal string? TlsServerName { get; init; }

    /// <summary>http, https or socks5 proxy; null means as HTTPS_PROXY and NO_PROXY say.</summary>
    internal Uri? Proxy { get; init; }

    internal string? ImpersonatedUser { get; init; }

    internal IReadOnlyList<string> ImpersonatedGroups { get; init; } = [];

    /// <summary>Reads the kubeconfig files, or, where there is none, the service account of the Pod around this process.</summary>
    /// <exception cref="ClusterException">
    /// <c>kubeconfig-not-found</c>, <c>kubeconfig-unreadable</c>, <c>kubeconfig-malformed</c> (file and line), <c>context-not-set</c>,
    /// <c>context-not-found</c>, <c>cluster-not-found</c>, <c>user-not-found</c>, <c>kubeconfig-file-missing</c>,
    /// <c>kubeconfig-certificate-unusable</c>, <c>auth-not-supported</c>, <c>exec-api-version</c>.
    /// </exception>
    public static Kubeconfig Load(KubeconfigOptions options) => Load(options, KubeconfigSurroundings.OfThisProcess, TimeProvider.System);

    internal static Kubeconfig Load(KubeconfigOptions options, KubeconfigSurroundings surroundings, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(options);
        var files = KubeconfigFiles.Load(options.Path, surroundings);
        if (files.Read.Count > 0)
            return new KubeconfigContext(files, options, time).Resolve();
        return InClusterKubeconfig.TryLoad(options, surroundings, time) ?? throw new ClusterException(
            "kubeconfig-not-found",
            $"There is no kubeconfig: {string.Join(", ", files.Wanted)} {(files.Wanted.Count == 1 ? "doesn't" : "don't")} exist.",
            "Name one with --kubeconfig or KUBECONFIG, or get one from the cluster's owner. Without a cluster: `make demo` starts the playground.");
    }

    public void Dispose() => Credentials.Dispose();
}
