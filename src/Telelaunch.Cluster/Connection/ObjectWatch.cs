using System.Runtime.CompilerServices;
using System.Text.Json;
using Telelaunch.Net;

namespace Telelaunch.Cluster;

/// <summary>One watch of the API: a line an event.</summary>
internal static class ObjectWatch
{
    /// <summary>The events until the stream ends, however it ends; an ERROR event ends it as well.</summary>
    /// <param name="path">With <c>watch=true</c>.</param>
    /// <exception cref="ClusterException">The watch can't begin.</exception>
    public static async IAsyncEnumerable<(string Type, JsonElement Item)> ReadAsync(
        ClusterConnection connection, ApiCall call, string path, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var response = await connection.GetAsync(call, path, cancellationToken);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancellationToken));
        while (await ReadLineAsync(reader, cancellationToken) is { } line)
        {
            // Where a proxy cuts the stream off, half a line comes last.
            using var document = TryParse(line);
            if (document is null || document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("type", out var type) || !document.RootElement.TryGetProperty("object", out var item))
                yield break;
            if (type.ValueEquals("ERROR"))
                yield break;
            yield return (type.GetString() ?? "", item);
        }
    }

    private static JsonDocument? TryParse(string line)
    {
        try
        {
            return JsonDocument.Parse(line);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static async Task<string?> ReadLineAsync(StreamReader reader, CancellationToken cancellationToken)
    {
        try
        {
            return await reader.ReadLineAsync(cancellationToken);
        }
        catch (Exception error) when (error is IOException or HttpRequestException)
        {
            return null;
        }
    }
}
