using Telelaunch.Bench.Measurement;
using Telelaunch.Bench.Results;

namespace Telelaunch.Bench.Sections;

/// <summary>Rows of what sessions took, phase by phase.</summary>
internal static class PhaseRows
{
    /// <param name="section">Begins the ids.</param>
    /// <param name="carrier">The sessions' <c>--tunnel</c>.</param>
    /// <param name="sessions">Seconds by phase, of each session.</param>
    /// <returns>Phases in the order of their ends. Only those that every session had: an image that was there already isn't pulled.</returns>
    public static IEnumerable<Row> Of(string section, string carrier, IReadOnlyList<Dictionary<string, double>> sessions) =>
        from phase in sessions[0].Keys
        where sessions.All(session => session.ContainsKey(phase))
        select new Row(
            $"{section}/telelaunch-{carrier}/{phase.Replace(' ', '-')}", "shim", carrier, null, 1, 0, Statistics.Median(sessions.Select(session => session[phase])), "s", null, null);
}
