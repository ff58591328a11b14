using System.Security.Cryptography;
using System.Text.Json;
using Telelaunch.Net;

namespace Telelaunch.Cluster.Tests;

public class ExecCredentialTests
{
    private const string V1 = "client.authentication.k8s.io/v1";

    [Fact]
    public async Task ArgumentsWithBlanksAndQuotes_ArriveAsAVector()
    {
        await using var cluster = await TestCluster.StartAsync();
        cluster.WriteScript("plugin", $$"""
            printf '%s\n' "$#" "$1" "$2" "$3" "$WITH" > "{{cluster.Directory}}/seen"
            printf '%s' "$KUBERNETES_EXEC_INFO" > "{{cluster.Directory}}/info"
            echo '{"apiVersion":"{{V1}}","kind":"ExecCredential","status":{"token":"from-plugin"} }'
            """);
        using var connection = cluster.Connect(Exec("./plugin", "args: ['two words', 'quo\"te', '']", "env: [{name: WITH, value: 'a b'}]", "provideClusterInfo: true"));

        await connection.GetServerVersionAsync(CancellationToken.None);

        Assert.Equal("Bearer from-plugin", cluster.Server.Seen.Single().Headers["Authorization"]);
        Assert.Equal(["3", "two words", "quo\"te", "", "a b"], File.ReadAllText(Path.Combine(cluster.Directory, "seen")).TrimEnd('\n').Split('\n'));
        using var info = JsonDocument.Parse(File.ReadAllText(Path.Combine(cluster.Directory, "info")));
        Assert.Equal(V1, info.RootElement.GetProperty("apiVersion").GetString());
        var spec = info.RootElement.GetProperty("spec");
        Assert.False(spec.GetProperty("interactive").GetBoolean());
        Assert.Equal(cluster.Address, spec.GetProperty("cluster").GetProperty("server").GetString());
        Assert.Equal(cluster.AuthorityData, spec.GetProperty("cluster").GetProperty("certificate-authority-data").GetString());
    }

    [Fact]
    public async Task ManyRequestsAtOnce_RunItOnce()
    {
        await using var cluster = await TestCluster.StartAsync();
        WriteCounting(cluster, "\"token\":\"t'$n'\"");
        using var connection = cluster.Connect(Exec("./plugin"));

        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => connection.GetServerVersionAsync(CancellationToken.None)));

        Assert.Equal("1", Runs(cluster));
        Assert.All(cluster.Server.Seen, request => Assert.Equal("Bearer t1", request.Headers["Authorization"]));
    }

    [Fact]
    public async Task ExpiredCredential_IsRenewedBeforeItIsUsed()
    {
        await using var cluster = await TestCluster.StartAsync();
        WriteCounting(cluster, "\"token\":\"t'$n'\",\"expirationTimestamp\":\"2020-01-01T00:00:00Z\"");
        using var connection = cluster.Connect(Exec("./plugin"));

        await connection.GetServerVersionAsync(CancellationToken.None);
        await connection.GetServerVersionAsync(CancellationToken.None);

        Assert.Equal(["Bearer t1", "Bearer t2"], cluster.Server.Seen.Select(request => request.Headers["Authorization"]));
    }

    [Fact]
    public async Task RefusedCredential_IsRenewedOnce()
    {
        await using var cluster = await TestCluster.StartAsync();
        WriteCounting(cluster, "\"token\":\"t'$n'\"");
        cluster.Server.Gate = async context =>
        {
            if (context.Request.Headers.Authorization == "Bearer t2")
                return false;
            await TestApiServer.WriteAsync(context, 401, """{"kind":"Status","code":401}""");
            return true;
        };
        using var connection = cluster.Connect(Exec("./plugin"));

        Assert.Equal("v1.36.2", await connection.GetServerVersionAsync(CancellationToken.None));
        Assert.Equal("2", Runs(cluster));
    }

    [Fact]
    public async Task AlwaysRefused_EndsAfterOneMoreTry()
    {
        await using var cluster = await TestCluster.StartAsync();
        WriteCounting(cluster, "\"token\":\"t'$n'\"");
        cluster.Server.On("GET /version", 401, """{"kind":"Status","code":401}""");
        using var connection = cluster.Connect(Exec("./plugin"));

        var error = await Assert.ThrowsAsync<ClusterException>(() => connection.GetServerVersionAsync(CancellationToken.None));

        Assert.Equal("unauthorized", error.Code);
        Assert.Equal(2, cluster.Server.Seen.Count);
    }

    [Fact]
    public async Task ClientCertificateResult_IsShown()
    {
        await using var cluster = await TestCluster.StartAsync();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = cluster.Authority.IssueClient("plugged", key);
        var credential = "{\"apiVersion\":\"" + V1 + "beta1\",\"status\":{\"clientCertificateData\":\"" + certificate.ExportCertificatePem().ReplaceLineEndings("\\n")
            + "\",\"clientKeyData\":\"" + key.ExportPkcs8PrivateKeyPem().ReplaceLineEndings("\\n") + "\"}}";
        cluster.Write("credential.json", credential);
        cluster.WriteScript("plugin", $"cat '{cluster.Directory}/credential.json'");
        using var connection = cluster.Connect($"exec:\n  apiVersion: {V1}beta1\n  command: ./plugin");

        await connection.GetServerVersionAsync(CancellationToken.None);

        Assert.Equal("CN=plugged", cluster.Server.Seen.Single().ClientCertificate);
    }

    [Theory]
    [InlineData("echo no session >&2; exit 3", "exec-plugin-failed", "exit code 3: no session")]
    [InlineData("echo secret-token", "exec-plugin-failed", "no ExecCredential")]
    [InlineData("echo '{\"apiVersion\":\"client.authentication.k8s.io/v1beta1\",\"status\":{\"token\":\"x\"}}'", "exec-plugin-failed", "apiVersion")]
    [InlineData("echo '{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"status\":{}}'", "exec-plugin-failed", "neither")]
    public async Task PluginThatFails_TellsWhyWithoutItsOutput(string script, string code, string said)
    {
        await using var cluster = await TestCluster.StartAsync();
        cluster.WriteScript("plugin", script);
        using var connection = cluster.Connect(Exec("./plugin"));

        var error = await Assert.ThrowsAsync<ClusterException>(() => connection.GetServerVersionAsync(CancellationToken.None));

        Assert.Equal(code, error.Code);
        Assert.Contains(said, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret-token", error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("./nosuch")]
    [InlineData("telelaunch-test-no-such-plugin")]
    public async Task PluginMissing_ShowsItsInstallHint(string command)
    {
        await using var cluster = await TestCluster.StartAsync();
        using var connection = cluster.Connect(Exec(command, "installHint: Get it from example.com"));

        var error = await Assert.ThrowsAsync<ClusterException>(() => connection.GetServerVersionAsync(CancellationToken.None));

        Assert.Equal("exec-plugin-missing", error.Code);
        Assert.Equal("Get it from example.com", error.Remedy);
    }

    [Fact]
    public async Task PluginThatHangs_IsKilledByCancellation()
    {
        await using var cluster = await TestCluster.StartAsync();
        cluster.WriteScript("plugin", $"echo $$ > '{cluster.Directory}/pid.new'; mv '{cluster.Directory}/pid.new' '{cluster.Directory}/pid'; exec sleep 600");
        using var connection = cluster.Connect(Exec("./plugin"));
        using var cancel = new CancellationTokenSource();
        using var watcher = new FileSystemWatcher(cluster.Directory) { EnableRaisingEvents = true };
        watcher.Renamed += (_, _) => cancel.Cancel();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connection.GetServerVersionAsync(cancel.Token));

        var pid = File.ReadAllText(Path.Combine(cluster.Directory, "pid")).Trim();
        // Killed, and at most waiting for its parent to collect it.
        Assert.True(!File.Exists($"/proc/{pid}/cmdline") || File.ReadAllText($"/proc/{pid}/cmdline").Length == 0);
    }

    private static string Exec(string command, params string[] more) =>
        string.Join("\n  ", ["exec:", $"apiVersion: {V1}", "interactiveMode: Never", $"command: {command}", .. more]);

    private static void WriteCounting(TestCluster cluster, string status) => cluster.WriteScript("plugin", $$"""
        n=$(($(cat "{{cluster.Directory}}/runs" 2>/dev/null || echo 0) + 1))
        printf '%s' "$n" > "{{cluster.Directory}}/runs"
        echo '{"apiVersion":"{{V1}}","kind":"ExecCredential","status":{ {{status}} } }'
        """);

    private static string Runs(TestCluster cluster) => File.ReadAllText(Path.Combine(cluster.Directory, "runs"));
}
