using System.Diagnostics;
using Telelaunch.Playground.Access;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Tests.Api;

/// <summary>Real kubectl against a server in this process; skipped where there is none.</summary>
public sealed class KubectlTests(TestServer test) : IClassFixture<TestServer>, IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("playground-kubectl-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [RequiresKubectl]
    public async Task Kubectl_DrivesADeploymentFromApplyToDelete()
    {
        var manifest = Path.Combine(_directory, "hello.yaml");
        await File.WriteAllTextAsync(manifest, """
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: hello}
            spec:
              replicas: 2
              selector: {matchLabels: {app: hello}}
              template:
                metadata: {labels: {app: hello}}
                spec: {containers: [{name: web, image: "example/debian:1"}]}
            """);

        Assert.Contains("deployment.apps/hello created", await KubectlAsync("apply", "-f", manifest));
        Assert.Contains("deployment.apps/hello unchanged", await KubectlAsync("apply", "-f", manifest));
        Assert.Contains("successfully rolled out", await KubectlAsync("rollout", "status", "deployment/hello", "--timeout=20s"));
        Assert.Contains("2/2", await KubectlAsync("get", "deployment", "hello"));
        Assert.Contains("MinimumReplicasAvailable", await KubectlAsync("describe", "deployment", "hello"));
        Assert.Contains("scaled", await KubectlAsync("scale", "deployment", "hello", "--replicas=1"));
        Assert.Contains("condition met", await KubectlAsync("wait", "--for=jsonpath={.status.replicas}=1", "deployment/hello", "--timeout=20s"));
        Assert.Contains("deleted", await KubectlAsync("delete", "deployment", "hello"));
        Assert.Null(test.Store.Get(ResourceKinds.Deployments, "default", "hello"));
    }

    [RequiresKubectl]
    public async Task KubectlCreateAndCanI_WhichSendProtobuf_AreUnderstood()
    {
        Assert.Contains("configmap/settings created", await KubectlAsync("create", "configmap", "settings", "--from-literal=a=b"));
        Assert.Equal("b", test.Store.Get(ResourceKinds.ConfigMaps, "default", "settings").At("data", "a").Text());
        Assert.Contains("yes", await KubectlAsync("auth", "can-i", "create", "pods"));
        Assert.Contains("no", await KubectlAsync("auth", "can-i", "create", "pods", "--context", "limited"));
    }

    private async Task<string> KubectlAsync(params string[] arguments)
    {
        var config = Path.Combine(_directory, "kubeconfig");
        if (!File.Exists(config))
            await File.WriteAllTextAsync(config, KubeConfig.Text(test.Server.Address, test.Server.Authority, TestServer.DevToken));
        var start = new ProcessStartInfo("kubectl") { RedirectStandardOutput = true, RedirectStandardError = true, Environment = { ["KUBECONFIG"] = config, ["HOME"] = _directory } };
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return await output + await errors;
    }

    private sealed class RequiresKubectlAttribute : FactAttribute
    {
        public RequiresKubectlAttribute()
        {
            if (!(Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(d => File.Exists(Path.Combine(d, "kubectl"))))
                Skip = "kubectl is not installed";
        }
    }
}
