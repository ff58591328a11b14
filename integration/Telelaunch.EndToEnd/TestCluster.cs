using System.Text.Json.Nodes;
using Xunit;

namespace Telelaunch.EndToEnd;

/// <summary>The cluster under test: whatever the kubeconfig leads to, with the demo workloads in it.</summary>
/// <remarks>Nothing here knows how the cluster is made. <c>kubectl</c> sets up and looks; Telelaunch is only what the tests run.</remarks>
public sealed class TestCluster : IAsyncLifetime
{
    public const string Name = "cluster";

    private const string DefaultPythonImage = "docker.io/library/python:3.12-slim";

    private readonly Dictionary<string, string> _clusterAddresses = [];

    public string Kubeconfig { get; } = Environment.GetEnvironmentVariable("TELELAUNCH_E2E_KUBECONFIG")
        ?? throw new InvalidOperationException("These tests need a cluster: set TELELAUNCH_E2E_KUBECONFIG, or use `make e2e` or `make e2e-playground`.");

    public static string Root { get; } = FindRoot();

    public static string Telelaunch { get; } = Path.Combine(Root, "artifacts", "telelaunch");

    /// <summary>An image with Python 3, as this cluster can pull it.</summary>
    public static string PythonImage { get; } = Environment.GetEnvironmentVariable("IMAGE_PYTHON") is { Length: > 0 } image ? image : DefaultPythonImage;

    /// <summary>Where files of these tests are made; removed at the end.</summary>
    public string Scratch { get; } = Directory.CreateTempSubdirectory("telelaunch-e2e-").FullName;

    /// <summary>XDG_RUNTIME_DIR of these tests: sessions of others on this machine have theirs elsewhere.</summary>
    public string RuntimeDirectory => Path.Combine(Scratch, "run");

    public async Task InitializeAsync()
    {
        Directory.CreateDirectory(RuntimeDirectory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var manifests = Path.Combine(Scratch, "workloads.yaml");
        await File.WriteAllTextAsync(manifests, WithImages(await File.ReadAllTextAsync(Path.Combine(Root, "integration", "workloads.yaml"))));
        await KubectlAsync("apply", "-f", manifests);
        foreach (var workload in new[] { "deployment/hello", "deployment/echo", "deployment/db", "deployment/redis", "deployment/probe", "statefulset/web" })
            await KubectlAsync("rollout", "status", workload, "--timeout=120s");
    }

    public Task DisposeAsync()
    {
        Directory.Delete(Scratch, recursive: true);
        return Task.CompletedTask;
    }

    /// <summary>Runs kubectl and returns what it wrote; a failure fails the test.</summary>
    public async Task<string> KubectlAsync(params string[] arguments)
    {
        await using var run = await ProcessRun.CompleteAsync("kubectl", arguments, Variables());
        Assert.True(run.ExitCode == 0, $"{run}\nkubectl {string.Join(' ', arguments)}");
        return run.Output;
    }

    public async Task<JsonNode> GetAsync(params string[] arguments) => JsonNode.Parse(await KubectlAsync(["get", .. arguments, "-o", "json"]))!;

    public async Task<string> ClusterAddressAsync(string service)
    {
        if (!_clusterAddresses.TryGetValue(service, out var address))
            _clusterAddresses[service] = address = (string)(await GetAsync("service", service))["spec"]!["clusterIP"]!;
        return address;
    }

    public async Task<string> PodAddressAsync(string app)
    {
        var pods = await GetAsync("pods", "-l", $"app={app}", "--field-selector", "status.phase=Running");
        return (string)pods["items"]![0]!["status"]!["podIP"]!;
    }

    /// <summary>The names of agent pods that exist now, whatever their state.</summary>
    public async Task<string[]> AgentPodsAsync() =>
        (await KubectlAsync("get", "pods,secrets", "-l", "app.kubernetes.io/managed-by=telelaunch", "-o", "name")).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>No session has left a Pod or a Secret behind, whatever its state.</summary>
    /// <param name="last">Who ended last: what it said is told where something is left.</param>
    internal async Task NothingIsLeftAsync(ProcessRun last)
    {
        var left = await AgentPodsAsync();
        if (left.Length == 0) return;
        var times = await KubectlAsync(["get", .. left, "--ignore-not-found", "-o", "custom-columns=NAME:.metadata.name,PHASE:.status.phase,MADE:.metadata.creationTimestamp,DELETED:.metadata.deletionTimestamp"]);
        Assert.Fail($"{string.Join(", ", left)} left at {DateTime.UtcNow:HH:mm:ss}\n{times}\n{last}");
    }

    public Dictionary<string, string?> Variables(params (string Name, string? Value)[] more)
    {
        var environment = new Dictionary<string, string?>
        {
            ["KUBECONFIG"] = Kubeconfig,
            ["TELELAUNCH_AGENT_IMAGE"] = Environment.GetEnvironmentVariable("AGENT_IMAGE"),
            ["XDG_RUNTIME_DIR"] = RuntimeDirectory,
        };
        foreach (var (name, value) in more) environment[name] = value;
        return environment;
    }

    /// <summary>Runs <c>telelaunch</c> to its end.</summary>
    internal Task<ProcessRun> TelelaunchAsync(IEnumerable<string> arguments, params (string Name, string? Value)[] environment) =>
        ProcessRun.CompleteAsync(Telelaunch, arguments, Variables(environment), Scratch);

    /// <summary>Runs a command under <c>telelaunch run</c> to its end.</summary>
    internal Task<ProcessRun> RunAsync(params string[] command) => TelelaunchAsync(["run", "--", .. command]);

    /// <summary>A cluster that pulls from elsewhere says so: IMAGE_NGINX, IMAGE_PYTHON, IMAGE_POSTGRES, IMAGE_REDIS.</summary>
    private static string WithImages(string manifests)
    {
        foreach (var (variable, image) in new[]
                 {
                     ("IMAGE_NGINX", "docker.io/library/nginx:1.27"), ("IMAGE_PYTHON", DefaultPythonImage),
                     ("IMAGE_POSTGRES", "docker.io/library/postgres:15"), ("IMAGE_REDIS", "docker.io/library/redis:7"),
                 })
        {
            if (!manifests.Contains(image, StringComparison.Ordinal)) throw new InvalidOperationException($"workloads.yaml doesn't name {image} any more; {variable} would have no effect.");
            if (Environment.GetEnvironmentVariable(variable) is { Length: > 0 } other) manifests = manifests.Replace(image, other, StringComparison.Ordinal);
        }

        return manifests;
    }

    private static string FindRoot()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "Telelaunch.sln"))) directory = directory.Parent;
        return directory?.FullName ?? throw new InvalidOperationException("Telelaunch.sln not found above the test assembly.");
    }
}

[CollectionDefinition(TestCluster.Name)]
#pragma warning disable CA1711 // xunit calls such a class a collection
public sealed class ClusterCollection : ICollectionFixture<TestCluster>;
#pragma warning restore CA1711
