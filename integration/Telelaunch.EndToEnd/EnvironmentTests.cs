using System.Text.Json.Nodes;
using Xunit;

namespace Telelaunch.EndToEnd;

/// <summary>The container's environment: what the command gets of it, and what <c>telelaunch env</c> prints.</summary>
[Collection(TestCluster.Name)]
public sealed class EnvironmentTests(TestCluster cluster)
{
    [Fact]
    public async Task Command_HasTheClustersVariables_OverItsOwn_AndKeepsThoseThatAreThisMachines()
    {
        await using var run = await cluster.TelelaunchAsync(
            ["run", "--env-override", "ADDED=it's \"so\"", "--", "sh", "-c", "echo \"$KUBERNETES_SERVICE_HOST|$ADDED|$PATH|$OWN\""],
            ("KUBERNETES_SERVICE_HOST", "of-this-machine"), ("OWN", "kept"));
        Assert.True(run.ExitCode == 0, run.ToString());
        var address = (string)(await cluster.GetAsync("service", "kubernetes", "-n", "default"))["spec"]!["clusterIP"]!;
        Assert.Equal($"{address}|it's \"so\"|{Environment.GetEnvironmentVariable("PATH")}|kept\n", run.Output);
    }

    [Fact]
    public async Task NoEnv_LeavesTheCommandItsOwn()
    {
        await using var run = await cluster.TelelaunchAsync(["run", "--no-env", "--", "sh", "-c", "echo \"$KUBERNETES_SERVICE_HOST\""], ("KUBERNETES_SERVICE_HOST", "of-this-machine"));
        Assert.True(run.ExitCode == 0, run.ToString());
        Assert.Equal("of-this-machine\n", run.Output);
    }

    [Fact]
    public async Task Files_HoldWhatIsPassed_AndAreTheirOwnersAlone()
    {
        var (file, json) = (Path.Combine(cluster.Scratch, "passed.env"), Path.Combine(cluster.Scratch, "passed.json"));
        await using var run = await cluster.TelelaunchAsync(["run", "--env-include", "KUBERNETES_SERVICE_*", "--env-override", "LINES=a\nb", "--env-file", file, "--env-json", json, "--", "cat", file]);
        Assert.True(run.ExitCode == 0, run.ToString());
        Assert.EndsWith("LINES='a\nb'\n", run.Output, StringComparison.Ordinal);
        Assert.Equal("a\nb", (string?)JsonNode.Parse(await File.ReadAllTextAsync(json))!["LINES"]);
        foreach (var path in new[] { file, json }) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
    }

    [Fact]
    public async Task Env_PrintsItAlone_AndLeavesNothing()
    {
        await using var run = await cluster.TelelaunchAsync(["env", "--format", "json"]);
        Assert.True(run.ExitCode == 0, run.ToString());
        var variables = JsonNode.Parse(run.Output)!.AsObject();
        Assert.Contains("KUBERNETES_SERVICE_PORT", variables);
        Assert.DoesNotContain(variables, variable => variable.Key is "PATH" or "HOME" or "HOSTNAME" || variable.Key.StartsWith("TELELAUNCH_", StringComparison.Ordinal));
        Assert.Empty(await cluster.AgentPodsAsync());
    }
}
