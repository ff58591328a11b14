using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Telelaunch.Cli.Options;
using Telelaunch.Cli.Output;
using Telelaunch.Cli.Routing;

namespace Telelaunch.Cli.Commands;

/// <summary>Every command with its options: what can be typed, and which type carries it out.</summary>
internal sealed class CommandTree
{
    private readonly SessionOptionSet _session = new();
    private readonly Argument<string[]> _words = new("COMMAND") { Arity = ArgumentArity.ZeroOrMore, Hidden = true };
    private readonly Option<string?> _format = new("--format") { HelpName = "sh|dotenv|json|launchSettings", Description = "How the environment is written (default sh)" };
    private readonly Surroundings _surroundings;

    public CommandTree(Surroundings surroundings)
    {
        _surroundings = surroundings;
        var run = SessionCommand("run", "Start a command inside the cluster's network: telelaunch run [options] -- COMMAND [ARG…]", RunAsync);
        run.Arguments.Add(_words);
        var doctor = SessionCommand("doctor", "Probe rights, agent, names, ranges and this machine, and a program if one is named: telelaunch doctor [options] [-- PROGRAM [ARG…]]",
            (options, line, token) => DoctorCommand.RunAsync(_surroundings, options, ReadWords(line, "doctor"), Format(line), token));
        doctor.Arguments.Add(_words);
        var env = SessionCommand("env", "Print the environment that run would give, for an IDE or a script", (options, line, token) => EnvCommand.RunAsync(_surroundings, options, line.GetValue(_format), Format(line), token));
        env.Options.Add(_format);
        Root = new("Starts a process on this machine so that it lives inside a Kubernetes cluster's network.")
        {
            run,
            SessionCommand("shell", "Start $SHELL inside the cluster's network", (options, line, token) => ShellCommand.RunAsync(_surroundings, options, Format(line), token)),
            Attach(),
            Processes(),
            SessionCommand("list", "List the namespace's workloads, and who stands in for which", (options, line, token) => ListCommand.RunAsync(_surroundings, options, Format(line), token)),
            Leave(),
            Restore(),
            env,
            doctor,
            SessionCommand("rbac", "Print the Role that these options need", (options, line, _) => Task.FromResult(RbacCommand.Run(_surroundings.Screen, options))),
            Simple("version", "Print the version", line => VersionCommand.Run(_surroundings.Screen, Format(line))),
            AgentImage(),
            Completion(),
            Hidden("guard", "Cleans up after a launcher that was killed", GuardCommand.RunAsync),
            Hidden(HelperStart.Command, "Changes this machine for a launcher", _ => Task.FromResult(RoutingCommand.Run(_surroundings.Time))),
            Hidden(RoutingCommand.GuardCommand, "Puts this machine back after a helper that was killed", token => RoutingCommand.RunGuardAsync(_surroundings.Time, token)),
        };
    }

    public RootCommand Root { get; }

    /// <summary>Parses and carries out a command line.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> InvokeAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        // Response files are not ours to read: "@x" may be an argument of the command.
        var line = Root.Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
        var ordinary = line.CommandResult.Command.Name is "run" or "shell" or "attach" ? ExitCodes.NotStarted : ExitCodes.Failed;
        try
        {
            if (line.Errors.Count > 0) throw Explain(line);
            return await line.InvokeAsync(new InvocationConfiguration
            {
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
                Output = new ScreenWriter(_surroundings.Screen.WriteOutput),
                Error = new ScreenWriter(_surroundings.Screen.WriteError),
            }, cancellationToken);
        }
        // The program's only catch-all: what isn't expected ends here, as a defect.
        catch (Exception error)
        {
            var failure = Failure.Of(error, ordinary);
            FailureReport.Write(_surroundings.Screen, failure, FormatForErrors(line));
            return failure.ExitCode;
        }
    }

    private Command SessionCommand(string name, string description, Func<SessionOptions, ParseResult, CancellationToken, Task<int>> carryOut)
    {
        var command = new Command(name, description);
        _session.AddTo(command);
        command.SetAction((line, token) =>
        {
            _ = Format(line);
            return carryOut(_session.Read(line), line, token);
        });
        return command;
    }

    private Command Simple(string name, string description, Func<ParseResult, int> carryOut)
    {
        var command = new Command(name, description) { _session.OutputOption };
        command.SetAction(carryOut);
        return command;
    }

    private Command Attach()
    {
        var process = new Argument<int?>("PID") { Description = "The process's number; left out: chosen from a list", Arity = ArgumentArity.ZeroOrOne };
        var name = new Option<string?>("--name") { HelpName = "TEXT", Description = "The application's name instead of a number" };
        var command = SessionCommand("attach", "Bring a running .NET process into the cluster's network, without a restart, until Ctrl-C",
            (options, line, token) => AttachCommand.RunAsync(_surroundings, options, line.GetValue(process), line.GetValue(name), Format(line), token));
        command.Arguments.Add(process);
        command.Options.Add(name);
        return command;
    }

    private Command Processes()
    {
        var command = new Command("ps", "List the .NET processes of this machine, and which of them can be attached") { _session.OutputOption };
        command.SetAction((line, token) => PsCommand.RunAsync(_surroundings.Screen, Format(line), token));
        return command;
    }

    private Task<int> RunAsync(SessionOptions options, ParseResult line, CancellationToken cancellationToken)
    {
        var words = ReadWords(line, "run");
        if (words is null && !options.Traffic.IsForMachine)
            throw new CommandLineException("command-missing", "There is no command to run.", "Write it after the options: telelaunch run [options] -- COMMAND [ARG…]. For a shell: telelaunch shell. For the whole machine: telelaunch run --vpn-tcp.");
        return RunCommand.RunAsync(_surroundings, options, words, Format(line), cancellationToken);
    }

    /// <summary>The words after <c>--</c>; null where there are none.</summary>
    private CommandWords? ReadWords(ParseResult line, string command)
    {
        var words = line.GetValue(_words) ?? [];
        // Without "--" an option of the command would be taken for one of ours; and what isn't an option of ours counts as a word.
        var tokens = line.Tokens.ToList();
        var dashes = tokens.FindIndex(token => token.Type == TokenType.DoubleDash);
        var wordsAfterDashes = dashes < 0 ? 0 : tokens.Count - dashes - 1;
        if (words.Length > wordsAfterDashes)
        {
            throw words[0].StartsWith('-')
                ? UnknownOption(words[0], command)
                : new CommandLineException("command-without-dashes", $"'{words[0]}' stands where an option is expected.", $"Put -- before the command: telelaunch {command} [options] -- {words[0]} …");
        }
        return words.Length == 0 ? null : CommandWords.Of(words);
    }

    private Command Leave()
    {
        var name = new Argument<string>("NAME|PID") { Description = "web, deployment/web, statefulset/db; or the number of a process that is attached" };
        var command = SessionCommand("leave", "End a swap: put the workload back, whether its session lives or not; or let a process go that is attached", (options, line, token) =>
            int.TryParse(line.GetRequiredValue(name), NumberStyles.None, CultureInfo.InvariantCulture, out var process)
                ? LeaveProcessCommand.RunAsync(_surroundings, process, Format(line), token)
                : RestoreCommand.RunAsync(_surroundings, options, line.GetRequiredValue(name), isForced: true, Format(line), token));
        command.Arguments.Add(name);
        return command;
    }

    private Command Restore()
    {
        var name = new Argument<string?>("NAME") { Description = "web, deployment/web, statefulset/db; all of the namespace where it is left out", Arity = ArgumentArity.ZeroOrOne };
        var all = new Option<bool>("--all") { Description = "All of the namespace, as without a name" };
        var host = new Option<bool>("--host") { Description = "Put this machine back as it was: name servers and routes that a dead session with --vpn-tcp or --method route left" };
        var command = SessionCommand("restore", "Put back what dead sessions left swapped, or left on this machine", (options, line, token) => (line.GetValue(name), line.GetValue(all)) switch
        {
            ({ }, _) or (_, true) when line.GetValue(host) => throw new CommandLineException("options-exclude-each-other", "--host is about this machine, NAME and --all are about the cluster.", "Leave one of them out."),
            _ when line.GetValue(host) => Task.FromResult(HostRestoreCommand.Run(_surroundings.Screen, Format(line))),
            ({ } one, true) => throw new CommandLineException("options-exclude-each-other", $"{one} and --all are both given.", "Leave one of them out."),
            var (one, _) => RestoreCommand.RunAsync(_surroundings, options, one, isForced: false, Format(line), token),
        });
        command.Arguments.Add(name);
        command.Options.Add(all);
        command.Options.Add(host);
        return command;
    }

    private Command AgentImage()
    {
        var name = new Argument<string>("NAME") { Description = "The Deployment's name", DefaultValueFactory = _ => "telelaunch-agent" };
        var manifest = SessionCommand("manifest", "Print Secret and Deployment of an agent that stays, for kubectl apply and --deployment",
            (options, line, _) => Task.FromResult(AgentManifestCommand.Run(_surroundings.Screen, options, line.GetRequiredValue(name))));
        manifest.Arguments.Add(name);
        return new("agent", "About the agent") { new Command("image", "The agent's image and its manifest") { manifest } };
    }

    private Command Completion()
    {
        var shell = new Argument<string>("SHELL") { Description = "bash, zsh, fish or pwsh" };
        var command = new Command("completion", "Print a completion script for a shell") { shell };
        command.SetAction(line => CompletionCommand.Run(_surroundings.Screen, line.GetRequiredValue(shell)));
        return command;
    }

    private static Command Hidden(string name, string description, Func<CancellationToken, Task<int>> carryOut)
    {
        var command = new Command(name, description) { Hidden = true };
        command.SetAction((_, token) => carryOut(token));
        return command;
    }

    private OutputFormat Format(ParseResult line) => SessionOptionSet.ReadFormat(line.GetValue(_session.OutputOption));

    // Even a command line that can't be understood may say how its error is to be written.
    private OutputFormat FormatForErrors(ParseResult line) => line.GetResult(_session.OutputOption)?.Tokens is [.., var last] ? last.Value switch
    {
        "json" => OutputFormat.Json,
        "yaml" => OutputFormat.Yaml,
        _ => OutputFormat.Text,
    } : OutputFormat.Text;

    private static CommandLineException Explain(ParseResult line)
    {
        var help = line.CommandResult.Command is RootCommand ? "telelaunch --help" : $"telelaunch {line.CommandResult.Command.Name} --help";
        if (line.UnmatchedTokens is [var unknown, ..])
        {
            if (unknown.StartsWith('-')) return UnknownOption(unknown, line.CommandResult.Command is RootCommand ? "" : line.CommandResult.Command.Name);
            return line.CommandResult.Command is RootCommand
                ? new("command-unknown", $"'{unknown}' is no command of telelaunch.", $"See {help}. To start a program: telelaunch run -- {unknown}.")
                : new("argument-unexpected", $"'{unknown}' is one word too many.", $"See {help}.");
        }
        return line.Errors[0].SymbolResult is CommandResult { Command: RootCommand }
            ? new("command-missing", "There is no command.", "Begin with: telelaunch run -- COMMAND. telelaunch --help lists the others.")
            : new("command-line-invalid", line.Errors[0].Message, $"See {help}.");
    }

    private static CommandLineException UnknownOption(string option, string command) =>
        new("option-unknown", $"'{option}' is no option{(command.Length == 0 ? "" : " of " + command)}.", $"See telelaunch {(command.Length == 0 ? "" : command + " ")}--help for the options there are.");
}
