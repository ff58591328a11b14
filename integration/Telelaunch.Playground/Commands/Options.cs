using System.Globalization;
using System.Net;

namespace Telelaunch.Playground.Commands;

/// <summary>The command line, read.</summary>
/// <param name="Command">up, down, status, image, link, or daemon: <c>up</c>'s other half.</param>
public sealed record Options(string Command, StateDirectory State, int Port, string? Workloads, bool Quiet, IReadOnlyList<string> Arguments)
{
    private const int DnsPort = 53;

    public const string Usage = """
        playground up [--state DIR] [--port N] [--no-workloads] [--workloads FILE] [--dns-upstream HOST[:PORT]] [-q]
        playground status [--state DIR]
        playground down [--state DIR]
        playground image load FILE [--state DIR]
        playground link PID [--state DIR]
        """;

    /// <summary>The resolver for names outside the cluster; null means those of the host.</summary>
    public DnsEndPoint? DnsUpstream { get; init; }

    /// <exception cref="FormatException">The command line makes no sense; the message says why.</exception>
    public static Options Parse(IReadOnlyList<string> args)
    {
        var (state, port, quiet) = (StateDirectory.Default, 0, false);
        DnsEndPoint? upstream = null;
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
                case "--dns-upstream":
                    upstream = ParseUpstream(Value());
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
        return new(rest[0], state, port, workloads is not null && File.Exists(workloads) ? workloads : null, quiet, rest[1..])
        {
            DnsUpstream = upstream,
        };
    }

    private static DnsEndPoint ParseUpstream(string text)
    {
        if (IPEndPoint.TryParse(text, out var address))
            return new(address.Address.ToString(), address.Port == 0 ? DnsPort : address.Port);
        var colon = text.LastIndexOf(':');
        var (host, port) = colon < 0 ? (text, $"{DnsPort}") : (text[..colon], text[(colon + 1)..]);
        if (Uri.CheckHostName(host) != UriHostNameType.Dns || !ushort.TryParse(port, CultureInfo.InvariantCulture, out var number) || number == 0)
            throw new FormatException($"--dns-upstream needs HOST or HOST:PORT, not {text}");
        return new(host, number);
    }
}
