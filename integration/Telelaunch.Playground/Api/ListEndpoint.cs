using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Telelaunch.Playground.Api.Admission;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Api;

/// <summary>Answers list requests: selectors, paging, and the several meanings of <c>resourceVersion</c>.</summary>
/// <remarks>Source: "Resource versions" in the Kubernetes API concepts.</remarks>
public sealed class ListEndpoint(ObjectStore store, TimeProvider time)
{
    private const string TooOld = "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the "
        + "continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, "
        + "modified, or deleted between the time the first chunk was returned and now may show up in the list.";

    public async Task ListAsync(ApiRequest request)
    {
        var limit = int.TryParse(request.Query("limit"), CultureInfo.InvariantCulture, out var asked) && asked > 0 ? asked : int.MaxValue;
        var token = request.Query("continue") is { Length: > 0 } text ? ContinueToken.Parse(text) : null;
        var labels = LabelSelector.Parse(request.Query("labelSelector"));
        var fields = FieldSelector.Parse(request.Kind, request.Query("fieldSelector"));
        var at = token?.Version ?? await ExactVersionAsync(request);
        var (all, version) = Read(request, at, token);
        var rest = all.Where(o => token is null || string.CompareOrdinal(ContinueToken.Position(o), token.After) > 0)
            .Where(o => labels.Matches(o) && fields.Matches(o)).ToList();
        var page = rest.Take(limit).ToList();
        var metadata = new JsonObject { ["resourceVersion"] = version.ToString(CultureInfo.InvariantCulture) };
        if (page.Count < rest.Count)
        {
            metadata["continue"] = new ContinueToken(version, ContinueToken.Position(page[^1])).ToString();
            if (labels.IsEmpty && fields.IsEmpty)
                metadata["remainingItemCount"] = rest.Count - page.Count;
        }
        await request.SendAsync(200, request.Representation.ShapedList(request.Kind, page, metadata), request.Representation.Shape.Length > 0 ? "application/json" : null);
    }

    /// <summary>Waits, at most 3 s, until the store has reached the version that a get or list asks for.</summary>
    /// <exception cref="StatusException">504: it didn't.</exception>
    public async Task AwaitVersionAsync(long version, CancellationToken cancellation)
    {
        if (version <= store.Version)
            return;
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var timer = time.CreateTimer(_ => patience.Cancel(), null, TimeSpan.FromSeconds(3), Timeout.InfiniteTimeSpan);
        try
        {
            await foreach (var change in store.WatchFromAsync(store.Version, patience.Token))
            {
                if (change.Version >= version)
                    return;
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
        }
        throw new StatusException(504, "Timeout", $"Timeout: Too large resource version: {version}, current: {store.Version}", new()
        {
            ["causes"] = new JsonArray(new JsonObject { ["reason"] = "ResourceVersionTooLarge", ["message"] = "Too large resource version" }),
            ["retryAfterSeconds"] = 1,
        })
        { RetryAfterSeconds = 1 };
    }

    /// <summary>The query's <c>resourceVersion</c>; null if there is none.</summary>
    public static long? VersionOf(ApiRequest request)
    {
        var text = request.Query("resourceVersion");
        if (text.Length == 0)
            return null;
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var version) ? version
            : throw StatusException.BadRequest($"invalid resource version: resourceVersion: Invalid value: \"{text}\": strconv.ParseUint: parsing \"{text}\": invalid syntax");
    }

    internal static StatusException ForbiddenMatch(string why)
    {
        var errors = new FieldErrors();
        errors.Forbidden("resourceVersionMatch", why);
        try
        {
            errors.ThrowIfAny("meta.k8s.io", "ListOptions", "");
        }
        catch (StatusException refusal)
        {
            return refusal;
        }
        throw new InvalidOperationException("an error was added");
    }

    private async Task<long?> ExactVersionAsync(ApiRequest request)
    {
        var version = VersionOf(request);
        var match = request.Query("resourceVersionMatch");
        if (match.Length > 0 && version is null)
            throw ForbiddenMatch("resourceVersionMatch is forbidden unless resourceVersion is provided");
        if (version is not > 0)
            return null;
        await AwaitVersionAsync(version.Value, request.Cancellation);
        return match == "Exact" ? version : null;
    }

    private (IReadOnlyList<JsonObject>, long) Read(ApiRequest request, long? at, ContinueToken? token)
    {
        var ns = request.Info.Namespace.Length > 0 && request.Kind.Namespaced ? request.Info.Namespace : null;
        try
        {
            return store.ListAt(request.Kind, ns, at);
        }
        catch (StatusException e) when (e.Code == 410)
        {
            throw token is null ? StatusException.Expired("The resourceVersion for the provided list is too old.")
                : new StatusException(410, "Expired", TooOld) { ContinueToken = (token with { Version = null }).ToString() };
        }
    }

    /// <param name="Version">Null: go on in the present state, after the one that was begun is no longer kept.</param>
    private sealed record ContinueToken(long? Version, string After)
    {
        public static string Position(JsonObject obj) => $"{obj.Namespace}/{obj.Name}";

        public static ContinueToken Parse(string text)
        {
            try
            {
                var json = JsonNode.Parse(Base64Url.DecodeFromChars(text));
                return new(json.At("rv") is { } rv && rv.Number() > 0 ? rv.Number() : null, json.At("start").Text());
            }
            catch (Exception e) when (e is JsonException or FormatException or ArgumentException)
            {
                throw StatusException.BadRequest("invalid continue token: continue key is not valid: invalid character looking for beginning of value");
            }
        }

        public override string ToString() =>
            Base64Url.EncodeToString(Encoding.UTF8.GetBytes(new JsonObject { ["v"] = "meta.k8s.io/v1", ["rv"] = Version ?? -1, ["start"] = After }.ToJsonString()));
    }
}
