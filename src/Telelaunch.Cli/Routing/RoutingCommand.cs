using System.ComponentModel;
using System.Runtime.InteropServices;
using Telelaunch.Cli.Launch;
using Telelaunch.Linux;
using Telelaunch.Net;
using Telelaunch.Routing.Helper;
using Telelaunch.Routing.Resolver;
using Telelaunch.Targets;

namespace Telelaunch.Cli.Routing;

/// <summary><c>telelaunch routing</c> and <c>telelaunch routing-guard</c> (hidden): the helper with rights, and the process that undoes what a killed helper left.</summary>
internal static class RoutingCommand
{
    public const string GuardCommand = "routing-guard";

    private static readonly HostPaths Paths = new();

    /// <summary>Standard input is the launcher's channel.</summary>
    public static int Run(TimeProvider time)
    {
        using var channel = new PacketChannel(0);
        // Under sudo we stay in the terminal's session: its keys are for the launcher, whose end tells us when to end. Whoever asks us by TERM is obeyed.
        using var interrupt = Ignore(PosixSignal.SIGINT);
        using var quit = Ignore(PosixSignal.SIGQUIT);
        using var hangUp = Ignore(PosixSignal.SIGHUP);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
        {
            context.Cancel = true;
            channel.ShutDown();
        });
        Environment.CurrentDirectory = "/";
        return new RoutingServer(channel, StartGuard, Paths, time).Run();
    }

    /// <summary>Standard input is the helper's channel.</summary>
    public static async Task<int> RunGuardAsync(TimeProvider time, CancellationToken cancellationToken)
    {
        using var terminate = Ignore(PosixSignal.SIGTERM);
        Environment.CurrentDirectory = "/";
        using var guard = new RoutingGuard(new PacketChannel(0), Paths, time);
        await guard.RunAsync(cancellationToken);
        return 0;
    }

    private static PosixSignalRegistration Ignore(PosixSignal signal) => PosixSignalRegistration.Create(signal, static context => context.Cancel = true);

    private static PacketChannel StartGuard()
    {
        var (ours, theirs) = PacketChannel.CreatePair();
        using (theirs)
        using (var nothing = File.OpenHandle("/dev/null", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
        {
            var process = ChildProcess.Start(new ProcessStart(
                Environment.ProcessPath ?? "/proc/self/exe",
                ["telelaunch"u8.ToArray(), System.Text.Encoding.UTF8.GetBytes(GuardCommand)],
                CommandEnvironment.OfThisProcess().Entries,
                new InheritedSignals(0, 0),
                OwnSession: true,
                Descriptors:
                [
                    (theirs.Descriptor, 0),
                    ((int)nothing.DangerousGetHandle(), 1),
                    ((int)nothing.DangerousGetHandle(), 2),
                ]), out var errno);
            if (process is not null) return ours;
            ours.Dispose();
            throw new Win32Exception(errno, $"the routing guard can't be started: {Errno.NameOf(errno)}");
        }
    }
}
