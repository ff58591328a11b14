using System.Text.Json.Nodes;
using Xunit;

namespace Telelaunch.EndToEnd;

/// <summary>What is wrong is said with its cause, its remedy and its exit code, and nothing is left behind by it.</summary>
[Collection(TestCluster.Name)]
public sealed class BadInputTests(TestCluster cluster)
{
    [Fact]
    public async Task NoKubeconfig()
    {
        var empty = Directory.CreateTempSubdirectory("telelaunch-e2e-home-").FullName;
        await FailsAsync(125, "kubeconfig-not-found", ["run", "--", "true"], ("KUBECONFIG", null), ("HOME", empty));
        Directory.Delete(empty, recursive: true);
    }

    [Fact]
    public async Task KubeconfigThatIsNotThere() => await FailsAsync(125, "kubeconfig-not-found", ["run", "--kubeconfig", "/nowhere/config", "--", "true"]);

    [Fact]
    public async Task MalformedKubeconfig() =>
        await FailsAsync(125, "kubeconfig-malformed", ["run", "--kubeconfig", await WriteAsync("malformed", "apiVersion: v1\nclusters: [\n"), "--", "true"]);

    [Fact]
    public async Task UnknownContext() => await FailsAsync(125, "context-not-found", ["run", "--context", "nowhere", "--", "true"]);

    [Fact]
    public async Task UnknownNamespace() => await FailsAsync(125, "namespace-not-found", ["run", "-n", "nowhere", "--", "true"]);

    [Fact]
    public async Task UnreachableApi()
    {
        var kubeconfig = await ChangedKubeconfigAsync("unreachable", config => config["clusters"]![0]!["cluster"]!["server"] = "https://127.0.0.1:1");
        await FailsAsync(125, "api-unreachable", ["run", "--kubeconfig", kubeconfig, "--", "true"]);
    }

    [Fact]
    public async Task TokenThatTheClusterDoesNotKnow()
    {
        var kubeconfig = await ChangedKubeconfigAsync("token", config => config["users"]!.AsArray().ToList().ForEach(user => user!["user"] = new JsonObject { ["token"] = "expired" }));
        await FailsAsync(125, "unauthorized", ["run", "--kubeconfig", kubeconfig, "--", "true"]);
    }

    [Fact]
    public async Task NoRightToCreatePods()
    {
        // Whoever runs the tests may do everything, so the one who may not is impersonated.
        await using var run = await cluster.TelelaunchAsync(["run", "--as", "telelaunch-nobody", "--", "true"]);
        Assert.True(run.ExitCode == 125, run.ToString());
        Assert.Contains("pods", run.Errors, StringComparison.Ordinal);
        Assert.Contains("create", run.Errors, StringComparison.Ordinal);
        Assert.Contains("telelaunch rbac", run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ImageThatCannotBePulled_IsToldAtOnce() =>
        await FailsAsync(125, "image-pull-failed", ["run", "--agent-image", "registry.invalid/no/such:image", "--agent-timeout", "110s", "--", "true"]);

    [Fact]
    public async Task CommandNotFound() => await FailsAsync(127, "command-not-found", ["run", "--", "no-such-command-anywhere"]);

    [Fact]
    public async Task CommandNotExecutable() => await FailsAsync(126, "command-not-executable", ["run", "--", await WriteAsync("plain-text", "text")]);

    [Fact]
    public async Task DirectoryAsCommand() => await FailsAsync(126, "command-not-executable", ["run", "--", cluster.Scratch]);

    [Theory]
    [InlineData("run", "--also-proxy", "10.0.0.0/33", "--", "true")]
    [InlineData("run", "--never-proxy", "10.0.0.0.0/8", "--", "true")]
    [InlineData("run", "--never-proxy", "hello", "--", "true")]
    [InlineData("run", "--tunnel", "carrier-pigeon", "--", "true")]
    [InlineData("run", "--agent-timeout", "soon", "--", "true")]
    [InlineData("run", "--no-such-option", "--", "true")]
    [InlineData("run")]
    [InlineData("sprint")]
    public async Task CommandLineThatDoesNotParse(params string[] arguments)
    {
        // What a session before this one made may be going still: a restorer's Pod goes with its Deployment, by the cluster's garbage collector.
        var before = await cluster.AgentPodsAsync();
        await using var run = await cluster.TelelaunchAsync(arguments);
        Assert.True(run.ExitCode == 2 && run.Output.Length == 0 && run.Errors.Length > 0, run.ToString());
        Assert.Empty((await cluster.AgentPodsAsync()).Except(before));
    }

    [Fact]
    public async Task StaticProgram_IsToldBeforeAnythingStarts()
    {
        var program = await Programs.CompileAsync(cluster, "gcc", "spawn.c", "-static");
        await FailsAsync(125, "program-not-catchable", ["run", "--", program, "same", "true"]);
    }

    [FactWith("go")]
    public async Task GoProgram_IsToldBeforeAnythingStarts()
    {
        var source = await WriteAsync("main.go", "package main\n\nfunc main() {}\n");
        var program = Path.Combine(cluster.Scratch, "go-program");
        await using var build = await ProcessRun.CompleteAsync("go", ["build", "-o", program, source], cluster.Variables(("CGO_ENABLED", "0")));
        Assert.True(build.ExitCode == 0, build.ToString());
        await FailsAsync(125, "program-not-catchable", ["run", "--", program]);
    }

    [Fact]
    public async Task SetuidProgram_IsToldBeforeAnythingStarts()
    {
        var program = Path.Combine(cluster.Scratch, "setuid-true");
        File.Copy("/bin/true", program, overwrite: true);
        // One of another user: a setuid program of one's own user gains nothing, and ld.so treats it as any other.
        await using var owned = await ProcessRun.CompleteAsync("chown", ["nobody", program]);
        Assert.True(owned.ExitCode == 0, owned.ToString());
        File.SetUnixFileMode(program, UnixFileMode.SetUser | UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.OtherExecute);
        await FailsAsync(125, "program-not-catchable", ["run", "--", program]);
    }

    private async Task FailsAsync(int exitCode, string code, string[] arguments, params (string, string?)[] environment)
    {
        var before = await cluster.AgentPodsAsync();
        await using var text = await cluster.TelelaunchAsync(arguments, environment);
        Assert.True(text.ExitCode == exitCode && text.Output.Length == 0, text.ToString());
        var lines = text.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.True(lines.Length >= 2, $"cause and remedy are two lines\n{text}");

        await using var json = await cluster.TelelaunchAsync([arguments[0], "-o", "json", .. arguments[1..]], environment);
        Assert.True(json.ExitCode == exitCode, json.ToString());
        var error = JsonNode.Parse(json.Errors[json.Errors.IndexOf('{', StringComparison.Ordinal)..])!;
        Assert.Equal(code, (string?)error["code"]);
        Assert.NotEqual("", (string?)error["cause"]);
        Assert.NotEqual("", (string?)error["remedy"]);
        Assert.Empty((await cluster.AgentPodsAsync()).Except(before));
    }

    private async Task<string> WriteAsync(string name, string text)
    {
        var file = Path.Combine(cluster.Scratch, name);
        await File.WriteAllTextAsync(file, text);
        return file;
    }

    private async Task<string> ChangedKubeconfigAsync(string name, Action<JsonNode> change)
    {
        var config = JsonNode.Parse(await cluster.KubectlAsync("config", "view", "--raw", "--minify", "-o", "json"))!;
        change(config);
        return await WriteAsync($"kubeconfig-{name}", config.ToJsonString());
    }
}
