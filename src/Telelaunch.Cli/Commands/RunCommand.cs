using Telelaunch.Cli.Launch;
using Telelaunch.Cli.Options;
using Telelaunch.Cli.Output;
using Telelaunch.Cli.Routing;

namespace Telelaunch.Cli.Commands;

/// <summary><c>telelaunch run [options] -- COMMAND [ARG…]</c></summary>
internal static class RunCommand
{
    /// <returns>The command's exit code, 128 + n, or 124 where the tunnel was lost for good meanwhile.</returns>
    /// <param name="words">Null where the whole machine is routed and no command is started.</param>
    public static async Task<int> RunAsync(Surroundings surroundings, SessionOptions options, CommandWords? words, OutputFormat format, CancellationToken cancellationToken)
    {
        MachineMethod.Check(options);
        var command = words is null ? null : PreparedCommand.Find(words, options.Traffic.Method, options.Report.Trace && !options.Weave);
        var woven = options.Weave ? Woven(options, command, words) : null;
        if (options.DryRun) return await DryRun.RunAsync(surroundings.Screen, options, format, cancellationToken);
        return options.Traffic.Method == CatchMethod.Route
            ? await new RouteRun(surroundings, options).RunAsync(command, cancellationToken)
            : await new SessionRun(surroundings, options).RunAsync(place => woven?.Weave(place.Directory) ?? command, cancellationToken);
    }

    private static WovenCommand Woven(SessionOptions options, PreparedCommand? command, CommandWords? words)
    {
        if (command is null || words is null) throw new CommandLineException("weave-without-command", "--weave needs a command to start.", "Write it after the options: telelaunch run --weave -- dotnet APP.dll.");
        // Nothing of a session is on this machine there that a hook could report to.
        if (options.Traffic.Method == CatchMethod.Route) throw new CommandLineException("options-exclude-each-other", "--weave is for sessions, and --method route only sets routes.", "Leave one of them out.");
        return WovenCommand.Check(command, words.Texts);
    }
}
