using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Telelaunch.Net;

namespace Telelaunch.Cluster.Tests;

public sealed class KubeconfigTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("telelaunch-kubeconfig-").FullName;
    private readonly Dictionary<string, string> _variables = [];

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void NothingThere_SaysWhereItLooked()
    {
        var error = Assert.Throws<ClusterException>(() => Load(new()));

        Assert.Equal("kubeconfig-not-found", error.Code);
        Assert.Contains(Path.Combine(_directory, "home", ".kube", "config"), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ExplicitFileMissing_IsAnErrorEvenIfTheDefaultExists()
    {
        Write("home/.kube/config", Config("default"));

        var error = Assert.Throws<ClusterException>(() => Load(new() { Path = Path.Combine(_directory, "nosuch") }));

        Assert.Equal("kubeconfig-not-found", error.Code);
    }

    [Fact]
    public void DefaultFile_IsRead()
    {
        Write("home/.kube/config", Config("default"));

        using var kubeconfig = Load(new());

        Assert.Equal("https://default.example/", kubeconfig.Server.AbsoluteUri);
        Assert.Equal("ns-default", kubeconfig.Namespace);
        Assert.Equal("default", kubeconfig.ContextName);
    }

    [Fact]
    public void List_FirstWins_MissingFilesAreSkipped()
    {
        var first = Write("one/config", Config("a").Replace("a.example", "first.example", StringComparison.Ordinal));
        var second = Write("two/config", Config("a") + "- {name: x, user: {token: x}}\n");
        var third = Write("three/config", Config("b"));
        _variables["KUBECONFIG"] = string.Join(':', Path.Combine(_directory, "nosuch"), first, "", second, third);

        using var current = Load(new());
        using var other = Load(new() { Context = "b", Namespace = "mine" });

        Assert.Equal("first.example", current.Server.Host);
        Assert.Equal("b.example", other.Server.Host);
        Assert.Equal("mine", other.Namespace);
    }

    [Fact]
    public async Task RelativePaths_AreRelativeToTheirOwnFile()
    {
        using var authority = new TestAuthority();
        Write("two/ca.crt", authority.Pem);
        Write("two/token", "from-two\n");
        var first = Write("one/config", "current-context: b\n");
        var second = Write("two/config", Config("b").Replace("server:", "certificate-authority: ca.crt, server:", StringComparison.Ordinal).Replace("token: secret", "tokenFile: ./token", StringComparison.Ordinal));
        _variables["KUBECONFIG"] = first + ":" + second;

        using var kubeconfig = Load(new());

        Assert.Equal(authority.Certificate.Thumbprint, kubeconfig.Authorities!.Single().Thumbprint);
        Assert.Equal("from-two", (await kubeconfig.Credentials.GetAsync(CancellationToken.None)).Token);
    }

    [Theory]
    [InlineData("clusters:\n- name: a\n  cluster: {server: x\n  bad: ]\n", 3)]
    [InlineData("clusters:\n- name: a\n  cluster:\n    server: 'x\n", 4)]
    [InlineData("clusters:\n- name: a\n  name: b\n", 3)]
    [InlineData("current-context: a\nclusters: 7\n", 2)]
    [InlineData("current-context: a\ncontexts:\n- context: {}\n", 3)]
    [InlineData("just text", 1)]
    [InlineData("current-context: a\ncontexts:\n- {name: a, context: {cluster: c}}\nclusters:\n- name: c\n  cluster: {server: https://a, certificate-authority-data: '?'}\n", 6)]
    [InlineData("current-context: a\ncontexts:\n- {name: a, context: {cluster: c}}\nclusters:\n- name: c\n  cluster:\n    insecure-skip-tls-verify: maybe\n    server: https://a\n", 7)]
    public void Malformed_NamesFileAndLine(string text, int line)
    {
        var path = Write("bad", text);

        var error = Assert.Throws<ClusterException>(() => Load(new() { Path = path }));

        Assert.Equal("kubeconfig-malformed", error.Code);
        Assert.Contains($"{path} is malformed at line {line}:", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("context", "nosuch", "context-not-found")]
    [InlineData("cluster: a", "cluster: nosuch", "cluster-not-found")]
    [InlineData("user: a", "user: nosuch", "user-not-found")]
    [InlineData("current-context: a", "", "context-not-set")]
    public void UnknownNames_AreToldWithTheKnownOnes(string from, string to, string code)
    {
        var path = Write("config", code == "context-not-found" ? Config("a") : Config("a").Replace(from, to, StringComparison.Ordinal));

        var error = Assert.Throws<ClusterException>(() => Load(new() { Path = path, Context = code == "context-not-found" ? to : null }));

        Assert.Equal(code, error.Code);
        Assert.Contains("Known: a.", error.Remedy, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("auth-provider: {name: gcp}", "auth-not-supported", "gke-gcloud-auth-plugin")]
    [InlineData("auth-provider: {name: azure}", "auth-not-supported", "kubelogin")]
    [InlineData("username: joe, password: hunter2", "auth-not-supported", "token")]
    [InlineData("exec: {apiVersion: client.authentication.k8s.io/v1alpha1, command: x}", "exec-api-version", "Update")]
    [InlineData("client-certificate: nosuch.crt, client-key: nosuch.key", "kubeconfig-file-missing", "log in")]
    [InlineData("client-certificate-data: YQ==, client-key-data: YQ==", "kubeconfig-certificate-unusable", "log in")]
    public void UnusableUsers_AreRefusedByNameWithoutTheirSecrets(string user, string code, string remedy)
    {
        var path = Write("config", Config("a").Replace("token: secret", user, StringComparison.Ordinal));

        var error = Assert.Throws<ClusterException>(() => Load(new() { Path = path }));

        Assert.Equal(code, error.Code);
        Assert.Contains(remedy, error.Remedy, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task TokenOption_WinsOverTheUser()
    {
        var path = Write("config", Config("a").Replace("token: secret", "username: joe, password: hunter2", StringComparison.Ordinal));

        using var kubeconfig = Load(new() { Path = path, Token = "given" });

        Assert.Equal("given", (await kubeconfig.Credentials.GetAsync(CancellationToken.None)).Token);
    }

    [Fact]
    public async Task InCluster_IsUsedWhenThereIsNoKubeconfig()
    {
        using var authority = new TestAuthority();
        Write("serviceaccount/token", "pod-token");
        Write("serviceaccount/ca.crt", authority.Pem);
        Write("serviceaccount/namespace", "shop");
        _variables["KUBERNETES_SERVICE_HOST"] = "fd00::1";
        _variables["KUBERNETES_SERVICE_PORT"] = "443";

        using var kubeconfig = Load(new());

        Assert.Equal("https://[fd00::1]/", kubeconfig.Server.AbsoluteUri);
        Assert.Equal("shop", kubeconfig.Namespace);
        Assert.Equal("pod-token", (await kubeconfig.Credentials.GetAsync(CancellationToken.None)).Token);
    }

    [Fact]
    public async Task RotatedTokenFile_IsReadAgainAfterA401()
    {
        await using var cluster = await TestCluster.StartAsync();
        var file = cluster.Write("token", "old");
        cluster.Server.Gate = async context =>
        {
            if (context.Request.Headers.Authorization == "Bearer new")
                return false;
            File.WriteAllText(file, "new");
            await TestApiServer.WriteAsync(context, 401, """{"kind":"Status","code":401}""");
            return true;
        };
        using var connection = cluster.Connect($"tokenFile: {file}");

        Assert.Equal("v1.36.2", await connection.GetServerVersionAsync(CancellationToken.None));
        Assert.Equal(["Bearer old", "Bearer new"], cluster.Server.Seen.Select(request => request.Headers["Authorization"]));
    }

    [Theory]
    [InlineData("rsa-pkcs1")]
    [InlineData("rsa-pkcs8")]
    [InlineData("ec-sec1")]
    [InlineData("ec-pkcs8")]
    public async Task ClientCertificate_IsShown(string kind)
    {
        await using var cluster = await TestCluster.StartAsync();
        using AsymmetricAlgorithm key = kind.StartsWith("rsa", StringComparison.Ordinal) ? RSA.Create(2048) : ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = cluster.Authority.IssueClient("jane", key);
        var keyPem = kind switch
        {
            "rsa-pkcs1" => ((RSA)key).ExportRSAPrivateKeyPem(),
            "ec-sec1" => ((ECDsa)key).ExportECPrivateKeyPem(),
            _ => key.ExportPkcs8PrivateKeyPem(),
        };
        cluster.Write("jane.crt", certificate.ExportCertificatePem());
        var keyData = Convert.ToBase64String(System.Text.Encoding.ASCII.GetBytes(keyPem));
        using var connection = cluster.Connect($"client-certificate: jane.crt\nclient-key-data: {keyData}");

        await connection.GetServerVersionAsync(CancellationToken.None);

        Assert.Equal("CN=jane", cluster.Server.Seen.Single().ClientCertificate);
        Assert.DoesNotContain("Authorization", cluster.Server.Seen.Single().Headers.Keys);
    }

    [Fact]
    public async Task ProxyUrl_CarriesRestAndWebSocket()
    {
        await using var cluster = await TestCluster.StartAsync();
        await using var proxy = new TestConnectProxy();
        using var connection = cluster.Connect(cluster: $"server: {cluster.Address}\ncertificate-authority-data: {cluster.AuthorityData}\nproxy-url: http://user:pa%20ss@127.0.0.1:{proxy.Port}");

        await connection.GetServerVersionAsync(CancellationToken.None);
        var refused = await Assert.ThrowsAsync<ClusterException>(() => connection.OpenPortForwardAsync("play", "nosuch", 1, CancellationToken.None));

        Assert.Equal("api-not-found", refused.Code);
        Assert.Equal(2, proxy.Asked.Count);
        Assert.All(proxy.Asked, head => Assert.StartsWith($"CONNECT 127.0.0.1:{cluster.Server.Port} ", head, StringComparison.Ordinal));
    }

    [Fact]
    public async Task HttpsProxy_IsVerifiedByItsOwnName()
    {
        await using var cluster = await TestCluster.StartAsync();
        using var certificate = cluster.Authority.IssueServer(["localhost"], []);
        await using var proxy = new TestConnectProxy(certificate: certificate);
        string Cluster(string host) => $"server: {cluster.Address}\ncertificate-authority-data: {cluster.AuthorityData}\nproxy-url: https://{host}:{proxy.Port}";
        using var connection = cluster.Connect(cluster: Cluster("localhost"));
        using var wrongName = cluster.Connect(cluster: Cluster("127.0.0.1"));

        Assert.Equal("v1.36.2", await connection.GetServerVersionAsync(CancellationToken.None));
        var error = await Assert.ThrowsAsync<ClusterException>(() => wrongName.GetServerVersionAsync(CancellationToken.None));

        Assert.Equal("tls-wrong-name", error.Code);
        Assert.Single(proxy.Asked);
    }

    [Fact]
    public async Task Socks5Proxy_CarriesTheConnection()
    {
        await using var cluster = await TestCluster.StartAsync();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var serving = ServeSocksAsync(listener);
        using (var connection = cluster.Connect(cluster: $"server: {cluster.Address}\ncertificate-authority-data: {cluster.AuthorityData}\nproxy-url: socks5://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}"))
            Assert.Equal("v1.36.2", await connection.GetServerVersionAsync(CancellationToken.None));

        Assert.Equal(cluster.Server.Port, await serving);
    }

    /// <summary>One connection through a SOCKS5 proxy (RFC 1928) without authentication; returns the port that was asked for.</summary>
    private static async Task<int> ServeSocksAsync(TcpListener listener)
    {
        using var app = await listener.AcceptTcpClientAsync();
        var stream = app.GetStream();
        var greeting = new byte[2];
        await stream.ReadExactlyAsync(greeting);
        await stream.ReadExactlyAsync(new byte[greeting[1]]);
        await stream.WriteAsync(new byte[] { 5, 0 });
        // VER 5 | CMD 1 connect | RSV | ATYP 1 IPv4 | ADDR 4 | PORT 2
        var request = new byte[10];
        await stream.ReadExactlyAsync(request);
        Assert.Equal([5, 1, 0, 1], request[..4]);
        var port = (request[8] << 8) | request[9];
        using var server = new TcpClient();
        await server.ConnectAsync(new IPAddress(request.AsSpan(4, 4)), port);
        await stream.WriteAsync(new byte[] { 5, 0, 0, 1, 0, 0, 0, 0, 0, 0 });
        var back = server.GetStream().CopyToAsync(stream);
        await stream.CopyToAsync(server.GetStream());
        server.Client.Shutdown(SocketShutdown.Send);
        await back;
        return port;
    }

    [Fact]
    public async Task ProxyThatRefuses_IsToldApart()
    {
        await using var cluster = await TestCluster.StartAsync();
        await using var proxy = new TestConnectProxy("HTTP/1.1 403 Forbidden");
        using var connection = cluster.Connect(cluster: $"server: {cluster.Address}\nproxy-url: http://user:secret@127.0.0.1:{proxy.Port}");

        var error = await Assert.ThrowsAsync<ClusterException>(() => connection.GetServerVersionAsync(CancellationToken.None));

        Assert.Equal("api-proxy-failed", error.Code);
        Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
    }

    /// <summary>Files that would be followed for ever, or deeper than a stack.</summary>
    [Theory]
    [InlineData("a: &a [x, *a]\n", "alias of nothing")]
    [InlineData("a: >b\nc:\n- {d: e}\n-\n  f\n", "isn't valid YAML")]
    public void HostileYaml_IsMalformed(string text, string why)
    {
        var error = Assert.Throws<ClusterException>(() => Load(new() { Path = Write("config", text) }));

        Assert.Equal("kubeconfig-malformed", error.Code);
        Assert.Contains(why, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void NestingWithoutEnd_IsMalformed()
    {
        var error = Assert.Throws<ClusterException>(() => Load(new() { Path = Write("config", "a: " + new string('[', 200_000)) }));

        Assert.Contains("nested more than 100 deep", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AliasesOfAliases_AreCountedAsWhatTheyStandFor()
    {
        string bomb = "a0: &a0 [x]\n" + string.Concat(Enumerable.Range(1, 50).Select(i => $"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n"));

        var error = Assert.Throws<ClusterException>(() => Load(new() { Path = Write("config", bomb) }));

        Assert.Contains("more than 100000 values", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Aliases_AreFollowed()
    {
        Write("home/.kube/config", "x: &names {name: default, context: {cluster: default, user: default} }\n" + Config("default").Replace("contexts:", "contexts:\n- *names", StringComparison.Ordinal));

        using var kubeconfig = Load(new());

        Assert.Equal("default", kubeconfig.ContextName);
    }

    [Fact]
    public void ClusterInfoWithAKeyThatIsNoText_IsMalformed()
    {
        string config = Config("a")
            .Replace("cluster: {server:", "cluster: {extensions: [{name: client.authentication.k8s.io/exec, extension: {[x]: y} }], server:", StringComparison.Ordinal)
            .Replace("token: secret", "exec: {apiVersion: client.authentication.k8s.io/v1, command: x, interactiveMode: Never, provideClusterInfo: true}", StringComparison.Ordinal);

        var error = Assert.Throws<ClusterException>(() => Load(new() { Path = Write("config", config) }));

        Assert.Equal("kubeconfig-malformed", error.Code);
    }

    private Kubeconfig Load(KubeconfigOptions options) => Kubeconfig.Load(
        options,
        new KubeconfigSurroundings(_variables.GetValueOrDefault, Path.Combine(_directory, "home"), Path.Combine(_directory, "serviceaccount")),
        TimeProvider.System);

    private string Write(string name, string text)
    {
        var path = Path.Combine(_directory, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        return path;
    }

    private static string Config(string name) => $$"""
        current-context: {{name}}
        contexts:
        - {name: {{name}}, context: {cluster: {{name}}, user: {{name}}, namespace: ns-{{name}} } }
        clusters:
        - {name: {{name}}, cluster: {server: "https://{{name}}.example"} }
        users:
        - {name: {{name}}, user: {token: secret} }

        """;
}
