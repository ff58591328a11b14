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
        await cluster.NothingIsLeftAsync(run);
    }

    [Fact]
    public async Task WorkloadsEnvironment_IsThatOfItsOwnContainer_WhateverItsVariablesComeFrom()
    {
        await using var workload = await Variety.CreateAsync(cluster);
        var own = await cluster.KubectlAsync("exec", $"deployment/{Variety.Name}", "-c", "main", "--", "cat", "/proc/self/environ");

        await using var env = await cluster.TelelaunchAsync(["env", "--swap-deployment", Variety.Name, "--format", "json"]);
        Assert.True(env.ExitCode == 0, env.ToString());
        // Of the Pod itself the agent's say the truth: that is where the process stands.
        string[] ofThePod = ["POD_NAME", "POD_IP"];
        var told = JsonNode.Parse(env.Output)!.AsObject().ToDictionary(variable => variable.Key, variable => (string)variable.Value!);
        var expected = own.Split('\0', StringSplitOptions.RemoveEmptyEntries).Select(entry => entry.Split('=', 2)).ToDictionary(words => words[0], words => words[1]);
        foreach (var name in expected.Keys.Where(name => !told.ContainsKey(name)).ToList())
        {
            Assert.Contains(name, (string[])["PATH", "HOME", "HOSTNAME", "PYTHONPATH", "TMPDIR", "LD_LIBRARY_PATH"]);
            expected.Remove(name);
        }
        foreach (var name in ofThePod)
        {
            Assert.NotEmpty(told[name]);
            Assert.NotEqual(expected[name], told[name]);
            told.Remove(name);
            expected.Remove(name);
        }
        Assert.Equal(expected.OrderBy(variable => variable.Key, StringComparer.Ordinal), told.OrderBy(variable => variable.Key, StringComparer.Ordinal));
        Assert.Equal("first\nsecond\n", told["MAP_LINES"]);
        Assert.Equal("", told["EMPTY"]);
        Assert.Equal("p@ss'w\"o$rd", told["PASSWORD"]);
        Assert.Equal("db.example:5432", told["EXPANDED"]);
        Assert.Equal("$(NOT_THERE)", told["UNEXPANDED"]);
        Assert.Equal("33554432", told["MEMORY_LIMIT"]);
        Assert.DoesNotContain("MAP_binary", told);
        Assert.Equal("1", (await cluster.KubectlAsync("get", $"deployment/{Variety.Name}", "-o", "jsonpath={.status.readyReplicas}")).Trim());
    }

    [Fact]
    public async Task SwappingCommand_HasTheWorkloadsEnvironment_ByteForByte()
    {
        await using var workload = await Variety.CreateAsync(cluster);
        var shell = Path.Combine(cluster.Scratch, "variety.env");
        await using var run = await cluster.TelelaunchAsync(["run", "--swap-deployment", Variety.Name, "--env-file", shell, "--", "sh", "-c", "printf '%s|%s|%s|' \"$MAP_LINES\" \"$PASSWORD\" \"${EMPTY-unset}\""]);
        Assert.True(run.ExitCode == 0, run.ToString());
        Assert.Equal("first\nsecond\n|p@ss'w\"o$rd||", run.Output);
        Assert.DoesNotContain("p@ss", run.Errors, StringComparison.Ordinal);
        Assert.Contains("PASSWORD=\"p@ss'w\\\"o\\$rd\"\n", await File.ReadAllTextAsync(shell), StringComparison.Ordinal);
    }

    [Fact]
    public async Task DryRunOfASwap_TellsNames_AndNoValue()
    {
        await using var workload = await Variety.CreateAsync(cluster);
        await using var run = await cluster.TelelaunchAsync(["run", "--dry-run", "-o", "json", "--swap-deployment", Variety.Name, "--", "true"]);
        Assert.True(run.ExitCode == 0, run.ToString());
        var variables = JsonNode.Parse(run.Output)!["container"]!;
        Assert.Contains("PASSWORD", variables["passed"]!.AsArray().Select(name => (string)name!));
        Assert.Contains("PATH", variables["leftOut"]!.AsArray().Select(name => (string)name!));
        Assert.DoesNotContain("p@ss", run.Output, StringComparison.Ordinal);
    }

    /// <summary>A Deployment with every kind of variable that Kubernetes knows.</summary>
    private sealed class Variety(TestCluster cluster, string file) : IAsyncDisposable
    {
        public const string Name = "variety";

        public static async Task<Variety> CreateAsync(TestCluster cluster)
        {
            var file = Path.Combine(cluster.Scratch, "variety.yaml");
            await File.WriteAllTextAsync(file, $$$$"""
                apiVersion: v1
                kind: ConfigMap
                metadata: {name: variety}
                data:
                  LINES: "first\nsecond\n"
                  host: db.example
                  not-a-shell-name: dashes
                binaryData: {binary: //79}
                ---
                apiVersion: v1
                kind: Secret
                metadata: {name: variety}
                stringData: {password: "p@ss'w\"o$rd"}
                ---
                apiVersion: apps/v1
                kind: Deployment
                metadata: {name: variety}
                spec:
                  replicas: 1
                  selector: {matchLabels: {app: variety}}
                  template:
                    metadata: {labels: {app: variety}, annotations: {note: of the template}}
                    spec:
                      terminationGracePeriodSeconds: 1
                      containers:
                      - name: main
                        image: {{{{TestCluster.PythonImage}}}}
                        command: [python3, -c, "import signal; signal.sigwait([signal.SIGTERM])"]
                        resources: {requests: {cpu: 10m, memory: 16Mi}, limits: {memory: 32Mi}}
                        envFrom:
                        - {prefix: MAP_, configMapRef: {name: variety}}
                        - {secretRef: {name: not-there, optional: true}}
                        env:
                        - {name: HOST, valueFrom: {configMapKeyRef: {name: variety, key: host}}}
                        - {name: ABSENT, valueFrom: {configMapKeyRef: {name: variety, key: absent, optional: true}}}
                        - {name: PASSWORD, valueFrom: {secretKeyRef: {name: variety, key: password}}}
                        - {name: POD_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
                        - {name: POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
                        - {name: APP, valueFrom: {fieldRef: {fieldPath: "metadata.labels['app']"}}}
                        - {name: NOTE, valueFrom: {fieldRef: {fieldPath: "metadata.annotations['note']"}}}
                        - {name: MEMORY_LIMIT, valueFrom: {resourceFieldRef: {resource: limits.memory}}}
                        - {name: EXPANDED, value: "$(HOST):5432"}
                        - {name: UNEXPANDED, value: "$(NOT_THERE)"}
                        - {name: EMPTY, value: ""}
                        - {name: TMPDIR, value: /not/here}
                """);
            await cluster.KubectlAsync("apply", "-f", file);
            await cluster.KubectlAsync("rollout", "status", $"deployment/{Name}", "--timeout=60s");
            return new(cluster, file);
        }

        public async ValueTask DisposeAsync() => await cluster.KubectlAsync("delete", "-f", file, "--wait=true");
    }
}
