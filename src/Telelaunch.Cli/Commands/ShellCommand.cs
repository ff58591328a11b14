using Telelaunch.Cli.Launch;
using Telelaunch.Cli.Options;
using Telelaunch.Cli.Output;
using Telelaunch.Cli.Routing;

namespace Telelaunch.Cli.Commands;

/// <summary><c>telelaunch shell</c>: run with $SHELL.</summary>
internal static class ShellCommand
{
    private const string DefaultShell = "/bin/sh";

    /// <returns>As <see cref="RunCommand.RunAsync"/>.</returns>
    public static async Task<int> RunAsync(Surroundings surroundings, SessionOptions options, OutputFormat format, CancellationToken cancellationToken)
    {
        MachineMethod.Check(options);
        if (options.Traffic.Method == CatchMethod.Route)
            throw new CommandLineException("method-without-session", "--method route has no session that a shell could be in: it is for the whole machine.", "Begin with telelaunch run --method route; every shell is in it then.");
        var shell = Environment.GetEnvironmentVariable("SHELL") is { Length: > 0 } own ? own : DefaultShell;
        // Looked at before anything is made; its words are known once the session's directory is there.
        var found = PreparedCommand.Find(CommandWords.OfText(shell), options.Traffic.Method, options.Report.Trace);
        return options.DryRun
            ? await DryRun.RunAsync(surroundings.Screen, options, format, cancellationToken)
            : await new SessionRun(surroundings, options).RunAsync(place => found with { Arguments = ShellPrompt.Words(found.Path, place).Arguments }, cancellationToken);
    }
}
