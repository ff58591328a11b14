using System.Text;
using Telelaunch.Cluster;
using Telelaunch.Fuzz.Tests.Fuzzing;
using Telelaunch.Net;

namespace Telelaunch.Fuzz.Tests.Targets;

/// <summary>A kubeconfig from anybody: loaded, or refused with one of the documented codes. No plugin of it is run.</summary>
internal sealed class KubeconfigTarget : FuzzTarget
{
    // Certificates and base URIs of a valid file; YAML's nodes have marks and lists of their own.
    private const int FixedBytes = 4 * 1024 * 1024;
    private const int BytesAByte = 8192;

    // Of Kubeconfig.Load's documentation.
    private static readonly HashSet<string> s_codes =
    [
        "kubeconfig-not-found", "kubeconfig-unreadable", "kubeconfig-malformed", "context-not-set", "context-not-found", "cluster-not-found", "user-not-found",
        "kubeconfig-file-missing", "kubeconfig-certificate-unusable", "auth-not-supported", "exec-api-version",
    ];

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("telelaunch-fuzz-");

    public override string Name => "kubeconfig";

    public override int Iterations => 3_000;

    public override int MaximumLength => 16_384;

    public override IReadOnlyList<byte[]> Corpus { get; } =
    [
        Config("server: https://one.example:6443, tls-server-name: kube, proxy-url: socks5://127.0.0.1:1080", "token: secret"),
        Config($"server: https://[::1]:6443, certificate-authority-data: {Base64(TestCertificate.Authority)}", $"client-certificate-data: {Base64(TestCertificate.Certificate)}, client-key-data: {Base64(TestCertificate.Key)}"),
        Config("server: one.example, insecure-skip-tls-verify: true, certificate-authority: ca.crt", "tokenFile: ./token, as: jane, as-groups: [a, b]"),
        Config(
            "server: https://one.example, extensions: [{name: client.authentication.k8s.io/exec, extension: {audience: a, list: [1, true, null, &x {y: z}, *x]}}]",
            "exec: {apiVersion: client.authentication.k8s.io/v1, command: ./plugin, args: [a, b], env: [{name: A, value: b}], interactiveMode: Never, provideClusterInfo: true}"),
        Config("server: http://one.example", "auth-provider: {name: gcp}"),
        "apiVersion: v1\nkind: Config\ncurrent-context: c\nclusters:\n- cluster:\n    server: \"https://a\"\n  name: a\ncontexts:\n- context:\n    cluster: a\n    namespace: >-\n      folded\n      text\n  name: c\nusers: []\n"u8.ToArray(),
        Encoding.UTF8.GetBytes("current-context: &a c\nclusters: &b [" + new string('[', 30) + new string(']', 30) + "]\ncontexts: *b\n"),
        .. CorpusFiles.Regressions("kubeconfig"),
    ];

    protected override Task StopAsync()
    {
        _directory.Delete(recursive: true);
        return Task.CompletedTask;
    }

    public override Task RunAsync(byte[] input)
    {
        string path = Path.Combine(_directory.FullName, "config");
        File.WriteAllBytes(path, input);
        var surroundings = new KubeconfigSurroundings(static _ => null, _directory.FullName, _directory.FullName);
        try
        {
            Oracle.Bounded(input.Length, FixedBytes, BytesAByte, () =>
            {
                using Kubeconfig kubeconfig = Kubeconfig.Load(new() { Path = path }, surroundings, TimeProvider.System);
                Oracle.Must(kubeconfig.Server.Scheme is "https" or "http" && kubeconfig.Server.Host.Length > 0, $"a server {kubeconfig.Server}");
                return true;
            });
        }
        catch (ClusterException error)
        {
            Oracle.Must(s_codes.Contains(error.Code), $"the code {error.Code} isn't documented");
            Oracle.Must(error.Remedy.Length > 0, "no remedy");
        }

        return Task.CompletedTask;
    }

    private static byte[] Config(string cluster, string user) => Encoding.UTF8.GetBytes($$"""
        current-context: one
        contexts:
        - {name: one, context: {cluster: one, user: one, namespace: ns} }
        clusters:
        - {name: one, cluster: {{{cluster}}} }
        users:
        - {name: one, user: {{{user}}} }

        """);

    private static string Base64(string text) => Convert.ToBase64String(Encoding.ASCII.GetBytes(text));
}
