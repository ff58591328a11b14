using System.Text.Json;

namespace Telelaunch.Bench.Sections;

/// <summary>A phase of a session's start that has ended, as <c>--progress json</c> tells it: an object a line.</summary>
internal readonly record struct PhaseLine(string Phase, double Seconds)
{
    /// <returns>Null where the line is about something else.</returns>
    public static PhaseLine? TryRead(string line)
    {
        if (!line.StartsWith('{'))
            return null;
        using var told = JsonDocument.Parse(line);
        JsonElement entry = told.RootElement;
        return entry.TryGetProperty("event", out var kind) && kind.ValueEquals("ended")
            ? new(entry.GetProperty("phase").GetString()!, entry.GetProperty("seconds").GetDouble())
            : null;
    }
}
