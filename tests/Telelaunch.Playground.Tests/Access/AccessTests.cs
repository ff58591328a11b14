using System.Net;
using Telelaunch.Playground.Access;
using Telelaunch.Playground.Api;
using Telelaunch.Playground.Store;
using static Telelaunch.Playground.Tests.TestServer;

namespace Telelaunch.Playground.Tests.Access;

public sealed class AccessTests(TestServer test) : IClassFixture<TestServer>
{
    [Fact]
    public async Task RoleBinding_GivesItsRightsAndNoMore()
    {
        Bind("viewer", """[{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}, {"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["mine"], "verbs": ["get"]}]""", "viewer-user");

        Assert.True(Decide("viewer-user", new("list", "", "pods", "", "default", "")).Allowed);
        Assert.False(Decide("viewer-user", new("list", "", "pods", "log", "default", "")).Allowed);
        Assert.False(Decide("viewer-user", new("list", "", "pods", "", "kube-system", "")).Allowed);
        Assert.True(Decide("viewer-user", new("get", "", "secrets", "", "default", "mine")).Allowed);
        Assert.False(Decide("viewer-user", new("get", "", "secrets", "", "default", "other")).Allowed);
        Assert.Equal(HttpStatusCode.Forbidden, (await test.SendAsync("GET", "/api/v1/namespaces/kube-system/pods", token: DevToken)).Status);
    }

    [Fact]
    public void EscalatingRole_IsRefusedRuleByRule()
    {
        Bind("small", """[{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]}]""", "dev-small");
        var caller = new Caller("dev-small", ["developers", Caller.Authenticated]);
        var role = Json("""{"metadata": {"name": "too-much"}, "rules": [{"apiGroups": [""], "resources": ["pods", "pods/portforward", "pods/exec"], "verbs": ["create", "get"]}, {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["*"]}]}""");

        var refusal = Assert.Throws<StatusException>(() => test.Server.Writer.Create(ResourceKinds.Roles, "default", role, new(caller, false, [])));

        Assert.Equal("roles.rbac.authorization.k8s.io \"too-much\" is forbidden: user \"dev-small\" (groups=[\"developers\" \"system:authenticated\"]) is attempting to grant RBAC permissions not currently held:\n"
            + "{APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"create\"]}\n{APIGroups:[\"\"], Resources:[\"pods/exec\"], Verbs:[\"create\" \"get\"]}\n"
            + "{APIGroups:[\"\"], Resources:[\"pods/portforward\"], Verbs:[\"create\" \"get\"]}\n{APIGroups:[\"apps\"], Resources:[\"deployments\"], Verbs:[\"*\"]}", refusal.Message);
    }

    [Fact]
    public async Task ServiceAccountToken_IsGoodUntilTheAccountGoes()
    {
        test.Server.Writer.Create(ResourceKinds.ServiceAccounts, "default", Json("""{"metadata": {"name": "short-lived"}}"""), WriteContext.ForController());
        var answer = await test.SendAsync("POST", "/api/v1/namespaces/default/serviceaccounts/short-lived/token", """{"kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1", "spec": {}}""");
        var token = answer.Body.At("status", "token").Text();
        const string Review = """{"kind": "SelfSubjectReview", "apiVersion": "authentication.k8s.io/v1"}""";

        var who = await test.SendAsync("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", Review, token: token);
        test.Store.Delete(ResourceKinds.ServiceAccounts, "default", "short-lived");
        var after = await test.SendAsync("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", Review, token: token);

        Assert.Equal("system:serviceaccount:default:short-lived", who.Body.At("status", "userInfo", "username").Text());
        Assert.Equal(HttpStatusCode.Unauthorized, after.Status);
    }

    [Theory]
    [InlineData("""{"containers": [{"name": "main"}]}""", "baseline", "")]
    [InlineData("""{"hostNetwork": true, "containers": [{"name": "main"}]}""", "baseline", "host namespaces (hostNetwork=true)")]
    [InlineData("""{"securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}, "sysctls": [{"name": "net.ipv4.ip_unprivileged_port_start", "value": "0"}]}, "containers": [{"name": "main", "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}}}]}""", "restricted", "")]
    [InlineData("""{"securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}}, "containers": [{"name": "main", "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"], "add": ["SYS_ADMIN"]}}}]}""", "restricted", "unrestricted capabilities (container \"main\" must not include \"SYS_ADMIN\" in securityContext.capabilities.add)")]
    public void PodSecurity_FindsWhatTheLevelForbids(string spec, string level, string violations) =>
        Assert.Equal(violations, PodSecurity.Describe(PodSecurity.Violations(level, Json(spec))));

    private AccessDecision Decide(string user, AccessRequest request) => new RbacAuthorizer(test.Store).Decide(new(user, [Caller.Authenticated]), request);

    private void Bind(string name, string rules, string user)
    {
        test.Server.Writer.Create(ResourceKinds.Roles, "default", Json($$$"""{"metadata": {"name": "{{{name}}}"}, "rules": {{{rules}}}}"""), WriteContext.ForController());
        test.Server.Writer.Create(ResourceKinds.RoleBindings, "default", Json(
            $$$"""{"metadata": {"name": "{{{name}}}"}, "roleRef": {"kind": "Role", "name": "{{{name}}}"}, "subjects": [{"kind": "User", "name": "{{{user}}}"}]}"""), WriteContext.ForController());
    }
}
