using System.Globalization;
using System.Text.Json;

namespace Telelaunch.Cli.Output;

/// <summary>A line for each phase that ended: where standard error is a file or a pipe.</summary>
internal sealed class PlainProgress(Screen screen) : IProgressDisplay
{
    public void Began(string phase)
    {
    }

    public void Ended(string phase, string outcome, TimeSpan duration) => screen.Say($"{outcome} ({Seconds(duration)})");

    public void Note(string text) => screen.Say(text);

    public void Finish()
    {
    }

    internal static string Seconds(TimeSpan duration) => duration.TotalSeconds.ToString("0.00", CultureInfo.InvariantCulture) + " s";
}

/// <summary>An object a line, for programs.</summary>
internal sealed class JsonProgress(Screen screen) : IProgressDisplay
{
    public void Began(string phase) => Write(new PhaseEvent(phase, "began", null, null));

    public void Ended(string phase, string outcome, TimeSpan duration) => Write(new PhaseEvent(phase, "ended", Math.Round(duration.TotalSeconds, 3), outcome));

    public void Note(string text) => Write(new PhaseEvent(null, "note", null, text));

    public void Finish()
    {
    }

    private void Write(PhaseEvent entry) => screen.WriteError(JsonSerializer.Serialize(entry, OutputJson.Readable.PhaseEvent) + "\n");
}

/// <param name="Seconds">With "ended": how long it took.</param>
internal sealed record PhaseEvent(string? Phase, string Event, double? Seconds, string? Text);

/// <summary>Notes only: what has to be said is said.</summary>
internal sealed class QuietProgress(Screen screen) : IProgressDisplay
{
    public void Began(string phase)
    {
    }

    public void Ended(string phase, string outcome, TimeSpan duration)
    {
    }

    public void Note(string text) => screen.Say(text);

    public void Finish()
    {
    }
}
