using Xunit;

namespace Telelaunch.EndToEnd.Dotnet;

/// <summary>The Service <c>grpc</c>, while a class of tests needs it.</summary>
public sealed class GrpcWorkload(TestCluster cluster) : IAsyncLifetime
{
    private string Manifests => Path.Combine(cluster.Scratch, "grpc-workload.yaml");

    public async Task InitializeAsync()
    {
        var manifests = await File.ReadAllTextAsync(Path.Combine(TestCluster.Root, "integration", "grpc-workload.yaml"));
        await File.WriteAllTextAsync(Manifests, manifests.Replace("docker.io/library/python:3.12-slim", TestCluster.PythonImage, StringComparison.Ordinal));
        await cluster.KubectlAsync("apply", "-f", Manifests);
        await cluster.KubectlAsync("rollout", "status", "deployment/grpc", "--timeout=120s");
    }

    public Task DisposeAsync() => cluster.KubectlAsync("delete", "-f", Manifests, "--wait=false");
}
