using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Telelaunch.Cluster.Tests;

/// <summary>A server with an authority of its own, and a directory for the kubeconfig files of one test.</summary>
internal sealed class TestCluster : IAsyncDisposable
{
    private readonly X509Certificate2 _certificate;

    private TestCluster(TestAuthority authority, X509Certificate2 certificate, TestApiServer server)
    {
        Authority = authority;
        _certificate = certificate;
        Server = server;
    }

    public TestAuthority Authority { get; }

    public TestApiServer Server { get; }

    public string Directory { get; } = System.IO.Directory.CreateTempSubdirectory("telelaunch-cluster-").FullName;

    public string Address => $"https://127.0.0.1:{Server.Port}";

    public string AuthorityData => Convert.ToBase64String(Encoding.ASCII.GetBytes(Authority.Pem));

    public static async Task<TestCluster> StartAsync(IEnumerable<string>? names = null, bool expired = false)
    {
        var authority = new TestAuthority();
        var certificate = authority.IssueServer(names ?? ["localhost"], names is null ? [IPAddress.Loopback] : [], expired);
        var server = await TestApiServer.StartAsync(certificate);
        server.On("GET /version", 200, """{"major":"1","minor":"36","gitVersion":"v1.36.2","gitCommit":"0","gitTreeState":"clean","buildDate":"2026-01-01T00:00:00Z","goVersion":"go1.26","compiler":"gc","platform":"linux/amd64"}""");
        return new(authority, certificate, server);
    }

    /// <summary>Writes a file into the directory of the test; returns its path.</summary>
    public string Write(string name, string text)
    {
        var path = Path.Combine(Directory, name);
        System.IO.Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        return path;
    }

    /// <summary>Writes an executable shell script.</summary>
    public string WriteScript(string name, string text)
    {
        var path = Write(name, "#!/bin/sh\n" + text);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }

    /// <summary>A kubeconfig with one context; <paramref name="cluster"/> and <paramref name="user"/> are lines of YAML for their entries.</summary>
    public string WriteKubeconfig(string user = "token: t", string? cluster = null, string name = "config") => Write(name, $"""
        apiVersion: v1
        kind: Config
        current-context: test
        contexts:
        - name: test
          context: {OneLine("cluster: here", "user: me", "namespace: play")}
        clusters:
        - name: here
          cluster:
        {Indent(cluster ?? $"server: {Address}\ncertificate-authority-data: {AuthorityData}")}
        users:
        - name: me
          user:
        {Indent(user)}

        """);

    public ClusterConnection Connect(string user = "token: t", string? cluster = null) =>
        new(Kubeconfig.Load(new() { Path = WriteKubeconfig(user, cluster) }));

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        _certificate.Dispose();
        Authority.Dispose();
        System.IO.Directory.Delete(Directory, recursive: true);
    }

    private static string OneLine(params string[] entries) => "{" + string.Join(", ", entries) + "}";

    private static string Indent(string lines) => string.Join('\n', lines.Split('\n').Select(line => "    " + line));
}
