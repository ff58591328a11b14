using Telelaunch.Cli.Output;

namespace Telelaunch.Cli.Options;

/// <summary>Command lines as Telepresence 1, mirrord and kubevpn spell them, put into ours.</summary>
/// <param name="Arguments">The command line to parse.</param>
/// <param name="Notices">One line for each word that was replaced.</param>
internal sealed record OlderSpelling(IReadOnlyList<string> Arguments, IReadOnlyList<string> Notices)
{
    private static readonly Dictionary<string, string> Options = new()
    {
        ["--serviceaccount"] = "--service-account",
        ["--logfile"] = "--log-file",
        ["--extra-cidr"] = "--also-proxy",
    };

    /// <summary>Everything after <c>--</c> is the command's and stays as it is.</summary>
    /// <exception cref="CommandLineException">An older option that this version has nothing for.</exception>
    public static OlderSpelling Translate(IReadOnlyList<string> arguments)
    {
        List<string> ours = [];
        List<string> notices = [];
        for (var i = 0; i < arguments.Count; i++)
        {
            var argument = arguments[i];
            if (argument == "--") return Done([.. ours, .. arguments.Skip(i)]);
            // mirrord's word for it; -t and --target are --swap's own other names.
            if (argument == "exec" && ours.Count == 0)
            {
                notices.Add("'exec' is called 'run' here, and a target is swapped, not mirrored.");
                ours.Add("run");
                continue;
            }
            // --run takes all that follows as the command, and has no subcommand before it.
            if (argument == "--run" && IsWithoutCommand(ours)) return Replaced("--run CMD…", "run -- CMD…", ["run", .. ours, "--", .. arguments.Skip(i + 1)]);
            if (argument == "--run-shell" && IsWithoutCommand(ours)) return Replaced("--run-shell", "shell", ["shell", .. ours, .. arguments.Skip(i + 1)]);
            if (argument == "--docker-run")
                throw new CommandLineException("option-not-available", "--docker-run isn't available in this version.", "Start the program itself: telelaunch run -- COMMAND.");
            ours.Add(Option(argument));
        }
        return Done(ours);

        OlderSpelling Done(List<string> line) => new(line, notices);

        OlderSpelling Replaced(string older, string newer, List<string> line)
        {
            notices.Add($"'{older}' is called '{newer}' here.");
            return Done(line);
        }

        string Option(string argument)
        {
            var equals = argument.IndexOf('=', StringComparison.Ordinal);
            var name = equals < 0 ? argument : argument[..equals];
            if (!Options.TryGetValue(name, out var newer)) return argument;
            notices.Add($"'{name}' is called '{newer}' here.");
            return newer + argument[name.Length..];
        }
    }

    // "telelaunch run --run x" is a mistake, not an older spelling.
    private static bool IsWithoutCommand(List<string> before) => before.Count == 0 || before[0].StartsWith('-');
}
