using System.Text;
using System.Text.Json;
using Telelaunch.Cluster;
using Telelaunch.Fuzz.Tests.Fuzzing;
using Telelaunch.Net;

namespace Telelaunch.Fuzz.Tests.Targets;

/// <summary>What an exec credential plugin prints. The plugin is cat(1).</summary>
internal sealed class ExecCredentialTarget : FuzzTarget
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("telelaunch-fuzz-");

    public override string Name => "exec-credential";

    public override int Iterations => 300;

    public override IReadOnlyList<byte[]> Corpus { get; } =
    [
        Credential("""{"token":"secret"}"""),
        Credential("""{"token":"secret","expirationTimestamp":"2030-01-02T03:04:05Z"}"""),
        Credential($$"""{"clientCertificateData":{{Text(TestCertificate.Certificate)}},"clientKeyData":{{Text(TestCertificate.Key)}}}"""),
        Credential("""{"token":1}"""),
        Credential("""{"token":"\ud800"}"""),
        .. CorpusFiles.Regressions("exec-credential"),
    ];

    protected override Task StopAsync()
    {
        _directory.Delete(recursive: true);
        return Task.CompletedTask;
    }

    public override async Task RunAsync(byte[] input)
    {
        string path = Path.Combine(_directory.FullName, "output");
        await File.WriteAllBytesAsync(path, input);
        var plugin = new ExecPlugin { ApiVersion = "client.authentication.k8s.io/v1", Command = "/bin/cat", Arguments = [path] };
        using var credentials = new ExecCredential(plugin, TimeProvider.System);
        try
        {
            Credential credential = await credentials.GetAsync(CancellationToken.None);
            Oracle.Must(credential.Token is { Length: > 0 } || credential.Certificate is not null, "a credential without anything");
            credential.Certificate?.Certificate.Dispose();
        }
        catch (ClusterException error)
        {
            Oracle.Must(error.Code is "exec-plugin-failed" or "kubeconfig-certificate-unusable", $"the code {error.Code}");
            Oracle.Must(!error.ToString().Contains("secret", StringComparison.Ordinal), "the error shows what the plugin printed");
        }
    }

    private static byte[] Credential(string status)
        => Encoding.UTF8.GetBytes($$"""{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{{status}}}""");

    private static string Text(string text) => JsonSerializer.Serialize(text);
}
