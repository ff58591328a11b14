using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Access;

/// <summary>Makes and checks service-account tokens: JWTs (RFC 7519) signed with ES256 by a key of this process.</summary>
public sealed class TokenIssuer(ObjectStore store, TimeProvider time) : IDisposable
{
    public const string Issuer = "https://kubernetes.default.svc.cluster.local";

    private static readonly string Header = Encode("""{"alg":"ES256","kid":"playground"}""");

    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    /// <param name="pod">The token holds only as long as this pod does; null for no pod.</param>
    public string Issue(JsonObject serviceAccount, JsonObject? pod, IReadOnlyList<string> audiences, TimeSpan lifetime)
    {
        var now = time.GetUtcNow().ToUnixTimeSeconds();
        var bound = new JsonObject
        {
            ["namespace"] = serviceAccount.Namespace,
            ["serviceaccount"] = new JsonObject { ["name"] = serviceAccount.Name, ["uid"] = serviceAccount.Uid },
        };
        if (pod is not null)
            bound["pod"] = new JsonObject { ["name"] = pod.Name, ["uid"] = pod.Uid };
        var claims = new JsonObject
        {
            ["aud"] = new JsonArray([.. audiences.Select(a => JsonValue.Create(a))]),
            ["exp"] = now + (long)lifetime.TotalSeconds,
            ["iat"] = now,
            ["iss"] = Issuer,
            ["jti"] = Guid.NewGuid().ToString(),
            ["kubernetes.io"] = bound,
            ["nbf"] = now,
            ["sub"] = $"system:serviceaccount:{serviceAccount.Namespace}:{serviceAccount.Name}",
        };
        var text = $"{Header}.{Encode(claims.ToJsonString())}";
        return $"{text}.{Base64Url.EncodeToString(_key.SignData(Encoding.ASCII.GetBytes(text), HashAlgorithmName.SHA256))}";
    }

    /// <summary>For a pod's projected volume. The service account and the pod must exist.</summary>
    public string IssueForPod(string ns, string serviceAccount, string podName, string podUid)
    {
        var account = store.Get(ResourceKinds.ServiceAccounts, ns, serviceAccount) ?? throw StatusException.NotFound(ResourceKinds.ServiceAccounts, serviceAccount);
        var pod = store.Get(ResourceKinds.Pods, ns, podName);
        if (pod?.Uid != podUid)
            throw StatusException.NotFound(ResourceKinds.Pods, podName);
        return Issue(account, pod, [Issuer], TimeSpan.FromSeconds(3607));
    }

    /// <summary>Whose token this is, or null if it isn't ours, is over, or what it is bound to is gone.</summary>
    public Caller? Check(string token)
    {
        var parts = token.Split('.');
        if (parts.Length != 3 || Decode(parts[2]) is not { } signature || Decode(parts[1]) is not { } payload)
            return null;
        if (!_key.VerifyData(Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"), signature, HashAlgorithmName.SHA256))
            return null;
        var claims = JsonNode.Parse(payload);
        if (claims.At("exp").Number() <= time.GetUtcNow().ToUnixTimeSeconds() || claims.At("aud") is not JsonArray audiences || !audiences.Any(a => a.Text() == Issuer))
            return null;
        var bound = claims.At("kubernetes.io");
        var (ns, name, uid) = (bound.At("namespace").Text(), bound.At("serviceaccount", "name").Text(), bound.At("serviceaccount", "uid").Text());
        if (store.Get(ResourceKinds.ServiceAccounts, ns, name)?.Uid != uid)
            return null;
        if (bound.At("pod") is { } pod && store.Get(ResourceKinds.Pods, ns, pod.At("name").Text())?.Uid != pod.At("uid").Text())
            return null;
        return Caller.ServiceAccount(ns, name, uid, claims.At("jti").Text());
    }

    public void Dispose() => _key.Dispose();

    private static string Encode(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));

    private static byte[]? Decode(string text) => Base64Url.IsValid(text) ? Base64Url.DecodeFromChars(text) : null;
}
