using Telelaunch.Cli.Launch;
using Telelaunch.Cli.Output;
using Telelaunch.Linux;
using Telelaunch.Net;
using Telelaunch.Targets;

namespace Telelaunch.Cli.Routing;

/// <summary>Starts the one part that needs rights: this executable again, as <c>telelaunch routing</c>, through sudo or pkexec where we have none.</summary>
internal sealed class HelperStart(Screen screen)
{
    public const string Command = "routing";

    /// <summary>What is missing, and for what: told whenever we can't get it.</summary>
    private const string Needed = "root, or the capability CAP_NET_ADMIN, for a link of its own, the packet filter, and this machine's name servers";

    /// <summary>Starts it.</summary>
    /// <returns>Our end of its standard input, owned by the caller, and the process.</returns>
    /// <exception cref="HostException">There is no way to get the rights.</exception>
    public (PacketChannel Channel, ChildProcess Process, string Program) Start()
    {
        var own = Environment.ProcessPath ?? "/proc/self/exe";
        var words = ProgramWords(own);
        var (ours, theirs) = PacketChannel.CreatePair();
        using (theirs)
        using (var nothing = File.OpenHandle("/dev/null", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
        {
            var isDirect = words.Count == 2;
            var process = ChildProcess.Start(new ProcessStart(
                words[0],
                [.. words.Select(System.Text.Encoding.UTF8.GetBytes)],
                CommandEnvironment.OfThisProcess().Entries,
                new InheritedSignals(0, 0),
                // Keys of the terminal are for the launcher. sudo stays in the terminal's session, where it may ask for a password; the helper itself takes no notice of them.
                OwnSession: isDirect,
                Descriptors: [(theirs.Descriptor, 0), ((int)nothing.DangerousGetHandle(), 1)]), out var errno);
            if (process is not null) return (ours, process, Path.GetFileName(words[0]));
            ours.Dispose();
            throw new HostException("routing-helper-not-started", $"{words[0]} can't be started: {Errno.NameOf(errno)}.", "Look at the limits on processes (ulimit -u) and memory.");
        }
    }

    /// <summary>What it means when the helper ended before it said anything.</summary>
    public static HostException Explain(string program, ProcessExit exit) => program is "sudo" or "pkexec"
        ? new("root-needed", $"{program} didn't start the helper (it ended with {exit.ShellCode}). System-wide routing needs {Needed}.",
            "Let sudo start it (sudo -v first, or a rule for this program in sudoers), run telelaunch as root, or use --method shim, which needs no rights.")
        : new("routing-helper-ended", $"The helper that routes for this machine ended at once, with {exit.ShellCode}.", "Run it again with -v --log-file F and report it with that file.");

    private List<string> ProgramWords(string own)
    {
        // Root without the capability is a container's; the helper says what that lacks.
        if (PeerCredentials.CurrentUserId == 0) return [own, Command];
        var path = Environment.GetEnvironmentVariable("PATH");
        // Without a terminal nobody could type the password, and sudo would wait for one.
        if (Find("sudo", path) is { } sudo) return Told(Terminal.IsTerminal(2) ? [sudo, "--", own, Command] : [sudo, "-n", "--", own, Command]);
        if (Find("pkexec", path) is { } pkexec) return Told([pkexec, own, Command]);
        if (Capabilities.OfThisProcess().Has(Capability.NetAdmin)) return [own, Command];
        throw new HostException("root-needed", $"System-wide routing needs {Needed}; this user has neither, and there is neither sudo nor pkexec.",
            "Run telelaunch as root, give a container NET_ADMIN (docker run --cap-add NET_ADMIN --device /dev/net/tun), or use --method shim, which needs no rights.");
    }

    private List<string> Told(List<string> words)
    {
        screen.Say($"a helper needs {Needed}; everything else runs as you: {string.Join(' ', words.Select(word => word == words[0] ? Path.GetFileName(word) : word))}");
        return words;
    }

    private static string? Find(string name, string? path) => CommandSearch.Find(name, path) is { Status: CommandSearchStatus.Found } found ? found.Path : null;
}
