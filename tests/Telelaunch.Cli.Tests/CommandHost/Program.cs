using Telelaunch.Cli.Launch;
using Telelaunch.Cli.Options;
using Telelaunch.Cli.Output;
using Telelaunch.Targets;

// The launcher's way with a command and its signals, without a cluster: CommandHost [--start-slowly] COMMAND [ARG…]
var inherited = InheritedSignals.Read();
var screen = Screen.OfThisProcess();
using var signals = new CommandSignals(inherited, screen);
if (args[0] == "--start-slowly")
{
    screen.Say("starting");
    try
    {
        await Task.Delay(Timeout.InfiniteTimeSpan, signals.Starting);
    }
    catch (OperationCanceledException)
    {
        return 128 + signals.CancelledBy;
    }
}
var command = PreparedCommand.Find(CommandWords.Of(args), CatchMethod.Auto, trace: false);
return (await new CommandRun(inherited, signals).RunAsync(command, CommandEnvironment.OfThisProcess().Entries, _ => Task.CompletedTask)).ShellCode;
