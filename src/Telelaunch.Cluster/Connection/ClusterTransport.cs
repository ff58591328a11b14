using System.Net;
using System.Net.Http.Headers;

namespace Telelaunch.Cluster;

/// <summary>Carries every request to the API server, REST and WebSocket alike: TLS, proxy, credentials, impersonation.</summary>
/// <remarks>A 401 is tried once more with a renewed credential, if there is one to be had.</remarks>
internal sealed class ClusterTransport(Kubeconfig kubeconfig) : HttpMessageHandler
{
    private readonly Lock _lock = new();
    private readonly ServerCertificate _serverCertificate = new(kubeconfig);
    private HttpMessageInvoker? _connections;
    private ClientCertificate? _connectionsCertificate;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var credential = await kubeconfig.Credentials.GetAsync(cancellationToken);
        if (request.Content is not null)
            await request.Content.LoadIntoBufferAsync(cancellationToken);
        var response = await SendAsync(request, credential, cancellationToken);
        if (response.StatusCode != HttpStatusCode.Unauthorized)
            return response;

        var renewed = await kubeconfig.Credentials.RenewAsync(credential, cancellationToken);
        if (renewed is null)
            return response;
        response.Dispose();
        return await SendAsync(request, renewed, cancellationToken);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _connections?.Dispose();
        base.Dispose(disposing);
    }

    private Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, Credential credential, CancellationToken cancellationToken)
    {
        request.Headers.Authorization = credential.Token is { } token ? new AuthenticationHeaderValue("Bearer", token) : null;
        Impersonate(request.Headers);
        // SocketsHttpHandler takes the name for SNI and for verification from the Host header.
        if (kubeconfig.TlsServerName is { } name)
            request.Headers.Host = name;
        return Connections(credential.Certificate).SendAsync(request, cancellationToken);
    }

    private void Impersonate(HttpRequestHeaders headers)
    {
        headers.Remove("Impersonate-User");
        headers.Remove("Impersonate-Group");
        if (kubeconfig.ImpersonatedUser is { } user)
            headers.TryAddWithoutValidation("Impersonate-User", user);
        foreach (var group in kubeconfig.ImpersonatedGroups)
            headers.TryAddWithoutValidation("Impersonate-Group", group);
    }

    /// <summary>A client certificate belongs to its connections, so a renewed one gets new ones; requests in flight keep theirs.</summary>
    private HttpMessageInvoker Connections(ClientCertificate? certificate)
    {
        lock (_lock)
        {
            if (_connections is not null && ReferenceEquals(_connectionsCertificate, certificate))
                return _connections;
            _connections?.Dispose();
            _connectionsCertificate = certificate;
            return _connections = new(NewHandler(certificate));
        }
    }

    private SocketsHttpHandler NewHandler(ClientCertificate? certificate)
    {
        var handler = new SocketsHttpHandler
        {
            SslOptions = _serverCertificate.Options(certificate),
            AllowAutoRedirect = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.GZip,
            ConnectTimeout = TimeSpan.FromSeconds(15),
            // The API server closes idle connections after 90 s; never race with it.
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(60),
            // A watch on a dead path must notice.
            KeepAlivePingDelay = TimeSpan.FromSeconds(15),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(10),
            EnableMultipleHttp2Connections = true,
        };
        if (kubeconfig.Proxy is { } proxy)
        {
            // Without its user and password, which the handler's messages would show.
            var address = new UriBuilder(proxy) { UserName = "", Password = "" }.Uri;
            handler.Proxy = new WebProxy(address) { Credentials = ProxyCredentials(proxy) };
        }

        return handler;
    }

    private static NetworkCredential? ProxyCredentials(Uri proxy)
    {
        if (proxy.UserInfo.Length == 0)
            return null;
        var parts = proxy.UserInfo.Split(':', 2);
        return new(Uri.UnescapeDataString(parts[0]), parts.Length > 1 ? Uri.UnescapeDataString(parts[1]) : "");
    }
}
