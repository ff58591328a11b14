using System.Text.Json.Nodes;
using Xunit;

namespace Telelaunch.EndToEnd;

/// <summary>A workload of two Pods that one test swaps, with its Service, ConfigMap and Secret (integration/swap-workloads.yaml).</summary>
internal sealed class Shop : IAsyncDisposable
{
    private readonly TestCluster _cluster;

    private Shop(TestCluster cluster, string name)
    {
        _cluster = cluster;
        Name = name;
    }

    public string Name { get; }

    /// <summary>Makes it and waits until its Pods are ready.</summary>
    /// <param name="change">Changes the manifest's text.</param>
    public static async Task<Shop> CreateAsync(TestCluster cluster, string name, Func<string, string>? change = null)
    {
        var shop = new Shop(cluster, name);
        var manifests = await File.ReadAllTextAsync(Path.Combine(TestCluster.Root, "integration", "swap-workloads.yaml"));
        manifests = manifests.Replace("NAME", name, StringComparison.Ordinal).Replace("docker.io/library/python:3.12-slim", TestCluster.PythonImage, StringComparison.Ordinal);
        var file = Path.Combine(cluster.Scratch, name + ".yaml");
        await File.WriteAllTextAsync(file, change is null ? manifests : change(manifests));
        await cluster.KubectlAsync("apply", "-f", file);
        await shop.ReadyAsync();
        return shop;
    }

    /// <summary>Waits until every replica that is wanted is ready and no other Pod is left.</summary>
    public Task ReadyAsync() => _cluster.KubectlAsync("rollout", "status", $"deployment/{Name}", "--timeout=120s");

    /// <summary>Everything of the Deployment that is somebody's wish: all but its status and what the server counts up.</summary>
    public async Task<string> SnapshotAsync()
    {
        var deployment = await _cluster.GetAsync("deployment", Name);
        var metadata = deployment["metadata"]!.AsObject();
        foreach (var counted in (string[])["resourceVersion", "generation", "managedFields"]) metadata.Remove(counted);
        deployment.AsObject().Remove("status");
        return deployment.ToJsonString();
    }

    public async Task<JsonNode> DeploymentAsync() => await _cluster.GetAsync("deployment", Name);

    public async Task<int> ReplicasAsync() => (int)(await DeploymentAsync())["spec"]!["replicas"]!;

    public async Task<bool> IsClaimedAsync() => (await DeploymentAsync())["metadata"]!["annotations"]?["telelaunch.dev/swap"] is not null;

    /// <summary>What a Pod of the cluster gets from the Service; or how that failed.</summary>
    public Task<string> CallAsync(int port = 80) => CallAsync(_cluster, $"http://{Name}:{port}/");

    public static async Task<string> CallAsync(TestCluster cluster, string url)
    {
        var script = $"""
            import urllib.request
            try: print(urllib.request.urlopen("{url}", timeout=10).read().decode(), end="")
            except Exception as error: print("failed:", error)
            """;
        return await cluster.KubectlAsync("exec", "deploy/probe", "--", "python3", "-c", script);
    }

    public async ValueTask DisposeAsync() =>
        await _cluster.KubectlAsync("delete", $"deployment/{Name}", $"service/{Name}", $"configmap/{Name}", $"secret/{Name}", "--ignore-not-found", "--wait=false");
}
