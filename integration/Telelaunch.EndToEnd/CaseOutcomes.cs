using System.Text;
using System.Text.Json;
using Xunit;

namespace Telelaunch.EndToEnd;

/// <summary>What became of each case that a program tried, by the case's name.</summary>
internal sealed class CaseOutcomes
{
    private readonly SortedDictionary<string, (string Outcome, string Detail)> _cases = new(StringComparer.Ordinal);

    public int Count => _cases.Count;

    /// <summary>Reads JSON lines <c>{"id", "outcome", "detail"}</c>. A case may have several lines, for its sub-tests or because it ran twice.</summary>
    public static async Task<CaseOutcomes> OfJsonLinesAsync(string file)
    {
        var outcomes = new CaseOutcomes();
        foreach (var line in await File.ReadAllLinesAsync(file))
        {
            using var entry = JsonDocument.Parse(line);
            outcomes.Add(entry.RootElement.GetProperty("id").GetString()!, entry.RootElement.GetProperty("outcome").GetString()!, entry.RootElement.GetProperty("detail").GetString()!);
        }

        return outcomes;
    }

    /// <summary>Reads lines <c>name: outcome</c>.</summary>
    public static CaseOutcomes OfLines(string output)
    {
        var outcomes = new CaseOutcomes();
        foreach (var line in output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var colon = line.IndexOf(": ", StringComparison.Ordinal);
            Assert.True(colon > 0, $"not a case's line: {line}");
            outcomes.Add(line[..colon], line[(colon + 2)..], "");
        }

        return outcomes;
    }

    /// <summary>Fails, naming each case whose outcome isn't the same in both.</summary>
    public static void AssertSame(CaseOutcomes bare, CaseOutcomes shimmed)
    {
        var differences = new StringBuilder();
        foreach (var name in bare._cases.Keys.Union(shimmed._cases.Keys).Order(StringComparer.Ordinal))
        {
            var without = bare._cases.GetValueOrDefault(name, ("didn't run", ""));
            var with = shimmed._cases.GetValueOrDefault(name, ("didn't run", ""));
            if (without.Item1 == with.Item1) continue;
            differences.Append(name).Append("\n  without: ").Append(without.Item1).Append("\n  with:    ").Append(with.Item1).Append('\n').Append(with.Item2).Append(without.Item2);
        }

        Assert.True(differences.Length == 0, $"Not the same with and without Telelaunch:\n{differences}");
    }

    private void Add(string name, string outcome, string detail) =>
        _cases[name] = _cases.TryGetValue(name, out var before) ? ($"{before.Outcome} | {outcome}", before.Detail + detail) : (outcome, detail);
}
