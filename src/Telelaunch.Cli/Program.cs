using Telelaunch.Cli.Commands;
using Telelaunch.Cli.Options;
using Telelaunch.Cli.Output;
using Telelaunch.Targets;

var signals = InheritedSignals.Read();
var screen = Screen.OfThisProcess();
OlderSpelling spelling;
try
{
    spelling = OlderSpelling.Translate(args);
}
catch (CommandLineException error)
{
    FailureReport.Write(screen, Failure.Of(error, ExitCodes.Usage), OutputFormat.Text);
    return ExitCodes.Usage;
}
foreach (var notice in spelling.Notices) screen.Say(notice);
return await new CommandTree(new(screen, signals, TimeProvider.System)).InvokeAsync(spelling.Arguments, CancellationToken.None);
