using System.CommandLine;
using System.Globalization;
using Telelaunch.Broker.Ports;
using Telelaunch.Cli.Output;
using Telelaunch.Cluster;

namespace Telelaunch.Cli.Options;

/// <summary>The options about ports: <c>--expose</c>, <c>--to-pod</c>, <c>--from-pod</c>.</summary>
internal sealed class ExposeOptionSet
{
    private const string Auto = "auto";

    private readonly Option<string[]> _expose = Texts("--expose", "PORT[:POD_PORT]|auto", "A port of the pod that leads to a local one, local first (repeat); auto: whatever the command listens on");
    private readonly Option<string[]> _toPod = Texts("--to-pod", "PORT[,PORT]", "Ports of localhost that are the pod's, for its other containers (repeat)");
    private readonly Option<string[]> _fromPod = Texts("--from-pod", "PORT[:POD_PORT]", "As --expose, for the pod's other containers alone: on the pod's localhost (repeat)");

    public void AddTo(Command command)
    {
        command.Options.Add(_expose);
        command.Options.Add(_toPod);
        command.Options.Add(_fromPod);
    }

    /// <exception cref="CommandLineException">A value can't be understood, or two contradict each other.</exception>
    public ExposeOptions Read(ParseResult line)
    {
        string[] expose = line.GetValue(_expose) ?? [];
        ExposedPort[] ports =
        [
            .. expose.Where(text => text != Auto).Select(text => Pair("--expose", text, ExposeOrigin.Asked)),
            .. (line.GetValue(_fromPod) ?? []).Select(text => Pair("--from-pod", text, ExposeOrigin.FromPod)),
        ];
        foreach (var same in ports.GroupBy(port => port.PodPort).Where(group => group.Count() > 1))
        {
            throw new CommandLineException("pod-port-twice", $"The pod's port {same.Key} is named twice: {string.Join(" and ", same.Select(Describe))}.",
                "Each port of the pod can lead to one local port.");
        }
        return new(ports, expose.Contains(Auto), ReadToPod(line.GetValue(_toPod) ?? []));
    }

    private static int[] ReadToPod(string[] lists)
    {
        int[] ports = [.. lists.SelectMany(list => list.Split(',', StringSplitOptions.TrimEntries)).Select(text => Port("--to-pod", text, text)).Distinct()];
        return ports.Length <= Broker.Broker.MaximumPodPorts
            ? ports
            : throw new CommandLineException("too-many-pod-ports", $"--to-pod: {ports.Length} ports are more than the {Broker.Broker.MaximumPodPorts} that a session can send there.", "Name those alone that the command connects to.");
    }

    private static ExposedPort Pair(string option, string text, ExposeOrigin origin)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        var hostPort = Port(option, text, colon < 0 ? text : text[..colon]);
        var podPort = colon < 0 ? hostPort : Port(option, text, text[(colon + 1)..]);
        if (podPort is AgentPod.AgentPort or AgentPod.SshPort)
        {
            throw new CommandLineException("pod-port-reserved", $"{option}: the pod's port {podPort} is the agent's own: the tunnel comes in there.",
                $"Name another port of the pod: {option} {hostPort}:POD.");
        }
        return new(hostPort, podPort, origin);
    }

    private static int Port(string option, string value, string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is >= 1 and <= ushort.MaxValue
            ? port
            : throw OptionValues.Invalid(option, value, option == "--to-pod" ? "is no list of ports" : "is no port, nor two",
                option == "--to-pod" ? "Write ports from 1 to 65535 one by one: 5432,6379." : $"Write {option} 8080, or {option} 8080:80 (local first), ports from 1 to 65535, an option for each.");

    private static string Describe(ExposedPort port) => $"{(port.Origin == ExposeOrigin.FromPod ? "--from-pod" : "--expose")} {port.HostPort}:{port.PodPort}";

    private static Option<string[]> Texts(string name, string value, string description) =>
        new(name) { HelpName = value, Description = description, Arity = ArgumentArity.OneOrMore, AllowMultipleArgumentsPerToken = false };
}
