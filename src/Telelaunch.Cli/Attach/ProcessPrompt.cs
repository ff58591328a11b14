using System.Globalization;
using Spectre.Console;
using Telelaunch.Attach;
using Telelaunch.Cli.Output;

namespace Telelaunch.Cli.Attach;

/// <summary>Lets a person at a terminal choose a process.</summary>
internal static class ProcessPrompt
{
    private const int Lines = 12;
    private const int StandardError = 2;

    public static DotnetProcess Ask(Screen screen, IReadOnlyList<DotnetProcess> processes)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = LiveProgress.OutputOn(screen, StandardError), Ansi = AnsiSupport.Detect, Interactive = InteractionSupport.Yes });
        return console.Prompt(new SelectionPrompt<DotnetProcess>
        {
            Title = "Which process is to reach the cluster?",
            PageSize = Lines,
            Converter = process => Markup.Escape(string.Create(CultureInfo.InvariantCulture, $"{process.ProcessId,7}  .NET {process.Runtime}  {process.Application}  {process.CommandLine}")),
        }.AddChoices(processes));
    }
}
