using Spectre.Console;

namespace Telelaunch.Cli.Output;

/// <summary>A line that turns while phases run, and a line for each that ended: where standard error is a terminal.</summary>
internal sealed class LiveProgress : IProgressDisplay
{
    private static readonly TimeSpan Turn = TimeSpan.FromMilliseconds(80);
    private const string Frames = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏";

    private readonly IAnsiConsole _console;
    private readonly TimeProvider _time;
    private readonly Lock _drawing = new();
    private readonly List<(string Phase, long Since)> _running = [];
    private readonly ITimer _timer;
    private bool _drawn;
    private bool _finished;
    private int _frame;

    public LiveProgress(IAnsiConsole console, TimeProvider time)
    {
        _console = console;
        _time = time;
        _timer = time.CreateTimer(_ => Redraw(), null, Turn, Turn);
    }

    /// <summary>A console on standard error that asks nothing of System.Console.</summary>
    public static IAnsiConsole ConsoleOn(Screen screen, int descriptor) => AnsiConsole.Create(new AnsiConsoleSettings
    {
        Out = OutputOn(screen, descriptor),
        Ansi = AnsiSupport.Detect,
        Interactive = InteractionSupport.No,
    });

    /// <summary>What a console writes to, as wide as the terminal behind the descriptor.</summary>
    public static IAnsiConsoleOutput OutputOn(Screen screen, int descriptor) => new ScreenOutput(screen, descriptor);

    public void Began(string phase) => Change(() => _running.Add((phase, _time.GetTimestamp())));

    public void Ended(string phase, string outcome, TimeSpan duration) => Change(() =>
    {
        _running.RemoveAll(entry => entry.Phase == phase);
        _console.MarkupLineInterpolated($"[green]✓[/] {outcome} [grey]{PlainProgress.Seconds(duration)}[/]");
    });

    public void Note(string text) => Change(() => _console.MarkupLineInterpolated($"[yellow]![/] {text}"));

    public void Finish()
    {
        lock (_drawing)
        {
            Erase();
            _finished = true;
        }
        _timer.Dispose();
    }

    private void Change(Action change)
    {
        lock (_drawing)
        {
            Erase();
            change();
            Draw();
        }
    }

    private void Redraw()
    {
        lock (_drawing)
        {
            if (_finished) return;
            Erase();
            _frame = (_frame + 1) % Frames.Length;
            Draw();
        }
    }

    private void Draw()
    {
        if (_finished || _running.Count == 0) return;
        var text = string.Join(", ", _running.Select(entry => $"{entry.Phase} {PlainProgress.Seconds(_time.GetElapsedTime(entry.Since))}"));
        // A line that wraps couldn't be erased as one.
        var room = Math.Max(10, _console.Profile.Width - 4);
        if (text.Length > room) text = text[..(room - 1)] + "…";
        _console.MarkupInterpolated($"[blue]{Frames[_frame]}[/] {text}");
        _drawn = true;
    }

    private void Erase()
    {
        if (!_drawn) return;
        _console.Write(new ControlCode("\r\u001b[2K"));
        _drawn = false;
    }

    private sealed class ScreenOutput(Screen screen, int descriptor) : IAnsiConsoleOutput
    {
        public TextWriter Writer { get; } = new ScreenWriter(screen.WriteError);

        public bool IsTerminal => Terminal.IsTerminal(descriptor);

        public int Width => Terminal.Width(descriptor);

        public int Height => 24;

        public void SetEncoding(System.Text.Encoding encoding)
        {
        }
    }
}
