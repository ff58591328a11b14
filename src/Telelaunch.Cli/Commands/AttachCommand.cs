using Telelaunch.Cli.Attach;
using Telelaunch.Cli.Options;
using Telelaunch.Cli.Output;

namespace Telelaunch.Cli.Commands;

/// <summary><c>telelaunch attach PID [options]</c></summary>
internal static class AttachCommand
{
    /// <param name="processId">Null: by <paramref name="name"/>, or chosen at the terminal.</param>
    /// <returns>0, or 124 where the tunnel was lost for good meanwhile.</returns>
    public static async Task<int> RunAsync(Surroundings surroundings, SessionOptions options, int? processId, string? name, OutputFormat format, CancellationToken cancellationToken)
    {
        if (options.Traffic.Method is not (CatchMethod.Auto or CatchMethod.Shim))
            throw new CommandLineException("method-without-attach", "A running process is attached by the shim; --method vpn-tcp and route serve every program of this machine as it is.", "Leave --method out, or use telelaunch run --vpn-tcp, which needs no attaching.");
        if (options.Expose.FollowsCommand)
            throw new CommandLineException("expose-auto-without-command", "--expose auto follows what a command begins to listen on; a process that runs may listen already.", "Name the ports: --expose PORT.");
        var process = await AttachTarget.ChooseAsync(surroundings.Screen, processId, name, format, cancellationToken);
        return options.DryRun
            ? await DryRun.RunAsync(surroundings.Screen, options, format, cancellationToken)
            : await new AttachRun(surroundings, options, process).RunAsync(cancellationToken);
    }
}
