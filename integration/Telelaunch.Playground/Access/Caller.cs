namespace Telelaunch.Playground.Access;

/// <summary>Who makes a request, as the authenticator found out.</summary>
/// <param name="CredentialId">Goes into <c>extra["authentication.kubernetes.io/credential-id"]</c>; null if there is none.</param>
public sealed record Caller(string Name, IReadOnlyList<string> Groups, string Uid = "", string? CredentialId = null)
{
    public const string Authenticated = "system:authenticated";
    public const string Masters = "system:masters";

    public static readonly Caller Anonymous = new("system:anonymous", ["system:unauthenticated"]);

    /// <summary>The playground's own controllers. Not subject to RBAC.</summary>
    public static readonly Caller Controller = new("system:kube-controller-manager", [Masters, Authenticated]);

    public bool IsMaster => Groups.Contains(Masters);

    public static Caller ServiceAccount(string ns, string name, string uid, string tokenId) =>
        new($"system:serviceaccount:{ns}:{name}", ["system:serviceaccounts", $"system:serviceaccounts:{ns}", Authenticated], uid, $"JTI={tokenId}");
}
