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
        var command = words is null ? null : PreparedCommand.Find(words, options.Traffic.Method, options.Report.Trace);
        if (options.DryRun) return await DryRun.RunAsync(surroundings.Screen, options, format, cancellationToken);
        return options.Traffic.Method == CatchMethod.Route
            ? await new RouteRun(surroundings, options).RunAsync(command, cancellationToken)
            : await new SessionRun(surroundings, options).RunAsync(_ => command, cancellationToken);
    }
}
