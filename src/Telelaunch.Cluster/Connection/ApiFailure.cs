using System.Text.Json;
using k8s.Autorest;
using Telelaunch.Net;

namespace Telelaunch.Cluster;

/// <summary>Turns what goes wrong between here and the API server into cause and remedy.</summary>
internal static class ApiFailure
{
    /// <summary>The exception to throw for <paramref name="error"/>: one that carries a cause already stays as it is.</summary>
    /// <remarks>The caller's own cancellation must not come here.</remarks>
    public static TelelaunchException Explain(Exception error, ApiCall call, Kubeconfig kubeconfig)
    {
        for (var inner = error; inner is not null; inner = inner.InnerException)
        {
            if (inner is TelelaunchException known)
                return known;
        }

        return error switch
        {
            HttpOperationException refused => ApiRefusal.Explain(refused.Response.StatusCode, refused.Response.Content ?? "", call, kubeconfig),
            HttpRequestException request => Unreachable(request, kubeconfig),
            OperationCanceledException => new ClusterException("api-timeout", $"The API server {Place(kubeconfig)} didn't answer in time ({call}).", NetworkRemedy(kubeconfig), error),
            JsonException => NotKubernetes(kubeconfig, error),
            _ when Find<HttpRequestException>(error) is { } request => Unreachable(request, kubeconfig),
            _ => new ClusterException("api-connection-lost", $"The connection to the API server {Place(kubeconfig)} broke ({call}): {error.GetBaseException().Message}", NetworkRemedy(kubeconfig), error),
        };
    }

    public static ClusterException NotKubernetes(Kubeconfig kubeconfig, Exception? error) => new(
        "api-not-kubernetes",
        $"What answers at {kubeconfig.Server.Authority} isn't a Kubernetes API server.",
        "Correct server in the kubeconfig; a login page or a proxy in between looks like this, too.",
        error);

    private static ClusterException Unreachable(HttpRequestException error, Kubeconfig kubeconfig)
    {
        var reason = error.GetBaseException().Message.TrimEnd('.');
        return error.HttpRequestError switch
        {
            HttpRequestError.NameResolutionError => new("api-name-not-found", $"The name of the API server {Place(kubeconfig)} can't be resolved: {reason}.", NetworkRemedy(kubeconfig), error),
            HttpRequestError.ProxyTunnelError => new("api-proxy-failed", $"The proxy doesn't let us through to the API server {Place(kubeconfig)}: {reason}.", "Correct proxy-url of the kubeconfig or HTTPS_PROXY, or add the server to NO_PROXY.", error),
            HttpRequestError.SecureConnectionError => new("tls-failed", $"TLS with {Place(kubeconfig)} failed: {reason}.", "See that the address in the kubeconfig is that of an API server, and that the client certificate is right.", error),
            HttpRequestError.InvalidResponse => NotKubernetes(kubeconfig, error),
            HttpRequestError.ConnectionError when Find<System.Net.Sockets.SocketException>(error) is { } socket => new(
                Errno.Of(socket) == Errno.ETIMEDOUT ? "api-timeout" : "api-unreachable",
                $"The API server {Place(kubeconfig)} can't be reached: {reason}.",
                NetworkRemedy(kubeconfig),
                error),
            _ => new("api-connection-lost", $"The connection to the API server {Place(kubeconfig)} broke: {reason}.", NetworkRemedy(kubeconfig), error),
        };
    }

    private static string Place(Kubeconfig kubeconfig) => kubeconfig.Proxy is { } proxy
        ? $"{kubeconfig.Server.Authority} (through the proxy {proxy.Authority})"
        : kubeconfig.Server.Authority;

    private static string NetworkRemedy(Kubeconfig kubeconfig) =>
        $"See that the cluster of the context {kubeconfig.ContextName} runs and that VPN and proxy are on; `kubectl version` goes the same way.";

    private static T? Find<T>(Exception error)
        where T : Exception
    {
        for (Exception? inner = error; inner is not null; inner = inner.InnerException)
        {
            if (inner is T found)
                return found;
        }

        return null;
    }
}
