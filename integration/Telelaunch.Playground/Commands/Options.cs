using System.Globalization;

namespace Telelaunch.Playground.Commands;

/// <summary>The command line, read.</summary>
/// <param name="Command">up, down, status, image, or daemon: <c>up</c>'s other half.</param>
public sealed record Options(string Command, StateDirectory State, int Port, string? Workloads, bool Quiet, IReadOnlyList<string> Arguments)
{
    public const string Usage = """
        playground up [--state DIR] [--port N] [--no-workloads] [--workloads FILE] [-q]
        playground status [--state DIR]
        playground down [--state DIR]
        playground image load FILE [--state DIR]
        """;

    /// <exception cref="FormatException">The command line makes no sense; the message says why.</exception>
    public static Options Parse(IReadOnlyList<string> args)
    {
        var (state, port, quiet) = (StateDirectory.Default, 0, false);
        string? workloads = Path.Combine(AppContext.BaseDirectory, "workloads.yaml");
        var rest = new List<string>();
        for (var at = 0; at < args.Count; at++)
        {
            string Value() => ++at < args.Count ? args[at] : throw new FormatException($"{args[at - 1]} needs a value");
            switch (args[at])
            {
                case "--state":
                    state = new(Value());
                    break;
                case "--port":
                    if (!ushort.TryParse(Value(), CultureInfo.InvariantCulture, out var number))
                        throw new FormatException($"--port needs a number from 0 to 65535, not {args[at]}");
                    port = number;
                    break;
                case "--workloads":
                    workloads = Path.GetFullPath(Value());
                    if (!File.Exists(workloads))
                        throw new FormatException($"{workloads} does not exist");
                    break;
                case "--no-workloads":
                    workloads = null;
                    break;
                case "-q" or "--quiet":
                    quiet = true;
                    break;
                case var unknown when unknown.StartsWith('-'):
                    throw new FormatException($"unknown option {unknown}");
                default:
                    rest.Add(args[at]);
                    break;
            }
        }
        if (rest.Count == 0)
            throw new FormatException("say what to do");
        return new(rest[0], state, port, workloads is not null && File.Exists(workloads) ? workloads : null, quiet, rest[1..]);
    }
}
