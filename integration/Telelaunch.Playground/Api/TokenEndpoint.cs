using System.Text.Json.Nodes;
using Telelaunch.Playground.Access;
using Telelaunch.Playground.Api.Admission;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Api;

/// <summary>The <c>token</c> subresource of service accounts: authentication.k8s.io/v1 TokenRequest.</summary>
public sealed class TokenEndpoint(ObjectStore store, TokenIssuer tokens, TimeProvider time)
{
    private const int Shortest = 600;
    private const int Usual = 3600;

    public async Task CreateAsync(ApiRequest request)
    {
        var asked = await RequestBody.ReadObjectAsync(request.Http.Request, "authentication.k8s.io/v1", "TokenRequest", request.Cancellation);
        var account = store.Get(ResourceKinds.ServiceAccounts, request.Info.Namespace, request.Info.Name)
            ?? throw StatusException.NotFound(ResourceKinds.ServiceAccounts, request.Info.Name);
        var seconds = asked.At("spec", "expirationSeconds").Number(Usual);
        if (seconds < Shortest)
        {
            var errors = new FieldErrors();
            errors.Invalid("spec.expirationSeconds", seconds, "may not specify a duration less than 10 minutes");
            errors.ThrowIfAny("authentication.k8s.io", "TokenRequest", "");
        }
        var bound = asked.At("spec", "boundObjectRef");
        var pod = bound is null ? null : store.Get(ResourceKinds.Pods, request.Info.Namespace, bound.At("name").Text())
            ?? throw StatusException.NotFound(ResourceKinds.Pods, bound.At("name").Text());
        var audiences = asked.At("spec", "audiences") is JsonArray { Count: > 0 } given ? given.Select(a => a.Text()).ToList() : [TokenIssuer.Issuer];
        var now = time.GetUtcNow();
        await request.SendAsync(201, new JsonObject
        {
            ["kind"] = "TokenRequest",
            ["apiVersion"] = "authentication.k8s.io/v1",
            ["metadata"] = new JsonObject { ["name"] = account.Name, ["namespace"] = account.Namespace, ["uid"] = account.Uid, ["creationTimestamp"] = ObjectJson.Time(now) },
            ["spec"] = new JsonObject
            {
                ["audiences"] = new JsonArray([.. audiences.Select(a => JsonValue.Create(a))]),
                ["expirationSeconds"] = seconds,
                ["boundObjectRef"] = bound?.DeepClone(),
            },
            ["status"] = new JsonObject
            {
                ["token"] = tokens.Issue(account, pod, audiences, TimeSpan.FromSeconds(seconds)),
                ["expirationTimestamp"] = ObjectJson.Time(now.AddSeconds(seconds)),
            },
        });
    }
}
