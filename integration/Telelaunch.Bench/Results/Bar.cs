using System.Globalization;

namespace Telelaunch.Bench.Results;

/// <summary>What a row has to reach.</summary>
/// <param name="OfRatio">The bar is about the ratio to the peer; otherwise about the value.</param>
/// <param name="IsLowest">The lowest that will do; otherwise the highest.</param>
internal sealed record Bar(bool OfRatio, bool IsLowest, double Limit)
{
    public static Bar RatioAtLeast(double limit) => new(true, true, limit);

    public static Bar RatioAtMost(double limit) => new(true, false, limit);

    public static Bar ValueAtMost(double limit) => new(false, false, limit);

    public bool IsMetBy(Row row)
    {
        double? measured = OfRatio ? row.Ratio : row.Value;
        return measured is { } value && (IsLowest ? value >= Limit : value <= Limit);
    }

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{(IsLowest ? "≥" : "≤")} {Limit:0.##}{(OfRatio ? " ×" : "")}");
}
