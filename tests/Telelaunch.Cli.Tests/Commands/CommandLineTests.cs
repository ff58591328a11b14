using System.Text.Json;

namespace Telelaunch.Cli.Tests.Commands;

public sealed class CommandLineTests
{
    [Theory]
    [InlineData("command-missing")]
    [InlineData("command-unknown", "sprint")]
    [InlineData("option-unknown", "--frob")]
    [InlineData("command-missing", "run")]
    [InlineData("option-unknown", "run", "--no-such-option", "--", "true")]
    [InlineData("option-unknown", "run", "--no-such-option")]
    [InlineData("command-without-dashes", "run", "curl", "-v", "http://hello/")]
    [InlineData("option-unknown", "shell", "--swap-deploymint", "x")]
    [InlineData("argument-unexpected", "shell", "x")]
    [InlineData("command-line-invalid", "run", "--context")]
    [InlineData("option-value-invalid", "run", "--also-proxy", "10.0.0.0/33", "--", "true")]
    [InlineData("option-value-invalid", "run", "--also-proxy", "10.0.0.0.0", "--", "true")]
    [InlineData("option-value-invalid", "run", "--also-proxy", "a b", "--", "true")]
    [InlineData("option-value-invalid", "run", "--never-proxy", "10.0.0.0.0/8", "--", "true")]
    [InlineData("option-value-invalid", "run", "--never-proxy", "hello", "--", "true")]
    [InlineData("option-value-invalid", "run", "--tunnel", "carrier-pigeon", "--", "true")]
    [InlineData("option-value-invalid", "run", "--agent-timeout", "soon", "--", "true")]
    [InlineData("option-value-invalid", "run", "--agent-timeout", "0s", "--", "true")]
    [InlineData("option-value-invalid", "run", "--progress", "loud", "--", "true")]
    [InlineData("option-value-invalid", "run", "-n", "My_Name", "--", "true")]
    [InlineData("option-value-invalid", "run", "--method", "magic", "--", "true")]
    [InlineData("option-value-invalid", "run", "-s", "", "--", "true")]
    [InlineData("option-value-invalid", "run", "-s", "Web", "--", "true")]
    [InlineData("option-value-invalid", "run", "--swap-deployment", "web:", "--", "true")]
    [InlineData("option-value-invalid", "run", "--swap", "daemonset/web", "--", "true")]
    [InlineData("option-value-invalid", "run", "-t", "deployment/web/pod/x", "--", "true")]
    [InlineData("option-value-invalid", "run", "--new-deployment", "1web", "--", "true")]
    [InlineData("option-value-invalid", "run", "--new-deployment", "web.a", "--", "true")]
    [InlineData("option-value-invalid", "run", "-d", "Web", "--", "true")]
    [InlineData("options-exclude-each-other", "run", "-s", "web", "--swap", "sts/db", "--", "true")]
    [InlineData("options-exclude-each-other", "run", "-s", "web", "--new-deployment", "x", "--", "true")]
    [InlineData("options-exclude-each-other", "run", "--swap", "sts/db", "--deployment", "x", "--", "true")]
    [InlineData("options-exclude-each-other", "shell", "--new-deployment", "web", "-d", "x")]
    [InlineData("method-not-available", "run", "--method", "seccomp", "--", "true")]
    [InlineData("method-not-available", "run", "-m", "netns", "--", "true")]
    [InlineData("options-exclude-each-other", "run", "--vpn-tcp", "--method", "shim", "--", "true")]
    [InlineData("option-without-shim", "run", "--vpn-tcp", "--to-pod", "5432")]
    [InlineData("option-without-shim", "run", "--vpn-tcp", "--expose", "auto", "--", "true")]
    [InlineData("option-without-shim", "run", "--vpn-tcp", "--skip-processes", "git", "--", "true")]
    [InlineData("option-without-agent", "run", "--method", "route", "--swap-deployment", "web")]
    [InlineData("option-without-agent", "run", "--method", "route", "--expose", "8080")]
    [InlineData("method-without-session", "shell", "--method", "route")]
    [InlineData("option-without-method", "run", "--vpn-tcp", "--node", "node-1")]
    [InlineData("options-exclude-each-other", "restore", "--host", "--all")]
    [InlineData("option-value-invalid", "run", "--env-include", "A=1", "--", "true")]
    [InlineData("option-value-invalid", "run", "--env-exclude", "", "--", "true")]
    [InlineData("option-value-invalid", "run", "--env-override", "A", "--", "true")]
    [InlineData("option-value-invalid", "run", "--env-override", "=A", "--", "true")]
    [InlineData("option-value-invalid", "run", "--env-override", "TELELAUNCH_SESSION=/", "--", "true")]
    [InlineData("options-contradict", "run", "--no-env", "--env-include", "A", "--", "true")]
    [InlineData("options-contradict", "run", "--env-file", "x", "--env-json", "./x", "--", "true")]
    [InlineData("options-contradict", "env", "--no-env")]
    [InlineData("option-value-invalid", "env", "--format", "toml")]
    [InlineData("option-unknown", "run", "--format", "sh", "--", "true")]
    [InlineData("argument-unexpected", "env", "x")]
    [InlineData("option-value-invalid", "run", "--expose", "0", "--", "true")]
    [InlineData("option-value-invalid", "run", "--expose", "65536", "--", "true")]
    [InlineData("option-value-invalid", "run", "--expose", "http", "--", "true")]
    [InlineData("option-value-invalid", "run", "--expose", "8080:", "--", "true")]
    [InlineData("option-value-invalid", "run", "--expose", ":80", "--", "true")]
    [InlineData("option-value-invalid", "run", "--expose", "8000-8010", "--", "true")]
    [InlineData("option-value-invalid", "run", "--expose", "80:80:80", "--", "true")]
    [InlineData("option-value-invalid", "run", "--from-pod", "auto", "--", "true")]
    [InlineData("option-value-invalid", "run", "--to-pod", "5432,", "--", "true")]
    [InlineData("option-value-invalid", "run", "--to-pod", "5432:5433", "--", "true")]
    [InlineData("pod-port-twice", "run", "--expose", "8080:80", "--expose", "9090:80", "--", "true")]
    [InlineData("pod-port-twice", "run", "--expose", "8080", "--from-pod", "9090:8080", "--", "true")]
    [InlineData("pod-port-reserved", "run", "--expose", "8080:7778", "--", "true")]
    [InlineData("pod-port-reserved", "run", "--expose", "7722", "--", "true")]
    [InlineData("pod-port-reserved", "run", "--from-pod", "1:7722", "--", "true")]
    [InlineData("argument-unexpected", "ps", "x")]
    [InlineData("command-line-invalid", "attach", "shop")]
    [InlineData("options-exclude-each-other", "attach", "1", "--name", "shop")]
    [InlineData("method-without-attach", "attach", "1", "--vpn-tcp")]
    [InlineData("method-without-attach", "attach", "1", "--method", "route")]
    [InlineData("expose-auto-without-command", "attach", "1", "--expose", "auto")]
    [InlineData("option-value-invalid", "attach", "1", "--tunnel", "x")]
    [InlineData("option-unknown", "ps", "-n", "default")]
    [InlineData("shell-unknown", "completion", "tcsh")]
    [InlineData("option-not-available", "--docker-run", "-it", "alpine")]
    public async Task WhatDoesNotParse_IsToldWithCauseAndRemedy_AndEndsWith2(string code, params string[] arguments)
    {
        var (exitCode, output, errors) = await StartedProgram.RunAsync("telelaunch", arguments);
        Assert.Equal(2, exitCode);
        Assert.Empty(output);
        var lines = errors.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.StartsWith("telelaunch: error: ", lines[0], StringComparison.Ordinal);
        Assert.StartsWith("telelaunch: remedy: ", lines[1], StringComparison.Ordinal);
        Assert.Equal(2, lines.Length);
        if (arguments is not ["run" or "shell" or "env" or "attach", .. var rest] || rest is ["--context"]) return;

        var json = await StartedProgram.RunAsync("telelaunch", [arguments[0], "-o", "json", .. rest]);
        Assert.Equal(2, json.ExitCode);
        var failure = JsonDocument.Parse(json.Errors).RootElement;
        Assert.Equal(code, failure.GetProperty("code").GetString());
        Assert.NotEmpty(failure.GetProperty("cause").GetString()!);
        Assert.NotEmpty(failure.GetProperty("remedy").GetString()!);
        Assert.Equal(2, failure.GetProperty("exitCode").GetInt32());
    }

    [Theory]
    [InlineData("--env-file")]
    [InlineData("--env-json")]
    public async Task EnvironmentFileThatCannotBeWritten_IsToldBeforeAnythingElse(string option)
    {
        var (exitCode, _, errors) = await StartedProgram.RunAsync("telelaunch", "run", "-o", "json", "--kubeconfig", "/no/such/kubeconfig", option, "/no/such/folder/env", "--", "true");
        Assert.Equal(125, exitCode);
        Assert.Equal("env-file-not-writable", JsonDocument.Parse(errors).RootElement.GetProperty("code").GetString());
    }

    [Fact]
    public async Task ValueOfAnOverrideThatIsRefused_IsNotShown() =>
        Assert.DoesNotContain("hunter2", (await StartedProgram.RunAsync("telelaunch", "run", "--env-override", "TELELAUNCH_X=hunter2", "--", "true")).Errors, StringComparison.Ordinal);

    [Fact]
    public async Task OldMeaningOfN_IsExplained() =>
        Assert.Contains("--new-deployment", (await StartedProgram.RunAsync("telelaunch", "run", "-n", "My_Name", "--", "true")).Errors);

    [Theory]
    [InlineData(127, "command-not-found", "no-such-command-anywhere")]
    [InlineData(127, "command-not-found", "/no/such/file")]
    [InlineData(126, "command-not-executable", "/etc/passwd")]
    [InlineData(126, "command-not-executable", "/tmp")]
    public async Task CommandThatCannotBeStarted_IsToldBeforeTheClusterIsAsked(int exitCode, string code, string command)
    {
        // No kubeconfig: that would be the next failure.
        using var run = StartedProgram.Start("telelaunch", ["run", "-o", "json", "--kubeconfig", "/nowhere", "--", command]);
        Assert.Equal(exitCode, await run.EndAsync());
        Assert.Equal(code, JsonDocument.Parse(run.Errors).RootElement.GetProperty("code").GetString());
    }

    [Fact]
    public async Task Yaml_HasTheSameFields()
    {
        var (_, _, errors) = await StartedProgram.RunAsync("telelaunch", "run", "-o", "yaml", "--tunnel", "x", "--", "true");
        Assert.Equal(["code", "cause", "remedy", "exitCode"], errors.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line[..line.IndexOf(':', StringComparison.Ordinal)]));
    }

    [Fact]
    public async Task Version_IsWrittenToStandardOutput()
    {
        var (exitCode, output, errors) = await StartedProgram.RunAsync("telelaunch", "version");
        Assert.Equal((0, ""), (exitCode, errors));
        Assert.Matches(@"^telelaunch \d+\.\d+\.\d+\n$", output);
    }

    [Fact]
    public async Task Ps_ListsDotnetProcesses_ThisTestAmongThem()
    {
        var (exitCode, output, errors) = await StartedProgram.RunAsync("telelaunch", "ps");
        Assert.Equal((0, ""), (exitCode, errors));
        Assert.Matches(@"^PID +USER +\.NET +APPLICATION +ATTACHABLE +COMMAND\n", output);
        Assert.Matches($@"(?m)^{Environment.ProcessId} +{Environment.UserName} +{Environment.Version} +\S+ +yes ", output);

        var (_, json, _) = await StartedProgram.RunAsync("telelaunch", "ps", "-o", "json");
        var own = Assert.Single(JsonDocument.Parse(json).RootElement.GetProperty("processes").EnumerateArray(), process => process.GetProperty("processId").GetInt32() == Environment.ProcessId);
        Assert.Equal((Environment.Version.ToString(), true), (own.GetProperty("runtime").GetString(), own.GetProperty("isAttachable").GetBoolean()));
    }

    [Theory]
    [InlineData("bash")]
    [InlineData("zsh")]
    [InlineData("fish")]
    [InlineData("pwsh")]
    public async Task Completion_AsksForSuggestions(string shell) => Assert.Contains("[suggest:", (await StartedProgram.RunAsync("telelaunch", "completion", shell)).Output);

    [Fact]
    public async Task Suggestions_NameTheOptions() => Assert.Contains("--namespace\n", (await StartedProgram.RunAsync("telelaunch", "[suggest:21]", "telelaunch run --names")).Output);
}
