using System.Net.WebSockets;
using Microsoft.AspNetCore.Http;
using Telelaunch.Net;

namespace Telelaunch.Cluster.Tests;

public class ClusterConnectionTests
{
    private static CancellationToken None => CancellationToken.None;

    [Fact]
    public async Task PrivateAuthorityAndIpName_Accepted()
    {
        await using var cluster = await TestCluster.StartAsync();
        using var connection = cluster.Connect();

        Assert.Equal("v1.36.2", await connection.GetServerVersionAsync(None));
        Assert.Equal("Bearer t", cluster.Server.Seen.Single().Headers["Authorization"]);
        Assert.Equal("HTTP/2", cluster.Server.Seen.Single().Protocol);
    }

    [Fact]
    public async Task PrivateAuthorityButOtherName_Refused()
    {
        await using var cluster = await TestCluster.StartAsync(names: ["other.example.com"]);
        using var connection = cluster.Connect();

        var error = await Assert.ThrowsAsync<ClusterException>(() => connection.GetServerVersionAsync(None));

        Assert.Equal("tls-wrong-name", error.Code);
        Assert.Contains("127.0.0.1", error.Message, StringComparison.Ordinal);
        Assert.Contains("other.example.com", error.Message, StringComparison.Ordinal);
        Assert.Empty(cluster.Server.Seen);
    }

    [Fact]
    public async Task OtherName_RefusedForWebSocketToo()
    {
        await using var cluster = await TestCluster.StartAsync(names: ["other.example.com"]);
        using var connection = cluster.Connect();

        var error = await Assert.ThrowsAsync<ClusterException>(() => connection.OpenPortForwardAsync("play", "p", 7778, None));

        Assert.Equal("tls-wrong-name", error.Code);
        Assert.Empty(cluster.Server.Seen);
    }

    [Fact]
    public async Task TlsServerName_IsWhatIsAskedForAndVerified()
    {
        await using var cluster = await TestCluster.StartAsync(names: ["api.internal.example"]);
        using var connection = cluster.Connect(cluster: $"server: {cluster.Address}\ncertificate-authority-data: {cluster.AuthorityData}\ntls-server-name: api.internal.example");

        Assert.Equal("v1.36.2", await connection.GetServerVersionAsync(None));
    }

    [Fact]
    public async Task TlsServerNameThatTheCertificateLacks_Refused()
    {
        await using var cluster = await TestCluster.StartAsync();
        using var connection = cluster.Connect(cluster: $"server: {cluster.Address}\ncertificate-authority-data: {cluster.AuthorityData}\ntls-server-name: api.internal.example");

        var error = await Assert.ThrowsAsync<ClusterException>(() => connection.GetServerVersionAsync(None));

        Assert.Equal("tls-wrong-name", error.Code);
    }

    [Fact]
    public async Task UnknownAuthority_Refused()
    {
        await using var cluster = await TestCluster.StartAsync();
        using var connection = cluster.Connect(cluster: $"server: {cluster.Address}");

        var error = await Assert.ThrowsAsync<ClusterException>(() => connection.GetServerVersionAsync(None));

        Assert.Equal("tls-unknown-authority", error.Code);
    }

    [Fact]
    public async Task AuthorityOfTheSameNameWithAnotherKey_Refused()
    {
        await using var cluster = await TestCluster.StartAsync();
        using var impostor = new TestAuthority();
        var file = cluster.Write("impostor.crt", impostor.Pem);
        using var connection = cluster.Connect(cluster: $"server: {cluster.Address}\ncertificate-authority: {file}");

        var error = await Assert.ThrowsAsync<ClusterException>(() => connection.GetServerVersionAsync(None));

        Assert.StartsWith("tls-", error.Code, StringComparison.Ordinal);
        Assert.Empty(cluster.Server.Seen);
    }

    [Fact]
    public async Task ExpiredServerCertificate_SaysSo()
    {
        await using var cluster = await TestCluster.StartAsync(expired: true);
        using var connection = cluster.Connect();

        // The name is missing as well when names is given; here only the time is wrong.
        var error = await Assert.ThrowsAsync<ClusterException>(() => connection.GetServerVersionAsync(None));

        Assert.Equal("tls-expired", error.Code);
    }

    [Fact]
    public async Task InsecureSkipTlsVerify_TakesAnyCertificate()
    {
        await using var cluster = await TestCluster.StartAsync(names: ["other.example.com"], expired: true);
        using var connection = cluster.Connect(cluster: $"server: {cluster.Address}\ninsecure-skip-tls-verify: true");

        Assert.Equal("v1.36.2", await connection.GetServerVersionAsync(None));
    }

    [Fact]
    public async Task ServerUnderAPath_KeepsThePath()
    {
        await using var cluster = await TestCluster.StartAsync();
        cluster.Server.On("GET /k8s/clusters/c-1/version", 200, """{"gitVersion":"v1.30.0"}""");
        cluster.Server.On("WS /k8s/clusters/c-1/api/v1/namespaces/play/pods/agent/portforward", AcceptAsync);
        using var connection = cluster.Connect(cluster: $"server: {cluster.Address}/k8s/clusters/c-1\ncertificate-authority-data: {cluster.AuthorityData}");

        Assert.Equal("v1.30.0", await connection.GetServerVersionAsync(None));
        using var webSocket = await connection.OpenPortForwardAsync("play", "agent", 7778, None);
        Assert.Equal(WebSocketState.Open, webSocket.State);
    }

    [Fact]
    public async Task PortForward_OpensV4WebSocketOverHttp11()
    {
        await using var cluster = await TestCluster.StartAsync();
        cluster.Server.On("WS /api/v1/namespaces/play/pods/agent/portforward", AcceptAsync);
        using var connection = cluster.Connect();
        await connection.GetServerVersionAsync(None);

        using var webSocket = await connection.OpenPortForwardAsync("play", "agent", 7778, None);

        Assert.Equal("v4.channel.k8s.io", webSocket.SubProtocol);
        var request = cluster.Server.Seen.Last();
        Assert.Equal("?ports=7778", request.Query);
        Assert.Equal("HTTP/1.1", request.Protocol);
        Assert.Equal("Bearer t", request.Headers["Authorization"]);
        var buffer = new byte[10];
        var frame = await webSocket.ReceiveAsync(buffer, None);
        Assert.Equal([0, 0x62, 0x1e], buffer[..frame.Count]);
    }

    [Theory]
    [InlineData(403, """{"kind":"Status","message":"pods \"agent\" is forbidden: ","reason":"Forbidden","code":403}""", "forbidden", "get and create")]
    [InlineData(403, """{"kind":"Status","message":"pods \"agent\" is forbidden: User \"dev\" cannot get resource \"pods/portforward\" in API group \"\" in the namespace \"play\"","code":403}""", "forbidden", "cannot get resource \"pods/portforward\"")]
    [InlineData(404, """{"kind":"Status","message":"pods \"agent\" not found","reason":"NotFound","code":404}""", "pod-not-found", "agent")]
    [InlineData(401, """{"kind":"Status","message":"Unauthorized","reason":"Unauthorized","code":401}""", "unauthorized", "test")]
    [InlineData(500, "error upgrading connection: pod not running", "port-forward-refused", "pod not running")]
    [InlineData(400, "query parameter \"port\" is required", "port-forward-refused", "is required")]
    [InlineData(200, "<html>login</html>", "port-forward-refused", "WebSocket")]
    public async Task PortForwardRefused_TellsWhy(int status, string body, string code, string said)
    {
        await using var cluster = await TestCluster.StartAsync();
        cluster.Server.On("WS /api/v1/namespaces/play/pods/agent/portforward", status, body);
        using var connection = cluster.Connect();

        var error = await Assert.ThrowsAsync<ClusterException>(() => connection.OpenPortForwardAsync("play", "agent", 7778, None));

        Assert.Equal(code, error.Code);
        Assert.Contains(said, error.Message, StringComparison.Ordinal);
        Assert.NotEmpty(error.Remedy);
    }

    [Fact]
    public async Task NobodyListens_RefusedWithTheCause()
    {
        await using var cluster = await TestCluster.StartAsync();
        using var connection = cluster.Connect(cluster: "server: https://127.0.0.1:1");

        var error = await Assert.ThrowsAsync<ClusterException>(() => connection.GetServerVersionAsync(None));
        var upgradeError = await Assert.ThrowsAsync<ClusterException>(() => connection.OpenPortForwardAsync("play", "agent", 1, None));

        Assert.Equal("api-unreachable", error.Code);
        Assert.Equal("api-unreachable", upgradeError.Code);
    }

    [Fact]
    public async Task UnknownServerName_SaysSo()
    {
        await using var cluster = await TestCluster.StartAsync();
        using var connection = cluster.Connect(cluster: "server: https://nosuch.invalid:6443");

        var error = await Assert.ThrowsAsync<ClusterException>(() => connection.GetServerVersionAsync(None));

        Assert.Equal("api-name-not-found", error.Code);
    }

    [Fact]
    public async Task NotAnApiServer_SaysSo()
    {
        await using var cluster = await TestCluster.StartAsync();
        cluster.Server.On("GET /version", 200, "<html>sign in</html>", "text/html");
        using var connection = cluster.Connect();

        var error = await Assert.ThrowsAsync<ClusterException>(() => connection.GetServerVersionAsync(None));

        Assert.Equal("api-not-kubernetes", error.Code);
    }

    [Fact]
    public async Task BadToken_IsTriedOnceOnly()
    {
        await using var cluster = await TestCluster.StartAsync();
        cluster.Server.On("GET /version", 401, """{"kind":"Status","message":"Unauthorized","code":401}""");
        using var connection = cluster.Connect();

        var error = await Assert.ThrowsAsync<ClusterException>(() => connection.GetServerVersionAsync(None));

        Assert.Equal("unauthorized", error.Code);
        Assert.Single(cluster.Server.Seen);
    }

    [Fact]
    public async Task Cancellation_StaysCancellation()
    {
        await using var cluster = await TestCluster.StartAsync();
        using var cancel = new CancellationTokenSource();
        cluster.Server.Gate = async context =>
        {
            await cancel.CancelAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            return true;
        };
        using var connection = cluster.Connect();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connection.OpenPortForwardAsync("play", "agent", 1, cancel.Token));
    }

    [Theory]
    [InlineData(1, null)]
    [InlineData(2, "api-connection-lost")]
    public async Task DeleteWhoseConnectionBreaks_IsSentOnceMore(int broken, string? code)
    {
        await using var cluster = await TestCluster.StartAsync();
        using var connection = cluster.Connect();
        cluster.Server.On("DELETE /api/v1/namespaces/play/pods/one", context =>
        {
            if (Interlocked.Decrement(ref broken) < 0) return TestApiServer.WriteAsync(context, 200, "{}");
            context.Abort();
            return Task.CompletedTask;
        });
        var deleted = await Record.ExceptionAsync(() =>
            connection.DeleteAsync(new ApiCall("delete", "pods", "play"), "api/v1/namespaces/play/pods/one", new(), None));
        Assert.Equal(code, (deleted as ClusterException)?.Code);
        Assert.Equal(2, cluster.Server.Seen.Count(seen => seen.Method == "DELETE"));
    }

    [Fact]
    public async Task Impersonation_IsSentInHeaders()
    {
        await using var cluster = await TestCluster.StartAsync();
        using var connection = new ClusterConnection(Kubeconfig.Load(new() { Path = cluster.WriteKubeconfig(), As = "jane", AsGroups = ["team-a", "team-b"] }));

        await connection.GetServerVersionAsync(None);

        var headers = cluster.Server.Seen.Single().Headers;
        Assert.Equal("jane", headers["Impersonate-User"]);
        Assert.Equal(["team-a", "team-b"], headers["Impersonate-Group"].Split(',', StringSplitOptions.TrimEntries));
    }

    private static async Task AcceptAsync(HttpContext context)
    {
        using var webSocket = await context.WebSockets.AcceptWebSocketAsync("v4.channel.k8s.io");
        await webSocket.SendAsync(new byte[] { 0, 0x62, 0x1e }, WebSocketMessageType.Binary, true, context.RequestAborted);
        await webSocket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, context.RequestAborted);
    }
}
