using System.Text.Json;
using System.Text.Json.Serialization;

namespace Telelaunch.Cluster;

/// <summary>What stands in the annotation of a workload that a session stands in for: the lock, and everything that putting it back needs.</summary>
/// <remarks>It is written, with the workload's resourceVersion, before anything else is changed, and removed together with the last change.</remarks>
public sealed record SwapClaim
{
    public const string Annotation = "telelaunch.dev/swap";

    /// <summary>The session's id: its agent Pod, its Lease and the restorer are named by it (<see cref="AgentPod.NameOf"/>).</summary>
    public required string Session { get; init; }

    /// <summary><c>user@host</c>.</summary>
    public required string Owner { get; init; }

    /// <summary>RFC 3339, UTC, by the owner's clock.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>What <c>spec.replicas</c> was.</summary>
    public required int Replicas { get; init; }

    /// <summary>The container that the process stands in for.</summary>
    public required string Container { get; init; }

    /// <summary>SHA-256 of the Pod template at that time: whether it was changed meanwhile.</summary>
    public required string TemplateHash { get; init; }

    /// <summary>The launcher on its owner's machine (<see cref="LauncherIdentity"/>): there it can be seen whether it still lives.</summary>
    public required string Launcher { get; init; }

    /// <summary>After so many seconds without a renewal of the session's Lease the restorer puts the workload back; 0 where there is no restorer.</summary>
    public int ExpirySeconds { get; init; }

    public string ToText() => JsonSerializer.Serialize(this, SwapJson.Default.SwapClaim);

    /// <returns>Null where it can't be understood: somebody's hand, or another version's.</returns>
    public static SwapClaim? TryParse(string text)
    {
        try
        {
            return JsonSerializer.Deserialize(text, SwapJson.Default.SwapClaim) is { Replicas: >= 0 } claim && AgentPod.IsSessionId(claim.Session) ? claim : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary><c>ann@laptop since 2026-11-23 10:05 UTC</c>.</summary>
    [JsonIgnore]
    public string WhoAndSince => $"{Owner} since {Since.UtcDateTime:yyyy-MM-dd HH:mm} UTC";
}

/// <summary>Serialization without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(SwapClaim))]
internal sealed partial class SwapJson : JsonSerializerContext;
