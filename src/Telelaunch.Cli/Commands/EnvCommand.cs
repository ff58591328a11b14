using Telelaunch.Cli.Launch;
using Telelaunch.Cli.Logging;
using Telelaunch.Cli.Options;
using Telelaunch.Cli.Output;
using Telelaunch.Cli.Session;
using Telelaunch.Cli.Variables;
using Telelaunch.Targets;

namespace Telelaunch.Cli.Commands;

/// <summary><c>telelaunch env</c>: the container's environment as run with these options would pass it, for an IDE or a script.</summary>
/// <remarks>The session goes only so far that the agent's container can be asked, and is removed again. Standard output holds the environment and nothing else.</remarks>
internal static class EnvCommand
{
    /// <returns>0, or 128 + n for signal n.</returns>
    public static async Task<int> RunAsync(Surroundings surroundings, SessionOptions options, string? format, OutputFormat output, CancellationToken cancellationToken)
    {
        var written = OptionValues.Word("--format", format, EnvironmentFormat.Shell,
            ("sh", EnvironmentFormat.Shell), ("dotenv", EnvironmentFormat.Dotenv), ("json", EnvironmentFormat.Json), ("launchSettings", EnvironmentFormat.LaunchSettings));
        if (!options.Environment.IsPassed)
            throw new CommandLineException("options-contradict", "With --no-env there is nothing to print.", "Leave --no-env out; --env-include and --env-exclude choose.");
        if (options.DryRun) return await DryRun.RunAsync(surroundings.Screen, options, output, cancellationToken);

        using var signals = new CommandSignals(surroundings.Signals, surroundings.Screen);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(signals.Starting, cancellationToken);
        try
        {
            return await PrintAsync(surroundings, options, written, stop.Token);
        }
        catch (OperationCanceledException) when (signals.CancelledBy != 0)
        {
            return new ProcessExit(0, signals.CancelledBy).ShellCode;
        }
    }

    private static async Task<int> PrintAsync(Surroundings surroundings, SessionOptions options, EnvironmentFormat format, CancellationToken cancellationToken)
    {
        using var files = EnvironmentFiles.Open(options.Environment);
        using var log = new SessionLog(options.Report, surroundings.Screen, surroundings.Time);
        var display = ProgressDisplays.Choose(options.Report.Progress, surroundings.Screen, options.Report is { Verbose: true, LogFile: null }, surroundings.Time);
        await using var session = await new SessionStart(options, surroundings.Screen, display, log, surroundings.Time, SessionPurpose.Look).RunAsync(SessionExtent.Environment, cancellationToken);
        display.Finish();

        var passed = options.Environment.Filter.Apply(session.Environment).Passed;
        files.Write(passed, surroundings.Screen);
        var text = format.Write(passed);
        foreach (var omitted in text.Omitted) surroundings.Screen.Say($"{omitted.Name} is left out: {omitted.Reason}");
        surroundings.Screen.WriteOutput(text.Bytes);
        return ExitCodes.Success;
    }
}
