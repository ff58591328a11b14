using System.Net;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using k8s;
using k8s.Models;

namespace Telelaunch.Cluster;

/// <summary>The connection to one cluster's API server.</summary>
/// <remarks>
/// Owns the <see cref="Kubeconfig"/>. May be used from many threads. Every failure is a <see cref="Net.ClusterException"/> with a stable code.
/// </remarks>
public sealed class ClusterConnection : IDisposable
{
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(30);

    private readonly ClusterTransport _transport;
    private readonly HttpClient _http;
    private readonly Kubernetes _client;

    public ClusterConnection(Kubeconfig kubeconfig)
    {
        ArgumentNullException.ThrowIfNull(kubeconfig);
        Kubeconfig = kubeconfig;
        _transport = new(kubeconfig);
        BaseAddress = new(kubeconfig.Server.AbsoluteUri.TrimEnd('/') + "/");
        _http = new(_transport, disposeHandler: false) { BaseAddress = BaseAddress, Timeout = Timeout.InfiniteTimeSpan };
        // The client is given an address and nothing else: TLS and credentials are the transport's, which never calls the client's own.
        _client = new(
            new KubernetesClientConfiguration { Host = BaseAddress.AbsoluteUri, HttpClientTimeout = AnswerTimeout },
            new TransportHandler(_transport));
    }

    public Kubeconfig Kubeconfig { get; }

    private Uri BaseAddress { get; }

    /// <summary>Version of the API server, as <c>v1.36.2</c>. Needs no rights.</summary>
    public async Task<string> GetServerVersionAsync(CancellationToken cancellationToken)
    {
        // The client asks for /version/, which not every proxy takes for /version.
        using var response = await GetAsync(new ApiCall("get", "/version", null), "version", cancellationToken);
        try
        {
            await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
            using var document = await JsonDocument.ParseAsync(body, cancellationToken: cancellationToken);
            return document.RootElement.GetProperty("gitVersion").GetString() ?? "";
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw ApiFailure.NotKubernetes(Kubeconfig, error);
        }
    }

    /// <summary>Opens a port-forward to one TCP port on the loopback of a Pod.</summary>
    /// <returns>
    /// An open WebSocket of <c>v4.channel.k8s.io</c>, owned by the caller: channel 0 is data, 1 is errors, the first frame on each
    /// is the port (two bytes, little-endian). That nobody listens is told on channel 1 afterwards.
    /// </returns>
    /// <exception cref="Net.ClusterException">
    /// <c>forbidden</c> (get and create on pods/portforward are needed), <c>pod-not-found</c>, <c>port-forward-refused</c>, and those of every call.
    /// </exception>
    public async Task<WebSocket> OpenPortForwardAsync(string podNamespace, string podName, int podPort, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(podPort, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(podPort, ushort.MaxValue);
        var call = new ApiCall("open", "pods/portforward", podNamespace);
        return await OpenWebSocketAsync(
            call, $"{PodPath(podNamespace, podName)}/portforward?ports={podPort}", "v4.channel.k8s.io",
            (status, body) => PortForwardRefusal.Explain(status, body, call, Kubeconfig), cancellationToken);
    }

    /// <summary>Starts a command in a container of a Pod, without standard input and without a terminal.</summary>
    /// <returns>
    /// An open WebSocket of <c>v5.channel.k8s.io</c>, owned by the caller: channel 1 is standard output, 2 standard error, 3 the Status at the end.
    /// That there is no such command is told there, too.
    /// </returns>
    /// <exception cref="Net.ClusterException">
    /// <c>forbidden</c> (get and create on pods/exec are needed), <c>pod-not-found</c>, <c>exec-refused</c>, and those of every call.
    /// </exception>
    internal Task<WebSocket> OpenExecAsync(string podNamespace, string podName, string container, IReadOnlyList<string> command, CancellationToken cancellationToken)
    {
        var call = new ApiCall("open", "pods/exec", podNamespace);
        var words = string.Concat(command.Select(word => $"command={Uri.EscapeDataString(word)}&"));
        return OpenWebSocketAsync(
            call, $"{PodPath(podNamespace, podName)}/exec?{words}stdout=true&stderr=true&container={Uri.EscapeDataString(container)}", "v5.channel.k8s.io",
            (status, body) => ExecRefusal.Explain(status, body, call, Kubeconfig), cancellationToken);
    }

    private static string PodPath(string podNamespace, string podName) =>
        $"api/v1/namespaces/{Uri.EscapeDataString(podNamespace)}/pods/{Uri.EscapeDataString(podName)}";

    private async Task<WebSocket> OpenWebSocketAsync(
        ApiCall call, string path, string subProtocol, Func<HttpStatusCode, string, Net.ClusterException> explain, CancellationToken cancellationToken)
    {
        var uri = new Uri(BaseAddress, path);
        var webSocket = new ClientWebSocket();
        webSocket.Options.AddSubProtocol(subProtocol);
        // HTTP/2 of an API server has no upgrade; this offers http/1.1 alone in ALPN.
        webSocket.Options.HttpVersion = HttpVersion.Version11;
        webSocket.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        // Without a KeepAliveTimeout these are unsolicited pongs: they keep the path open, and a reader that waits can't be taken for a dead one.
        webSocket.Options.KeepAliveInterval = TimeSpan.FromSeconds(20);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(AnswerTimeout);
        try
        {
            using var upgrade = new HttpMessageInvoker(new UpgradeHandler(_transport, explain), disposeHandler: false);
            await webSocket.ConnectAsync(new UriBuilder(uri) { Scheme = uri.Scheme == Uri.UriSchemeHttps ? "wss" : "ws" }.Uri, upgrade, deadline.Token);
            return webSocket;
        }
        catch (Exception error)
        {
            webSocket.Dispose();
            cancellationToken.ThrowIfCancellationRequested();
            throw ApiFailure.Explain(error, call, Kubeconfig);
        }
    }

    public void Dispose()
    {
        _client.Dispose();
        _http.Dispose();
        _transport.Dispose();
        Kubeconfig.Dispose();
    }

    /// <summary>Makes one call of the Kubernetes client and explains its failure.</summary>
    internal async Task<T> CallAsync<T>(ApiCall call, Func<IKubernetes, CancellationToken, Task<T>> send, CancellationToken cancellationToken)
    {
        try
        {
            return await send(_client, cancellationToken);
        }
        catch (Exception error) when (error is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            throw ApiFailure.Explain(error, call, Kubeconfig);
        }
    }

    /// <summary>Sends a GET and returns when the head of a good answer is there; the body, a watch for example, may go on for ever.</summary>
    /// <param name="path">Path and query, relative to the server.</param>
    internal Task<HttpResponseMessage> GetAsync(ApiCall call, string path, CancellationToken cancellationToken) =>
        SendAsync(call, new HttpRequestMessage(HttpMethod.Get, path), cancellationToken);

    /// <summary>Deletes one object. What it was, or became, isn't looked at.</summary>
    /// <remarks>A connection kept from before may turn out to be dead only by being used: DELETE is idempotent, and is sent once more (RFC 9110 §9.2.2).</remarks>
    internal async Task DeleteAsync(ApiCall call, string path, V1DeleteOptions options, CancellationToken cancellationToken)
    {
        try
        {
            await SendDeleteAsync(call, path, options, cancellationToken);
        }
        catch (Net.ClusterException error) when (error.Code == "api-connection-lost")
        {
            await SendDeleteAsync(call, path, options, cancellationToken);
        }
    }

    /// <summary>Reads one object as the server has it, with every field that the Kubernetes client's types don't know.</summary>
    internal Task<JsonObject> ReadJsonAsync(ApiCall call, string path, CancellationToken cancellationToken) =>
        SendJsonAsync(call, new HttpRequestMessage(HttpMethod.Get, path), cancellationToken);

    /// <summary>Creates an object.</summary>
    /// <returns>It, as the server made it.</returns>
    internal Task<JsonObject> CreateJsonAsync(ApiCall call, string path, JsonNode body, CancellationToken cancellationToken) =>
        SendJsonAsync(call, new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json") }, cancellationToken);

    /// <summary>Changes an object by a JSON merge patch (RFC 7386).</summary>
    /// <returns>It, as it is now.</returns>
    internal Task<JsonObject> PatchJsonAsync(ApiCall call, string path, JsonNode patch, CancellationToken cancellationToken) =>
        SendJsonAsync(call, new HttpRequestMessage(HttpMethod.Patch, path) { Content = new StringContent(patch.ToJsonString(), Encoding.UTF8, "application/merge-patch+json") }, cancellationToken);

    private async Task SendDeleteAsync(ApiCall call, string path, V1DeleteOptions options, CancellationToken cancellationToken)
    {
        var request = new HttpRequestMessage(HttpMethod.Delete, path)
        {
            Content = new StringContent(KubernetesJson.Serialize(options), Encoding.UTF8, "application/json"),
        };
        using var response = await SendAsync(call, request, cancellationToken);
    }

    private async Task<JsonObject> SendJsonAsync(ApiCall call, HttpRequestMessage request, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(call, request, cancellationToken);
        try
        {
            await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
            return (await JsonNode.ParseAsync(body, cancellationToken: cancellationToken))!.AsObject();
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or NullReferenceException)
        {
            throw ApiFailure.NotKubernetes(Kubeconfig, error);
        }
        catch (Exception error) when (error is IOException or HttpRequestException)
        {
            throw ApiFailure.Explain(error, call, Kubeconfig);
        }
    }

    private async Task<HttpResponseMessage> SendAsync(ApiCall call, HttpRequestMessage request, CancellationToken cancellationToken)
    {
        using var sent = request;
        request.Version = HttpVersion.Version20;
        request.Headers.Accept.ParseAdd("application/json");
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(AnswerTimeout);
        HttpResponseMessage? response = null;
        try
        {
            response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, deadline.Token);
            if (response.IsSuccessStatusCode)
                return response;
            var body = await response.Content.ReadAsStringAsync(deadline.Token);
            response.Dispose();
            throw ApiRefusal.Explain(response.StatusCode, body, call, Kubeconfig);
        }
        catch (Exception error) when (error is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            response?.Dispose();
            throw ApiFailure.Explain(error, call, Kubeconfig);
        }
    }

    /// <summary>Hands the Kubernetes client's requests to the transport.</summary>
    private sealed class TransportHandler(ClusterTransport transport) : DelegatingHandler
    {
        private readonly HttpMessageInvoker _transport = new(transport, disposeHandler: false);

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            _transport.SendAsync(request, cancellationToken);
    }

    /// <summary>Reads why an upgrade was refused before <see cref="ClientWebSocket"/> throws the answer's body away.</summary>
    private sealed class UpgradeHandler(ClusterTransport transport, Func<HttpStatusCode, string, Net.ClusterException> explain) : DelegatingHandler(transport)
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var response = await base.SendAsync(request, cancellationToken);
            if (response.StatusCode == HttpStatusCode.SwitchingProtocols)
                return response;
            using (response)
                throw explain(response.StatusCode, await response.Content.ReadAsStringAsync(cancellationToken));
        }
    }
}
