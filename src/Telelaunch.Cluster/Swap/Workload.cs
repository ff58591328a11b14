using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Telelaunch.Net;

namespace Telelaunch.Cluster;

/// <summary>A workload as the API server has it at one moment.</summary>
/// <remarks>Kept as JSON: what a template holds goes into the agent's Pod also where this version knows no name for it.</remarks>
internal sealed class Workload(WorkloadKind kind, JsonObject json)
{
    public WorkloadKind Kind => kind;

    public JsonObject Json => json;

    public string Name => Text(json["metadata"], "name");

    public string Namespace => Text(json["metadata"], "namespace");

    public string Uid => Text(json["metadata"], "uid");

    public string ResourceVersion => Text(json["metadata"], "resourceVersion");

    public int Replicas => Number(json["spec"], "replicas", 1);

    /// <summary>Its controller has seen the specification as it is now.</summary>
    public bool IsObserved => Number(json["status"], "observedGeneration") >= Number(json["metadata"], "generation");

    public JsonObject Template => json["spec"]!["template"]!.AsObject();

    /// <summary>The number that a StatefulSet's first Pod has.</summary>
    public int FirstOrdinal => Number(json["spec"]!["ordinals"], "start");

    /// <summary>The name of a StatefulSet's first Pod.</summary>
    public string FirstPodName => $"{Name}-{FirstOrdinal}";

    /// <summary>SHA-256 of the Pod template, in hex.</summary>
    public string TemplateHash => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Template.ToJsonString())));

    /// <summary>The annotation's text; null where nobody stands in.</summary>
    public string? ClaimText => Annotation(SwapClaim.Annotation);

    public SwapClaim? Claim => ClaimText is { } text ? SwapClaim.TryParse(text) : null;

    /// <summary><c>deployment/web</c>.</summary>
    public override string ToString() => $"{kind.Singular()}/{Name}";

    public string? Annotation(string name) => json["metadata"]?["annotations"]?[name]?.GetValue<string>();

    public string? Label(string name) => json["metadata"]?["labels"]?[name]?.GetValue<string>();

    public IEnumerable<JsonObject> Containers => (Template["spec"]?["containers"] as JsonArray ?? []).OfType<JsonObject>();

    /// <exception cref="ClusterException"><c>workload-not-found</c>, and those of every call.</exception>
    public static async Task<Workload> ReadAsync(ClusterConnection connection, string podNamespace, WorkloadKind kind, string name, CancellationToken cancellationToken)
    {
        try
        {
            return new(kind, await connection.ReadJsonAsync(new ApiCall("get", kind.Plural() + ".apps", podNamespace), PathOf(podNamespace, kind, name), cancellationToken));
        }
        catch (ClusterException error) when (error.Code == "api-not-found")
        {
            throw new ClusterException(
                "workload-not-found",
                $"There is no {kind.Singular()} {name} in the namespace {podNamespace}.",
                $"Correct the name, or name the namespace with -n; `kubectl get {kind.Plural()} -n {podNamespace}` lists them. --new-deployment {name} makes a new one.",
                error);
        }
    }

    /// <summary>Changes the workload as it was read; nothing happens where it has been changed meanwhile.</summary>
    /// <exception cref="ClusterException"><c>api-conflict</c> where it has been; and those of every call.</exception>
    public async Task<Workload> PatchAsync(ClusterConnection connection, JsonObject patch, CancellationToken cancellationToken)
    {
        var metadata = patch["metadata"] as JsonObject;
        if (metadata is null) patch["metadata"] = metadata = [];
        metadata["resourceVersion"] = ResourceVersion;
        return new(kind, await connection.PatchJsonAsync(new ApiCall("patch", kind.Plural() + ".apps", Namespace), PathOf(Namespace, kind, Name), patch, cancellationToken));
    }

    internal static string PathOf(string podNamespace, WorkloadKind kind, string name) => $"{CollectionOf(podNamespace, kind)}/{Uri.EscapeDataString(name)}";

    internal static string CollectionOf(string podNamespace, WorkloadKind kind) => $"apis/apps/v1/namespaces/{Uri.EscapeDataString(podNamespace)}/{kind.Plural()}";

    internal static string Text(JsonNode? node, string name) => node?[name]?.GetValue<string>() ?? "";

    /// <summary>The API leaves out numbers that are zero in a status.</summary>
    internal static int Number(JsonNode? node, string name, int absent = 0) => node?[name]?.GetValue<int>() ?? absent;
}
