using System.Net;

namespace Telelaunch.Impairment.Tests;

public sealed class KubeconfigThroughTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("telelaunch-impairment-");

    [Fact]
    public void ServerLeadsToTheLink_AndTheRealNameIsVerified()
    {
        string original = Write("https://api.example:6443/clusters/one");
        using var link = ImpairedLink.Start(new DnsEndPoint("localhost", 1));
        string text = File.ReadAllText(link.KubeconfigThrough(original));
        Assert.Contains($"server: https://127.0.0.1:{link.Endpoint.Port}/clusters/one\n", text, StringComparison.Ordinal);
        Assert.Contains("tls-server-name: api.example\n", text, StringComparison.Ordinal);
        Assert.Contains("server: https://other.example\n", text, StringComparison.Ordinal);
        Assert.Contains("token: secret\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void NameThatIsVerifiedAlready_Stays()
    {
        using var link = ImpairedLink.Start(new DnsEndPoint("localhost", 1));
        string text = File.ReadAllText(link.KubeconfigThrough(Write("https://10.0.0.1", "tls-server-name: api.internal")));
        Assert.Contains("tls-server-name: api.internal\n", text, StringComparison.Ordinal);
        Assert.DoesNotContain("tls-server-name: 10.0.0.1", text, StringComparison.Ordinal);
    }

    [Fact]
    public void FilesNamedRelativeToTheKubeconfig_AreStillFound()
    {
        using var link = ImpairedLink.Start(new DnsEndPoint("localhost", 1));
        string text = File.ReadAllText(link.KubeconfigThrough(Write("https://10.0.0.1", "certificate-authority: ca.crt")));
        Assert.Contains($"certificate-authority: {Path.Combine(_directory.FullName, "ca.crt")}\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void FileIsTheUsersAlone_AndGoesWithTheLink()
    {
        var link = ImpairedLink.Start(new DnsEndPoint("localhost", 1));
        string path = link.KubeconfigThrough(Write("https://10.0.0.1"));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        link.Dispose();
        Assert.False(Directory.Exists(Path.GetDirectoryName(path)));
    }

    [Fact]
    public void KubeconfigWithAProxy_IsRefused()
    {
        using var link = ImpairedLink.Start(new DnsEndPoint("localhost", 1));
        Assert.Throws<InvalidOperationException>(() => link.KubeconfigThrough(Write("https://10.0.0.1", "proxy-url: http://proxy:3128")));
    }

    [Theory]
    [InlineData("https://api.example:6443", "api.example", 6443)]
    [InlineData("https://api.example", "api.example", 443)]
    [InlineData("https://[fd00::1]:6443", "fd00::1", 6443)]
    [InlineData("api.example:6443", "api.example", 6443)]
    public void ServerOfTheCurrentContext(string server, string host, int port) =>
        Assert.Equal(new DnsEndPoint(host, port), LinkedKubeconfig.ServerOf(Write(server)));

    public void Dispose() => _directory.Delete(recursive: true);

    private string Write(string server, string more = "insecure-skip-tls-verify: false")
    {
        string path = Path.Combine(_directory.FullName, "config");
        File.WriteAllText(path, $"""
            apiVersion: v1
            kind: Config
            current-context: two
            clusters:
            - name: other
              cluster:
                server: https://other.example
            - name: main
              cluster:
                server: {server}
                {more}
            contexts:
            - name: one
              context: {"{cluster: other, user: me}"}
            - name: two
              context: {"{cluster: main, user: me}"}
            users:
            - name: me
              user:
                token: secret
            """);
        return path;
    }
}
