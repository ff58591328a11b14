using System.Text.Json;
using Telelaunch.Bench.Results;

namespace Telelaunch.Bench.Tests.Results;

public sealed class RowTests
{
    private static readonly string[] s_fields = ["id", "method", "carrier", "direction", "flows", "distance_ms", "value", "unit", "peer", "ratio"];

    [Fact]
    public void File_IsAnArrayOfObjectsWithTheseFieldsAndNoOther()
    {
        using var document = JsonDocument.Parse(ResultFile.Serialize([Ratio(1.5) with { Bar = Bar.RatioAtLeast(1.2) }, Ratio(null)]));

        Assert.Equal(2, document.RootElement.GetArrayLength());
        Assert.All(document.RootElement.EnumerateArray(), row => Assert.Equal(s_fields, row.EnumerateObject().Select(field => field.Name)));
        JsonElement first = document.RootElement[0], second = document.RootElement[1];
        Assert.Equal(("an/id", "shim", "ssh", "down", "ssh -L"), (Text(first, "id"), Text(first, "method"), Text(first, "carrier"), Text(first, "direction"), Text(first, "peer")));
        Assert.Equal((8, 20.0, 123.4, 1.5), (first.GetProperty("flows").GetInt32(), Number(first, "distance_ms"), Number(first, "value"), Number(first, "ratio")));
        Assert.Equal(JsonValueKind.Null, second.GetProperty("ratio").ValueKind);
    }

    [Theory]
    [InlineData(1.2, false)]
    [InlineData(1.19, true)]
    [InlineData(null, true)]
    public void LowestRatio_IsMissedBelowIt(double? ratio, bool missed) => Assert.Equal(missed, (Ratio(ratio) with { Bar = Bar.RatioAtLeast(1.2) }).MissesBar);

    [Theory]
    [InlineData(0.7, false)]
    [InlineData(0.71, true)]
    public void HighestRatio_IsMissedAboveIt(double ratio, bool missed) => Assert.Equal(missed, (Ratio(ratio) with { Bar = Bar.RatioAtMost(0.7) }).MissesBar);

    [Theory]
    [InlineData(123.4, false)]
    [InlineData(123.3, true)]
    public void HighestValue_IsAboutTheValue(double limit, bool missed) => Assert.Equal(missed, (Ratio(null) with { Bar = Bar.ValueAtMost(limit) }).MissesBar);

    [Fact]
    public void NoBar_IsNeverMissed() => Assert.False(Ratio(null).MissesBar);

    [Fact]
    public void Markdown_HasTheCommandTheMachineAndALineARow()
    {
        string text = ResultTable.Markdown([Ratio(1.5) with { Bar = Bar.RatioAtLeast(1.6) }, Ratio(null)], "make bench", "a machine");

        string[] lines = text.TrimEnd().Split('\n');
        Assert.Equal("`make bench` on a machine:", lines[0]);
        Assert.Equal("| an/id | shim | ssh | down | 8 | 20 ms | 123 | MiB/s | ssh -L | 1.50 | ≥ 1.6 × | missed |", lines[4]);
        Assert.Equal("| an/id | shim | ssh | down | 8 | 20 ms | 123 | MiB/s | ssh -L | – |  |  |", lines[5]);
        Assert.Single(lines[2..].Select(line => line.Count(sign => sign == '|')).Distinct());
    }

    private static Row Ratio(double? ratio) => new("an/id", "shim", "ssh", "down", 8, 20, 123.4, "MiB/s", "ssh -L", ratio);

    private static string? Text(JsonElement row, string field) => row.GetProperty(field).GetString();

    private static double Number(JsonElement row, string field) => row.GetProperty(field).GetDouble();
}
