using System.Security.Cryptography;
using Telelaunch.Bench.Measurement;

namespace Telelaunch.Bench.Cluster;

/// <summary>A namespace of the benchmark's own with its server and its sshd; it goes with all that is in it.</summary>
/// <remarks>kubectl sets it up, so that nothing of what is measured is used for measuring.</remarks>
internal sealed class BenchNamespace : IAsyncDisposable
{
    public const string Server = "server";
    public const string Sshd = "sshd";
    public const int BytesPort = 7001;

    /// <summary>The same port as HTTP, by name.</summary>
    public const string ServerUrl = "http://server:7001/";

    public const int GreetingPort = 7002;
    public const int SshPort = 8022;

    private static readonly (string Variable, string Image)[] s_images =
        [("IMAGE_PYTHON", "docker.io/library/python:3.12-slim"), ("AGENT_IMAGE", "ghcr.io/telelaunch/agent:0.1.0")];

    private readonly string _sources;
    private readonly string _scratch;

    private BenchNamespace(string kubeconfig, string sources, string scratch)
    {
        Kubeconfig = kubeconfig;
        _sources = sources;
        _scratch = scratch;
    }

    public string Kubeconfig { get; }

    public string Name { get; } = "telelaunch-bench-" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(3));

    /// <summary>The server's Service.</summary>
    public string ServerAddress { get; private set; } = "";

    /// <summary>OpenSSH's private key that the sshd lets in, a file of mode 0600.</summary>
    public string ClientKey => Path.Combine(_scratch, "client");

    /// <summary>The sshd's host key, for pinning.</summary>
    public string KnownHosts => Path.Combine(_scratch, "known_hosts");

    /// <param name="sources">Where the manifests are, and the server's script in <c>programs</c>.</param>
    /// <param name="scratch">A directory for keys.</param>
    public static async Task<BenchNamespace> CreateAsync(string kubeconfig, string sources, string scratch, CancellationToken cancellationToken)
    {
        var made = new BenchNamespace(kubeconfig, sources, scratch);
        await made.KubectlAsync(["create", "namespace", made.Name], cancellationToken);
        try
        {
            await made.MakeKeysAsync(cancellationToken);
            await made.KubectlAsync(["create", "configmap", Server, $"--from-file={Path.Combine(sources, "programs", "server.py")}"], cancellationToken);
            foreach (string file in new[] { "server.yaml", "sshd.yaml" })
                await made.ApplyAsync(file, cancellationToken);
            await made.KubectlAsync(["wait", "pod", Server, Sshd, "--for=condition=Ready", "--timeout=120s"], cancellationToken);
            made.ServerAddress = await made.ServiceAddressAsync(Server, cancellationToken);
            return made;
        }
        catch
        {
            await made.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs kubectl in the namespace.</summary>
    public Task<string> KubectlAsync(IEnumerable<string> arguments, CancellationToken cancellationToken) =>
        ChildProcess.RunAsync("kubectl", InNamespace(arguments), null, cancellationToken);

    /// <summary>Starts a kubectl in the namespace that goes on.</summary>
    /// <param name="endsWithItsInput">See <see cref="ChildProcess.Start"/>.</param>
    public ChildProcess StartKubectl(IEnumerable<string> arguments, bool endsWithItsInput = true) =>
        ChildProcess.Start("kubectl", InNamespace(arguments), endsWithItsInput: endsWithItsInput);

    /// <summary>Makes what a manifest of the benchmark says, unless it is there already. A cluster that pulls from elsewhere says so: IMAGE_PYTHON, AGENT_IMAGE.</summary>
    /// <param name="file">The manifest's name.</param>
    public async Task ApplyAsync(string file, CancellationToken cancellationToken)
    {
        string manifest = await File.ReadAllTextAsync(Path.Combine(_sources, file), cancellationToken);
        foreach (var (variable, image) in s_images)
        {
            if (Environment.GetEnvironmentVariable(variable) is { Length: > 0 } other)
                manifest = manifest.Replace(image, other, StringComparison.Ordinal);
        }

        string changed = Path.Combine(_scratch, file);
        await File.WriteAllTextAsync(changed, manifest, cancellationToken);
        await KubectlAsync(["apply", "-f", changed], cancellationToken);
    }

    /// <summary>A Service's cluster IP.</summary>
    public Task<string> ServiceAddressAsync(string service, CancellationToken cancellationToken) =>
        KubectlAsync(["get", "service", service, "-o", "jsonpath={.spec.clusterIP}"], cancellationToken);

    /// <summary>A Pod's IP.</summary>
    public Task<string> PodAddressAsync(string pod, CancellationToken cancellationToken) =>
        KubectlAsync(["get", "pod", pod, "-o", "jsonpath={.status.podIP}"], cancellationToken);

    /// <summary>Names of the agent pods that exist now.</summary>
    public async Task<string[]> AgentPodsAsync(CancellationToken cancellationToken)
    {
        string names = await KubectlAsync(["get", "pods", "-l", "app.kubernetes.io/managed-by=telelaunch", "-o", "jsonpath={.items[*].metadata.name}"], cancellationToken);
        return names.Split(' ', StringSplitOptions.RemoveEmptyEntries);
    }

    /// <summary>The processes of a Pod's container, where they can be seen from this machine; null elsewhere.</summary>
    public async Task<ProcessSet?> TryFindProcessesAsync(string pod, CancellationToken cancellationToken)
    {
        // "containerd://0123…"
        string id = await KubectlAsync(["get", "pod", pod, "-o", "jsonpath={.status.containerStatuses[0].containerID}"], cancellationToken);
        return ProcessSet.TryFindContainer(id[(id.LastIndexOf('/') + 1)..]);
    }

    public async ValueTask DisposeAsync() =>
        await KubectlAsync(["delete", "namespace", Name, "--ignore-not-found", "--timeout=60s"], CancellationToken.None);

    private string[] InNamespace(IEnumerable<string> arguments) => ["--kubeconfig", Kubeconfig, "-n", Name, .. arguments];

    private async Task MakeKeysAsync(CancellationToken cancellationToken)
    {
        foreach (string name in new[] { "host", "client" })
            await ChildProcess.RunAsync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", Path.Combine(_scratch, name)], null, cancellationToken);
        await File.WriteAllTextAsync(KnownHosts, $"bench {await File.ReadAllTextAsync(Path.Combine(_scratch, "host.pub"), cancellationToken)}", cancellationToken);
        string[] files = ["host", "client.pub"];
        await KubectlAsync(
            ["create", "secret", "generic", Sshd, .. files.Select(file => $"--from-file={file}={Path.Combine(_scratch, file)}")], cancellationToken);
    }
}
