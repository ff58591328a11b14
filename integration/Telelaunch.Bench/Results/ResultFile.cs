using System.Text.Json;
using System.Text.Json.Serialization;

namespace Telelaunch.Bench.Results;

/// <summary>The rows as a JSON array, for programs.</summary>
internal static class ResultFile
{
    public static string Serialize(IEnumerable<Row> rows) => JsonSerializer.Serialize(rows.ToArray(), ResultJson.Default.RowArray) + "\n";

    public static Task WriteAsync(string path, IEnumerable<Row> rows, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        return File.WriteAllTextAsync(path, Serialize(rows), cancellationToken);
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(Row[]))]
internal sealed partial class ResultJson : JsonSerializerContext;
