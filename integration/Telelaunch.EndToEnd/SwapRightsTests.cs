using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Xunit;

namespace Telelaunch.EndToEnd;

/// <summary>A user with rights in one namespace alone: with the Role that <c>telelaunch rbac</c> prints, and with each of its rights missing in turn.</summary>
[Collection(TestCluster.Name)]
public sealed partial class SwapRightsTests(TestCluster cluster) : IAsyncLifetime
{
    private const string Namespace = "swap-rights";
    private const string User = "developer";

    private string Token { get; set; } = "";

    public async Task InitializeAsync()
    {
        // Pod Security is enforced at its strictest, and the workload runs with an arbitrary user, as OpenShift gives each namespace one.
        var namespaceFile = await WriteAsync("swap-namespace.yaml", $$"""
            apiVersion: v1
            kind: Namespace
            metadata:
              name: {{Namespace}}
              labels: {pod-security.kubernetes.io/enforce: restricted}
            """);
        await cluster.KubectlAsync("apply", "-f", namespaceFile);
        var manifests = (await File.ReadAllTextAsync(Path.Combine(TestCluster.Root, "integration", "swap-workloads.yaml")))
            .Replace("NAME", "web", StringComparison.Ordinal)
            .Replace("docker.io/library/python:3.12-slim", TestCluster.PythonImage, StringComparison.Ordinal)
            .Replace("      terminationGracePeriodSeconds: 1\n", """
                      terminationGracePeriodSeconds: 1
                      securityContext: {runAsNonRoot: true, runAsUser: 1000650000, fsGroup: 1000650000, seccompProfile: {type: RuntimeDefault}}

                """, StringComparison.Ordinal)
            .Replace("        readinessProbe:\n", """
                        securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
                        readinessProbe:

                """, StringComparison.Ordinal);
        await cluster.KubectlAsync("apply", "-n", Namespace, "-f", await WriteAsync("swap-rights.yaml", manifests));
        await cluster.KubectlAsync("rollout", "status", "-n", Namespace, "deployment/web", "--timeout=120s");
        await cluster.KubectlAsync("create", "serviceaccount", User, "-n", Namespace);
        await cluster.KubectlAsync("create", "rolebinding", "telelaunch", "-n", Namespace, "--role=telelaunch", $"--serviceaccount={Namespace}:{User}");
        Token = (await cluster.KubectlAsync("create", "token", User, "-n", Namespace)).Trim();
    }

    public Task DisposeAsync() => cluster.KubectlAsync("delete", "namespace", Namespace, "--wait=true", "--timeout=60s");

    [Fact]
    public async Task PrintedRole_IsEnough_InARestrictedNamespace()
    {
        await GrantAsync(await RulesAsync());
        await using var run = await SwapAsync("true");
        Assert.True(run.ExitCode == 0 && run.Errors.Contains("deployment/web scaled to 0", StringComparison.Ordinal), run.ToString());
        Assert.DoesNotContain("no restorer", run.Errors, StringComparison.Ordinal);
        await IsAsItWasAsync(run);
    }

    [Fact]
    public async Task EachMissingRight_IsNamedWithVerbResourceAndRoleLine_OrOnlyItsPurposeIsLost()
    {
        var rules = await RulesAsync();
        await using var plan = await DryRunAsync();
        var rights = JsonNode.Parse(plan.Output)!["rights"]!.AsArray();
        foreach (var rule in rules)
        {
            foreach (var verb in rule.Verbs)
            {
                // One rule may stand twice, as needed and as optional: the right has to be missing from both.
                await GrantAsync([.. rules.Select(other => other.Group == rule.Group && other.Resource == rule.Resource ? other with { Verbs = [.. other.Verbs.Where(granted => granted != verb)] } : other)]);
                var name = $"{verb} {rule.Resource}{(rule.Group.Length == 0 ? "" : "." + rule.Group)}";
                var isRequired = rights.Any(right => (string?)right!["right"] == name && (bool)right["isRequired"]!);
                await using var run = await SwapAsync("true");
                if (isRequired)
                {
                    Assert.True(run.ExitCode == 125, $"without {name}\n{run}");
                    Assert.Contains(name, run.Errors, StringComparison.Ordinal);
                    Assert.Contains($"- {{apiGroups: [\"{rule.Group}\"], resources: [\"{rule.Resource}\"], verbs: [\"{verb}\"]}}", run.Errors, StringComparison.Ordinal);
                }
                else
                {
                    Assert.True(run.ExitCode == 0, $"without {name}\n{run}");
                    if (rule.Resource is "roles" or "rolebindings" or "serviceaccounts" && verb == "create" || rule.Resource == "leases" && verb == "create")
                    {
                        Assert.Contains("should this machine die", run.Errors, StringComparison.OrdinalIgnoreCase);
                        Assert.Contains($"telelaunch restore deployment/web -n {Namespace}", run.Errors, StringComparison.Ordinal);
                    }
                }
                await IsAsItWasAsync(run);
            }
        }
    }

    [Fact]
    public async Task WithoutTheRightToMakeRoles_RestoreDoesIt_AlsoTwice()
    {
        await GrantAsync([.. (await RulesAsync()).Where(rule => rule.Resource != "roles")]);
        await using var run = ProcessRun.Start(
            TestCluster.Telelaunch, ["run", "--progress", "plain", "--token", Token, "-n", Namespace, "-s", "web", "--", "sh", "-c", "echo the-command-runs; exec sleep 600"], cluster.Variables());
        await run.WaitForTextAsync("the-command-runs");
        Assert.Contains($"telelaunch restore deployment/web -n {Namespace}", run.Errors, StringComparison.Ordinal);
        // The guard has the kubeconfig's own rights, so it dies with the machine here.
        await run.SignalAsync("STOP");
        await using var children = await ProcessRun.CompleteAsync("ps", ["-o", "pid=", "--ppid", $"{run.Id}"]);
        foreach (var child in children.Output.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)) await (await ProcessRun.CompleteAsync("kill", ["-KILL", child])).DisposeAsync();
        await run.SignalAsync("KILL");
        await run.WaitForExitAsync();
        Assert.Equal("0", await cluster.KubectlAsync("get", "deployment", "web", "-n", Namespace, "-o", "jsonpath={.spec.replicas}"));

        await using var restore = await cluster.TelelaunchAsync(["restore", "--token", Token, "-n", Namespace]);
        Assert.True(restore.ExitCode == 0 && restore.Output.Contains("put back: 2 replicas", StringComparison.Ordinal), restore.ToString());
        await IsAsItWasAsync(restore);
        await using var again = await cluster.TelelaunchAsync(["restore", "--token", Token, "-n", Namespace, "web"]);
        Assert.True(again.ExitCode == 0 && again.Output.Contains("nobody stands in", StringComparison.Ordinal), again.ToString());
    }

    /// <summary>The rules of the Role that <c>telelaunch rbac</c> prints, a rule a line.</summary>
    private async Task<List<Rule>> RulesAsync()
    {
        await using var rbac = await cluster.TelelaunchAsync(["rbac", "-n", Namespace, "-s", "web"]);
        Assert.True(rbac.ExitCode == 0, rbac.ToString());
        return [.. RulePattern().Matches(rbac.Output).Select(match => new Rule(match.Groups[1].Value, match.Groups[2].Value, [.. match.Groups[3].Value.Split(", ").Select(verb => verb.Trim('"'))]))];
    }

    private async Task GrantAsync(List<Rule> rules)
    {
        var role = new JsonObject
        {
            ["apiVersion"] = "rbac.authorization.k8s.io/v1",
            ["kind"] = "Role",
            ["metadata"] = new JsonObject { ["name"] = "telelaunch", ["namespace"] = Namespace },
            ["rules"] = new JsonArray([.. rules.Where(rule => rule.Verbs.Count > 0).Select(rule => new JsonObject
            {
                ["apiGroups"] = new JsonArray(rule.Group),
                ["resources"] = new JsonArray(rule.Resource),
                ["verbs"] = new JsonArray([.. rule.Verbs.Select(verb => JsonValue.Create(verb))]),
            })]),
        };
        await cluster.KubectlAsync("apply", "-f", await WriteAsync("swap-role.json", role.ToJsonString()));
    }

    private Task<ProcessRun> SwapAsync(params string[] command) => cluster.TelelaunchAsync(["run", "--progress", "plain", "--token", Token, "-n", Namespace, "-s", "web", "--", .. command]);

    private Task<ProcessRun> DryRunAsync() => cluster.TelelaunchAsync(["run", "--dry-run", "-o", "json", "-n", Namespace, "-s", "web", "--", "true"]);

    private async Task IsAsItWasAsync(ProcessRun run)
    {
        var deployment = await cluster.GetAsync("deployment", "web", "-n", Namespace);
        Assert.True((int)deployment["spec"]!["replicas"]! == 2, run.ToString());
        Assert.True(deployment["metadata"]!["annotations"]?["telelaunch.dev/swap"] is null, run.ToString());
    }

    private async Task<string> WriteAsync(string name, string text)
    {
        var file = Path.Combine(cluster.Scratch, name);
        await File.WriteAllTextAsync(file, text);
        return file;
    }

    private sealed record Rule(string Group, string Resource, List<string> Verbs);

    // Comments, the ClusterRole's rules, begin with #.
    [GeneratedRegex("""(?m)^- apiGroups: \["([^"]*)"\]\n  resources: \["([^"]*)"\]\n  verbs: \[([^\]]*)\]$""")]
    private static partial Regex RulePattern();
}
