using Xunit;

namespace Telelaunch.EndToEnd;

/// <summary>A process in the place of a Deployment: its callers come here, and afterwards everything is as it was.</summary>
[Collection(TestCluster.Name)]
public sealed class SwapTests(TestCluster cluster)
{
    private const string Running = "the-command-runs";

    private const string Server = """
        import http.server, sys
        class Answer(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = b"here\n"
                self.send_response(200); self.send_header("Content-Length", str(len(body))); self.end_headers(); self.wfile.write(body)
            def log_message(self, *arguments): pass
        server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Answer)
        print("the-command-runs", flush=True)
        server.serve_forever()
        """;

    [Fact]
    public async Task CallersOfTheService_ReachTheLocalProcess_AndAfterwardsItsPods()
    {
        await using var shop = await Shop.CreateAsync(cluster, "swap-callers");
        var before = await shop.SnapshotAsync();
        Assert.StartsWith("pod swap-callers-", await shop.CallAsync(), StringComparison.Ordinal);

        // The container's port 8080 leads to 18080 here; its port 8081, which it declares too, to 8081.
        await using var run = Start(["-s", shop.Name, "--expose", "18080:8080"], "python3", "-u", "-c", Server, "18080");
        await run.WaitForTextAsync(Running);
        Assert.Contains("(Service swap-callers:80) → ", run.Errors, StringComparison.Ordinal);
        var answer = await Eventually.SeeAsync(() => shop.CallAsync(), answer => answer == "here\n", "the Service leads here");
        Assert.Equal("here\n", answer);
        // Nobody listens on 8081 here: refused stays refused.
        Assert.Contains("refused", await shop.CallAsync(81), StringComparison.OrdinalIgnoreCase);
        Assert.Equal(0, await shop.ReplicasAsync());

        await run.SignalAsync("INT");
        await run.WaitForExitAsync();
        Assert.Contains("is put back: 2 replicas", run.Errors, StringComparison.Ordinal);
        Assert.Equal(before, await shop.SnapshotAsync());
        await shop.ReadyAsync();
        Assert.StartsWith("pod swap-callers-", await shop.CallAsync(), StringComparison.Ordinal);
        await NothingIsLeftAsync();
    }

    [Theory, InlineData("INT"), InlineData("TERM"), InlineData("HUP")]
    public async Task Signal_EndsTheCommand_AndPutsTheWorkloadBack(string signal)
    {
        await using var shop = await Shop.CreateAsync(cluster, $"swap-{signal.ToLowerInvariant()}");
        var before = await shop.SnapshotAsync();
        await using var run = Start(["-s", shop.Name], "sh", "-c", $"trap 'exit 3' {signal}; echo {Running}; while :; do read line; done");
        await run.WaitForTextAsync(Running);
        await run.SignalAsync(signal);
        await run.WaitForExitAsync();
        Assert.True(run.ExitCode == 3, run.ToString());
        Assert.Equal(before, await shop.SnapshotAsync());
        await NothingIsLeftAsync();
    }

    [Fact]
    public async Task CommandThatDoesNotExist_LeavesTheWorkloadUntouched()
    {
        await using var shop = await Shop.CreateAsync(cluster, "swap-none");
        var version = (string?)(await shop.DeploymentAsync())["metadata"]!["resourceVersion"];
        await using var run = await cluster.TelelaunchAsync(["run", "-s", shop.Name, "--", "no-such-command"]);
        Assert.True(run.ExitCode == 127, run.ToString());
        Assert.Equal(version, (string?)(await shop.DeploymentAsync())["metadata"]!["resourceVersion"]);
    }

    [Fact]
    public async Task AgentThatCannotStart_PutsTheClaimBack_WithoutAnyScaling()
    {
        await using var shop = await Shop.CreateAsync(cluster, "swap-noimage");
        var before = await shop.DeploymentAsync();
        await using var run = await cluster.TelelaunchAsync(["run", "-s", shop.Name, "--agent-image", "registry.invalid/none:1", "--", "true"]);
        Assert.True(run.ExitCode == 125 && run.Errors.Contains("can't be pulled", StringComparison.Ordinal), run.ToString());
        // The generation counts changes of the spec: there was none.
        Assert.Equal((long?)before["metadata"]!["generation"], (long?)(await shop.DeploymentAsync())["metadata"]!["generation"]);
        Assert.False(await shop.IsClaimedAsync());
        await NothingIsLeftAsync();
    }

    [Fact]
    public async Task SecondSwap_IsRefused_WithWhoAndSinceWhen_AndHarmsNothing()
    {
        await using var shop = await Shop.CreateAsync(cluster, "swap-second");
        var before = await shop.SnapshotAsync();
        await using var first = Start(["-s", shop.Name], "sh", "-c", $"echo {Running}; read line");
        await first.WaitForTextAsync(Running);

        await using var second = await cluster.TelelaunchAsync(["run", "-s", shop.Name, "--", "true"]);
        Assert.True(second.ExitCode == 125, second.ToString());
        Assert.Contains($"deployment/{shop.Name} in the namespace", second.Errors, StringComparison.Ordinal);
        Assert.Contains($"{Environment.UserName}@{Environment.MachineName} since", second.Errors, StringComparison.Ordinal);
        await using var restore = await cluster.TelelaunchAsync(["restore", shop.Name]);
        Assert.True(restore.ExitCode == 1 && restore.Output.Contains("still lives", StringComparison.Ordinal), restore.ToString());
        await using var list = await cluster.TelelaunchAsync(["list"]);
        Assert.Contains($"deployment/{shop.Name}", list.Output, StringComparison.Ordinal);
        Assert.Contains("swapped by", list.Output, StringComparison.Ordinal);
        Assert.Equal(0, await shop.ReplicasAsync());

        await first.WriteLineAsync("");
        await first.WaitForExitAsync();
        Assert.Equal(before, await shop.SnapshotAsync());
    }

    [Fact]
    public async Task TwoAtTheSameMoment_OneWins_AndTheOtherIsToldWhose()
    {
        await using var shop = await Shop.CreateAsync(cluster, "swap-race");
        var before = await shop.SnapshotAsync();
        var runs = new[] { 1, 2 }.Select(_ => Start(["-s", shop.Name], "sh", "-c", $"echo {Running}; read line")).ToList();
        try
        {
            await Eventually.SeeAsync(() => Task.FromResult(runs.Count(run => run.Errors.Contains("is swapped already", StringComparison.Ordinal))), refused => refused == 1, "one is refused");
            var winner = runs.Single(run => !run.Errors.Contains("is swapped already", StringComparison.Ordinal));
            await winner.WaitForTextAsync(Running);
            await winner.WriteLineAsync("");
            await winner.WaitForExitAsync();
            Assert.True(winner.ExitCode == 0, winner.ToString());
        }
        finally
        {
            foreach (var run in runs) await run.DisposeAsync();
        }
        Assert.Equal(before, await shop.SnapshotAsync());
    }

    [Fact]
    public async Task ScaledMeanwhile_IsSaid_AndStays()
    {
        await using var shop = await Shop.CreateAsync(cluster, "swap-scaled");
        await using var run = Start(["-s", shop.Name], "sh", "-c", $"echo {Running}; read line");
        await run.WaitForTextAsync(Running);
        await cluster.KubectlAsync("scale", $"deployment/{shop.Name}", "--replicas=3");
        await run.WaitForTextAsync("scaled deployment/swap-scaled to 3");
        await run.WriteLineAsync("");
        await run.WaitForExitAsync();
        Assert.Contains("keeps its 3 replicas", run.Errors, StringComparison.Ordinal);
        Assert.Equal(3, await shop.ReplicasAsync());
        Assert.False(await shop.IsClaimedAsync());
    }

    [Fact]
    public async Task RolledOutAnewMeanwhile_IsSaid_AndTheNewOneComes()
    {
        await using var shop = await Shop.CreateAsync(cluster, "swap-rollout");
        await using var run = Start(["-s", shop.Name], "sh", "-c", $"echo {Running}; read line");
        await run.WaitForTextAsync(Running);
        await cluster.KubectlAsync("set", "env", $"deployment/{shop.Name}", "COLOR=white");
        await run.WaitForTextAsync("was rolled out anew");
        await run.WriteLineAsync("");
        await run.WaitForExitAsync();
        Assert.Equal(2, await shop.ReplicasAsync());
        await shop.ReadyAsync();
        var color = await cluster.KubectlAsync("exec", $"deploy/{shop.Name}", "--", "printenv", "COLOR");
        Assert.Equal("white\n", color);
    }

    [Fact]
    public async Task EditedMeanwhile_KeepsTheEdit()
    {
        await using var shop = await Shop.CreateAsync(cluster, "swap-edited");
        await using var run = Start(["-s", shop.Name], "sh", "-c", $"echo {Running}; read line");
        await run.WaitForTextAsync(Running);
        await cluster.KubectlAsync("annotate", $"deployment/{shop.Name}", "example.org/added=meanwhile");
        await cluster.KubectlAsync("label", $"deployment/{shop.Name}", "team-");
        var expected = (await shop.SnapshotAsync()).Replace("\"replicas\":0", "\"replicas\":2", StringComparison.Ordinal);
        await run.WriteLineAsync("");
        await run.WaitForExitAsync();
        var after = await shop.SnapshotAsync();
        Assert.DoesNotContain("telelaunch.dev/swap", after, StringComparison.Ordinal);
        Assert.Contains("example.org/added", after, StringComparison.Ordinal);
        Assert.DoesNotContain("\"team\"", after, StringComparison.Ordinal);
        Assert.Equal(System.Text.RegularExpressions.Regex.Replace(expected, "(,)?\"telelaunch.dev/swap\":\"(?:[^\"\\\\]|\\\\.)*\"", ""), after);
    }

    [Fact]
    public async Task DeletedMeanwhile_IsSaid_AndNothingIsMadeInItsPlace()
    {
        await using var shop = await Shop.CreateAsync(cluster, "swap-deleted");
        await using var run = Start(["-s", shop.Name], "sh", "-c", $"echo {Running}; read line");
        await run.WaitForTextAsync(Running);
        await cluster.KubectlAsync("delete", $"deployment/{shop.Name}");
        await run.WaitForTextAsync("was deleted by somebody");
        await run.WriteLineAsync("");
        await run.WaitForExitAsync();
        Assert.True(run.ExitCode == 0, run.ToString());
        Assert.Equal("", await cluster.KubectlAsync("get", "deployment", shop.Name, "--ignore-not-found"));
        await NothingIsLeftAsync();
    }

    [Fact]
    public async Task RestoredByHandFirst_IsSaid_AndLeftAsItIs()
    {
        await using var shop = await Shop.CreateAsync(cluster, "swap-hand");
        var before = await shop.SnapshotAsync();
        await using var run = Start(["-s", shop.Name], "sh", "-c", $"echo {Running}; read line");
        await run.WaitForTextAsync(Running);
        await cluster.KubectlAsync("annotate", $"deployment/{shop.Name}", "telelaunch.dev/swap-");
        await cluster.KubectlAsync("scale", $"deployment/{shop.Name}", "--replicas=2");
        await run.WaitForTextAsync("was ended by somebody");
        await run.WriteLineAsync("");
        await run.WaitForExitAsync();
        Assert.Contains("was put back by somebody before", run.Errors, StringComparison.Ordinal);
        Assert.Equal(before, await shop.SnapshotAsync());
        await using var restore = await cluster.TelelaunchAsync(["restore", shop.Name]);
        Assert.True(restore.ExitCode == 0 && restore.Output.Contains("nobody stands in", StringComparison.Ordinal), restore.ToString());
    }

    [Fact]
    public async Task Leave_EndsALivingSwap()
    {
        await using var shop = await Shop.CreateAsync(cluster, "swap-leave");
        var before = await shop.SnapshotAsync();
        await using var run = Start(["-s", shop.Name], "sh", "-c", $"echo {Running}; read line");
        await run.WaitForTextAsync(Running);
        await using var leave = await cluster.TelelaunchAsync(["leave", shop.Name]);
        Assert.True(leave.ExitCode == 0, leave.ToString());
        Assert.Equal(before, await shop.SnapshotAsync());
        await run.WaitForTextAsync("was ended by somebody");
    }

    [Fact]
    public async Task WorkloadWithoutReplicas_HasNoneAgain()
    {
        await using var shop = await Shop.CreateAsync(cluster, "swap-zero", manifests => manifests.Replace("replicas: 2", "replicas: 0", StringComparison.Ordinal));
        var before = await shop.SnapshotAsync();
        await using var run = await cluster.TelelaunchAsync(["run", "-s", shop.Name, "--", "true"]);
        Assert.True(run.ExitCode == 0 && run.Errors.Contains("has 0 replicas", StringComparison.Ordinal), run.ToString());
        Assert.Equal(before, await shop.SnapshotAsync());
    }

    [Fact]
    public async Task StatefulSet_KeepsItsIdentity()
    {
        var before = await cluster.KubectlAsync("get", "statefulset", "web", "-o", "jsonpath={.spec}{.metadata.annotations}");
        await using var run = Start(["--swap", "statefulset/web"], "sh", "-c", $"echo {Running}; read line");
        await run.WaitForTextAsync(Running);
        // The first Pod's own name in the headless Service leads to the agent.
        var address = await Eventually.SeeAsync(
            () => cluster.KubectlAsync("exec", "deploy/probe", "--", "python3", "-c", "import socket\ntry: print(socket.gethostbyname('web-0.web'))\nexcept OSError as error: print(error)"),
            text => text.Count(c => c == '.') == 3, "web-0.web has an address");
        var agent = await cluster.KubectlAsync("get", "pods", "-l", "statefulset.kubernetes.io/pod-name=web-0,telelaunch.dev/session", "-o", "jsonpath={.items[*].status.podIP}");
        Assert.Equal(agent.Trim(), address.Trim());
        await run.WriteLineAsync("");
        await run.WaitForExitAsync();
        Assert.True(run.ExitCode == 0, run.ToString());
        Assert.Equal(before, await cluster.KubectlAsync("get", "statefulset", "web", "-o", "jsonpath={.spec}{.metadata.annotations}"));
        await cluster.KubectlAsync("rollout", "status", "statefulset/web", "--timeout=120s");
    }

    [Fact]
    public async Task NewDeployment_LeadsHere_AndIsGoneAfterwards()
    {
        await using var run = Start(["--new-deployment", "swap-new", "--expose", "18090:80"], "python3", "-u", "-c", Server, "18090");
        await run.WaitForTextAsync(Running);
        await Eventually.SeeAsync(() => Shop.CallAsync(cluster, "http://swap-new/"), answer => answer == "here\n", "the new Service leads here");
        Assert.Equal("deployment.apps/swap-new\n", await cluster.KubectlAsync("get", "deployment", "swap-new", "-o", "name"));
        await using var second = await cluster.TelelaunchAsync(["run", "--new-deployment", "swap-new", "--expose", "18090:80", "--", "true"]);
        Assert.True(second.ExitCode == 125 && second.Errors.Contains("has a Deployment swap-new already", StringComparison.Ordinal), second.ToString());
        await run.SignalAsync("INT");
        await run.WaitForExitAsync();
        Assert.Equal("", await cluster.KubectlAsync("get", "deployment,service", "-l", "app=swap-new", "-o", "name"));
        await NothingIsLeftAsync();
    }

    [Fact]
    public async Task StandingAgent_IsUsed_AndStays()
    {
        await using var manifest = await cluster.TelelaunchAsync(["agent", "image", "manifest", "swap-standing"]);
        Assert.True(manifest.ExitCode == 0, manifest.ToString());
        var file = Path.Combine(cluster.Scratch, "standing.yaml");
        await File.WriteAllTextAsync(file, manifest.Output);
        try
        {
            await cluster.KubectlAsync("apply", "-f", file);
            await cluster.KubectlAsync("rollout", "status", "deployment/swap-standing", "--timeout=120s");
            foreach (var carrier in (string[])["ssh", "direct"])
            {
                await using var run = await cluster.TelelaunchAsync(["run", "-d", "swap-standing", "--tunnel", carrier, "--", "curl", "-sS", "http://hello/"]);
                Assert.True(run.ExitCode == 0 && run.Output.Contains("hello from the cluster", StringComparison.Ordinal), run.ToString());
            }
            Assert.Equal("1", await cluster.KubectlAsync("get", "deployment", "swap-standing", "-o", "jsonpath={.status.readyReplicas}"));
            await using var wrong = await cluster.TelelaunchAsync(["run", "-d", "hello", "--", "true"]);
            Assert.True(wrong.ExitCode == 125 && wrong.Errors.Contains("has no agent of Telelaunch", StringComparison.Ordinal), wrong.ToString());
        }
        finally
        {
            await cluster.KubectlAsync("delete", "-f", file, "--wait=false");
        }
    }

    private ProcessRun Start(string[] options, params string[] command) =>
        ProcessRun.Start(TestCluster.Telelaunch, ["run", "--progress", "plain", .. options, "--", .. command], cluster.Variables());

    /// <summary>What belonged to the Lease goes by the cluster's garbage collector, a moment later.</summary>
    private Task<string> NothingIsLeftAsync() => Eventually.SeeAsync(
        () => cluster.KubectlAsync("get", "pods,secrets,leases,roles,rolebindings,serviceaccounts,deployments,services", "-o", "name"),
        names => !names.Contains("telelaunch-", StringComparison.Ordinal),
        "nothing of a session is left");
}
