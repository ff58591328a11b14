using System.Text.Json.Serialization;

namespace Telelaunch.Bench.Results;

/// <summary>One line of the table: what was measured, and how it compares to a peer.</summary>
/// <param name="Id">Unique and stable: section, subject and conditions, joined by slashes.</param>
/// <param name="Method">How traffic is caught or led: <c>shim</c> and <c>vpn-tcp</c> are Telelaunch, everything else a peer.</param>
/// <param name="Carrier">What carries the flows: <c>ssh</c> or <c>direct</c>; null where there is none.</param>
/// <param name="Direction"><c>down</c> (from the cluster), <c>up</c>, or null.</param>
/// <param name="Flows">Connections at once.</param>
/// <param name="DistanceMs">Round trip put in on the way to the API server, in milliseconds.</param>
/// <param name="Value">Median over the rounds, in <paramref name="Unit"/>.</param>
/// <param name="Peer">The variant of the same round that it is compared to; null: to nothing.</param>
/// <param name="Ratio">Median over the rounds of value / peer's value.</param>
internal sealed record Row(
    string Id, string Method, string? Carrier, string? Direction, int Flows, double DistanceMs, double Value, string Unit, string? Peer, double? Ratio)
{
    /// <summary>What is expected of it; not part of the file.</summary>
    [JsonIgnore]
    public Bar? Bar { get; init; }

    /// <summary>Whether the bar is missed.</summary>
    [JsonIgnore]
    public bool MissesBar => Bar is { } bar && !bar.IsMetBy(this);
}
