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
            using var document = JsonDocument.Parse(line);
            var type = document.RootElement.GetProperty("type").GetString() ?? "";
            if (type == "ERROR")
                yield break;
            yield return (type, document.RootElement.GetProperty("object"));
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
