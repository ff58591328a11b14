using System.Net.Sockets;
using Telelaunch.Cli.Commands;
using Telelaunch.Cli.Logging;
using Telelaunch.Cli.Options;
using Telelaunch.Cli.Output;
using Telelaunch.Cli.Session;
using Telelaunch.Cli.Variables;
using Telelaunch.Targets;

namespace Telelaunch.Cli.Launch;

/// <summary>A session with its command, from the first phase to the last trace removed.</summary>
/// <remarks>The session lives as long as the command itself: what the command leaves running behind it loses the cluster then.</remarks>
internal sealed class SessionRun(Surroundings surroundings, SessionOptions options)
{
    /// <param name="prepare">Gives the command once the session's parts are there; null where the session is for the machine as a whole, and lasts until a signal ends it.</param>
    /// <returns>The exit code.</returns>
    public async Task<int> RunAsync(Func<SessionPlace, PreparedCommand?> prepare, CancellationToken cancellationToken)
    {
        using var signals = new CommandSignals(surroundings.Signals, surroundings.Screen);
        using var starting = CancellationTokenSource.CreateLinkedTokenSource(signals.Starting, cancellationToken);
        try
        {
            using var log = new SessionLog(options.Report, surroundings.Screen, surroundings.Time);
            return await RunAsync(prepare, log, signals, starting.Token);
        }
        catch (OperationCanceledException) when (signals.CancelledBy != 0)
        {
            surroundings.Screen.Say("cancelled before the command started");
            return new ProcessExit(0, signals.CancelledBy).ShellCode;
        }
    }

    private async Task<int> RunAsync(Func<SessionPlace, PreparedCommand?> prepare, SessionLog log, CommandSignals signals, CancellationToken starting)
    {
        var display = ProgressDisplays.Choose(options.Report.Progress, surroundings.Screen, options.Report is { Verbose: true, LogFile: null }, surroundings.Time);
        using var files = EnvironmentFiles.Open(options.Environment);
        var shim = options.Traffic.IsForMachine ? null : ShimFile.Install();
        var session = await new SessionStart(options, surroundings.Screen, display, log, surroundings.Time).RunAsync(starting);
        await using (session)
        {
            var broker = session.Broker!;
            var hook = IsHookWanted(session, hasShim: shim is not null) ? HookFile.Install() : default;
            if (hook.Obstacle is { } obstacle) display.Note(obstacle);
            var passed = options.Environment.Filter.Apply(session.Environment).Passed;
            files.Write(passed, surroundings.Screen);
            var environment = CommandEnvironment.OfThisProcess();
            environment.Overlay(passed);
            environment.Add(broker.GetEnvironment(shim, environment.PreloadsOfOthers(), logPath: null, hook.Path is { } path ? new(path, options.Report.Trace) : null));
            var kubeconfig = session.Connection!.Kubeconfig;
            var command = prepare(new(kubeconfig.ContextName, kubeconfig.Namespace, broker.SessionPath, environment));
            foreach (var warning in command?.Warnings ?? []) display.Note(warning);
            display.Finish();
            if (session.Routing is { } routing && options.Report.Progress != ProgressStyle.Quiet) surroundings.Screen.WriteError(routing.Screen);
            if (command is null)
            {
                await signals.WaitForEndAsync(session.Banner!.Lost);
                return session.Banner.IsLost ? ExitCodes.TunnelLost : ExitCodes.Success;
            }

            var exit = await new CommandRun(surroundings.Signals, signals).RunAsync(command, environment.Entries,
                id => session.Guard!.TellAsync(told => told with { CommandId = id }, CancellationToken.None));
            await session.DeliverAsync();
            return session.Banner!.IsLost ? ExitCodes.TunnelLost : exit.ShellCode;
        }
    }

    /// <summary>Running a startup hook takes a runtime some 10 ms of each start, whatever the hook does: it is there where somebody hears what it tells.</summary>
    private bool IsHookWanted(RunningSession session, bool hasShim) => options.Weave || (hasShim
        && (options.Report.Verbose || options.Report.Trace || session.Ports is not null
            // What IPv6 switched off means there, only the hook can tell.
            || session.Tunnel!.Pod.Addresses.All(address => address.AddressFamily == AddressFamily.InterNetworkV6)));
}

/// <summary>What a command may want to know of its session before it starts.</summary>
/// <param name="Directory">The session's directory: files in it go with the session.</param>
internal sealed record SessionPlace(string Context, string Namespace, string Directory, CommandEnvironment Environment);
