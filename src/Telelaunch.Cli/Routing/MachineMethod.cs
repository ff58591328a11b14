using Telelaunch.Cli.Options;
using Telelaunch.Cli.Output;

namespace Telelaunch.Cli.Routing;

/// <summary>Which options have no meaning where the machine is routed and no shim is in the command: they are refused before anything is made.</summary>
internal static class MachineMethod
{
    /// <exception cref="CommandLineException"><c>option-without-shim</c>, <c>option-without-agent</c></exception>
    public static void Check(SessionOptions options)
    {
        if (!options.Traffic.IsForMachine) return;
        if (options.Traffic.Method == CatchMethod.Route) CheckAgent(options);
        if (options.Expose.ToPod.Count > 0) throw WithoutShim("--to-pod", "The pod's own loopback is reached by the shim only.");
        if (options.Expose.FollowsCommand) throw WithoutShim("--expose auto", "What a program listens on is told by the shim only.", "Name the ports: --expose PORT. ");
        if (options.Traffic.SkipProcesses.Count > 0) throw WithoutShim("--skip-processes", "Every program of this machine is routed.");
    }

    private static void CheckAgent(SessionOptions options)
    {
        var option = options switch
        {
            { Workload.Swap: not null } => "--swap-deployment",
            { Workload.NewDeployment: not null } => "--new-deployment",
            { Workload.Deployment: not null } => "--deployment",
            _ when options.Expose.IsAny => "--expose",
            _ => null,
        };
        if (option is not null)
            throw new CommandLineException("option-without-agent", $"{option} is given with --method route, which makes no agent in the cluster.", $"Use --vpn-tcp, or leave {option} out.");
    }

    private static CommandLineException WithoutShim(string option, string cause, string remedy = "") =>
        new("option-without-shim", $"{option} doesn't go with system-wide routing. {cause}", $"{remedy}Leave {option} out, or use --method shim.");
}
