using Telelaunch.Cli.Launch;
using Telelaunch.Cli.Options;
using Telelaunch.Cli.Output;

namespace Telelaunch.Cli.Commands;

/// <summary><c>telelaunch run [options] -- COMMAND [ARG…]</c></summary>
internal static class RunCommand
{
    /// <returns>The command's exit code, 128 + n, or 124 where the tunnel was lost for good meanwhile.</returns>
    public static async Task<int> RunAsync(Surroundings surroundings, SessionOptions options, CommandWords words, OutputFormat format, CancellationToken cancellationToken)
    {
        var command = PreparedCommand.Find(words, options.Traffic.Method);
        return options.DryRun
            ? await DryRun.RunAsync(surroundings.Screen, options, format, cancellationToken)
            : await new SessionRun(surroundings, options).RunAsync(_ => command, cancellationToken);
    }
}
