namespace Telelaunch.Cli.Tests.Commands;

public sealed class RbacCommandTests
{
    [Fact]
    public async Task SwapOptions_AddTheRightsOfTheSwapToTheRole()
    {
        var plain = await RoleAsync();
        var swap = await RoleAsync("-s", "web");

        Assert.DoesNotContain("\"deployments\"", plain, StringComparison.Ordinal);
        Assert.Contains("  namespace: shop\n", swap, StringComparison.Ordinal);
        foreach (var rule in (string[])[Rule("apps", "deployments", "\"get\", \"patch\""), Rule("coordination.k8s.io", "leases", "\"create\", \"get\", \"list\", \"patch\", \"delete\""), Rule("rbac.authorization.k8s.io", "roles", "\"create\", \"delete\"")])
            Assert.Contains(rule, swap, StringComparison.Ordinal);
        Assert.Contains(Rule("", "pods", "\"create\", \"get\", \"watch\", \"delete\", \"patch\""), swap, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SwapOfAStatefulSet_NeedsItAndADeploymentForTheRestorer()
    {
        var role = await RoleAsync("--swap", "statefulset/db");

        Assert.Contains(Rule("apps", "statefulsets", "\"get\", \"patch\""), role, StringComparison.Ordinal);
        Assert.Contains(Rule("apps", "deployments", "\"create\", \"delete\", \"get\""), role, StringComparison.Ordinal);
    }

    private static async Task<string> RoleAsync(params string[] options)
    {
        var (exitCode, output, errors) = await StartedProgram.RunAsync("telelaunch", ["rbac", "-n", "shop", .. options]);
        Assert.Equal((0, ""), (exitCode, errors));
        return output;
    }

    private static string Rule(string group, string resource, string verbs) => $"- apiGroups: [\"{group}\"]\n  resources: [\"{resource}\"]\n  verbs: [{verbs}]\n";
}
