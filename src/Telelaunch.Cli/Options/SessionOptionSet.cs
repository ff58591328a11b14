using System.CommandLine;
using Telelaunch.Cli.Output;
using Telelaunch.Net;

namespace Telelaunch.Cli.Options;

/// <summary>The options of every command about a session: declared once, read once.</summary>
internal sealed class SessionOptionSet
{
    /// <summary>The agent image where <c>--agent-image</c> isn't given.</summary>
    public const string AgentImageVariable = "TELELAUNCH_AGENT_IMAGE";

    private readonly Option<string?> _kubeconfig = Text("--kubeconfig", "FILE", "The kubeconfig to use; otherwise KUBECONFIG, then ~/.kube/config");
    private readonly Option<string?> _context = Text("--context", "NAME", "The context to use; otherwise the current one");
    private readonly Option<string?> _namespace = Text("--namespace", "NS", "The namespace to live in; otherwise the context's", "-n");
    private readonly Option<string?> _as = Text("--as", "USER", "The user to act as");
    private readonly Option<string?> _token = Text("--token", "TOKEN", "A bearer token instead of the kubeconfig's credentials");
    private readonly Option<string[]> _alsoProxy = Texts("--also-proxy", "HOST|IP|CIDR", "What else goes through the cluster (repeat)");
    private readonly Option<string[]> _neverProxy = Texts("--never-proxy", "CIDR", "What doesn't, though it lies in a range of the cluster (repeat)");
    private readonly Option<string[]> _skipProcesses = Texts("--skip-processes", "A,B", "Programs of the process tree that stay outside, besides build tools and debuggers");
    private readonly Option<string?> _tunnel = Text("--tunnel", "ssh|direct", "What carries the flows: SSH with a pinned host key (default), or the port-forward alone");
    private readonly Option<string?> _carriers = Text("--carriers", "N", "How many port-forwards carry the flows, 1 to 4 (default 1); the loss of one resets its own flows only");
    private readonly Option<string?> _method = Text("--method", "auto|shim|vpn-tcp|route", "How traffic is caught; auto refuses programs of which nothing would be caught, shim starts them all the same, vpn-tcp routes for the whole machine, route sends packets to a node", "-m");
    private readonly Option<bool> _vpnTcp = new("--vpn-tcp") { Description = "Short for --method vpn-tcp: every program of this machine reaches the cluster; the command may be left out" };
    private readonly Option<string?> _node = Text("--node", "NAME|IP", "With --method route: the node that forwards; otherwise one that this machine reaches directly");
    private readonly Option<string?> _agentImage = Text("--agent-image", "IMAGE", $"The agent's image; otherwise {AgentImageVariable}");
    private readonly Option<string?> _serviceAccount = Text("--service-account", "NAME", "The agent pod's service account");
    private readonly Option<string?> _imagePullSecret = Text("--image-pull-secret", "NAME", "The Secret with which the agent's image is pulled");
    private readonly Option<string?> _agentTimeout = Text("--agent-timeout", "DURATION", "How long the agent's start may take (default 60s)");
    private readonly Option<string?> _agentNamespace = Text("--agent-namespace", "NS", "The namespace of the agent pod, where it differs from the one to live in");
    private readonly Option<bool> _verbose = new("--verbose", "-v") { Description = "Write a debug log, to standard error unless --log-file is given" };
    private readonly Option<string?> _logFile = Text("--log-file", "FILE", "Write a debug log to a file");
    private readonly Option<bool> _trace = new("--trace") { Description = "Write a line for each connection and lookup, to standard error unless --log-file is given" };
    private readonly Option<bool> _dryRun = new("--dry-run") { Description = "Print manifests, rights, ranges and environment; create nothing" };
    private readonly WorkloadOptionSet _workload = new();
    private readonly ExposeOptionSet _expose = new();
    private readonly Option<string?> _progress = Text("--progress", "auto|plain|json|quiet", "How the start is shown");

    private readonly EnvironmentOptionSet _environment = new();
    private readonly VolumeOptionSet _volumes = new();
    private readonly Option<bool> _weave = new("--weave") { Description = "Start a copy of the .NET application that runs the startup hook by itself: for --trace where the shim isn't in the process (--vpn-tcp)" };
    private readonly Option<bool> _keepHostName = new("--keep-hostname") { Description = "Leave the command this machine's host name, where it would be the pod's" };

    /// <summary><c>-o</c>: read before everything else, because it says how errors are written.</summary>
    public Option<string?> OutputOption { get; } = Text("--output", "text|json|yaml", "How results and errors are written", "-o");

    public void AddTo(Command command)
    {
        Option[] all =
        [
            _kubeconfig, _context, _namespace, _as, _token, _alsoProxy, _neverProxy, _skipProcesses, _tunnel, _carriers, _method, _vpnTcp, _node, _agentImage, _serviceAccount,
            _imagePullSecret, _agentTimeout, _agentNamespace, OutputOption, _progress, _verbose, _logFile, _trace, _dryRun,
        ];
        foreach (var option in all) command.Options.Add(option);
        _workload.AddTo(command);
        _environment.AddTo(command);
        _volumes.AddTo(command);
        command.Options.Add(_keepHostName);
        if (command.Name == "run") command.Options.Add(_weave);
        _expose.AddTo(command);
    }

    /// <exception cref="CommandLineException">A value can't be understood.</exception>
    public SessionOptions Read(ParseResult line) => new()
    {
        Cluster = new(line.GetValue(_kubeconfig), line.GetValue(_context), OptionValues.Namespace("-n/--namespace", line.GetValue(_namespace)), line.GetValue(_as), line.GetValue(_token)),
        Agent = new(
            line.GetValue(_agentImage) ?? (Environment.GetEnvironmentVariable(AgentImageVariable) is { Length: > 0 } image ? image : null),
            line.GetValue(_serviceAccount),
            line.GetValue(_imagePullSecret),
            OptionValues.Namespace("--agent-namespace", line.GetValue(_agentNamespace)),
            line.GetValue(_agentTimeout) is { } timeout ? OptionValues.Duration("--agent-timeout", timeout) : null),
        Traffic = ReadTraffic(line),
        Report = new(
            line.GetValue(_verbose),
            line.GetValue(_logFile),
            line.GetValue(_trace),
            OptionValues.Word("--progress", line.GetValue(_progress), ProgressStyle.Auto,
                ("auto", ProgressStyle.Auto), ("plain", ProgressStyle.Plain), ("json", ProgressStyle.Json), ("quiet", ProgressStyle.Quiet))),
        Workload = _workload.Read(line),
        Environment = _environment.Read(line),
        Volumes = _volumes.Read(line),
        Weave = line.CommandResult.Command.Options.Contains(_weave) && line.GetValue(_weave),
        KeepHostName = line.GetValue(_keepHostName),
        Expose = _expose.Read(line),
        DryRun = line.GetValue(_dryRun),
    };

    /// <exception cref="CommandLineException">Not one of the three words.</exception>
    public static OutputFormat ReadFormat(string? text) => OptionValues.Word("-o/--output", text, OutputFormat.Text,
        ("text", OutputFormat.Text), ("json", OutputFormat.Json), ("yaml", OutputFormat.Yaml));

    private TrafficOptions ReadTraffic(ParseResult line)
    {
        List<string> names = [];
        List<AddressRange> ranges = [];
        foreach (var text in line.GetValue(_alsoProxy) ?? [])
        {
            if (AddressRange.TryParse(text, out var range)) ranges.Add(range);
            else names.Add(OptionValues.HostName("--also-proxy", text));
        }
        return new(
            names,
            ranges,
            [.. (line.GetValue(_neverProxy) ?? []).Select(text => OptionValues.Range("--never-proxy", text))],
            [.. (line.GetValue(_skipProcesses) ?? []).SelectMany(list => list.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))],
            OptionValues.Word("--tunnel", line.GetValue(_tunnel), TunnelKind.Ssh, ("ssh", TunnelKind.Ssh), ("direct", TunnelKind.Direct)))
        {
            Method = ReadMethod(line),
            Node = ReadNode(line),
            Carriers = OptionValues.Number("--carriers", line.GetValue(_carriers), absent: 1, least: 1, most: 4),
        };
    }

    private CatchMethod ReadMethod(ParseResult line)
    {
        var text = line.GetValue(_method);
        if (text is "seccomp" or "netns")
            throw new CommandLineException("method-not-available", $"--method: '{text}' isn't available in this version.", "Leave the option out, or write --method shim or --method vpn-tcp.");
        // inject-tcp is Telepresence 1's word for it.
        var method = OptionValues.Word("--method", text, line.GetValue(_vpnTcp) ? CatchMethod.VpnTcp : CatchMethod.Auto,
            ("auto", CatchMethod.Auto), ("shim", CatchMethod.Shim), ("inject-tcp", CatchMethod.Shim), ("vpn-tcp", CatchMethod.VpnTcp), ("route", CatchMethod.Route));
        return line.GetValue(_vpnTcp) && method != CatchMethod.VpnTcp
            ? throw new CommandLineException("options-exclude-each-other", $"--vpn-tcp and --method {text} are both given.", "Leave one of them out.")
            : method;
    }

    private string? ReadNode(ParseResult line) => line.GetValue(_node) is { } node && ReadMethod(line) != CatchMethod.Route
        ? throw new CommandLineException("option-without-method", $"--node {node} is given without --method route.", "Add --method route, or leave --node out.")
        : line.GetValue(_node);

    private static Option<string?> Text(string name, string value, string description, params string[] aliases) =>
        new(name, aliases) { HelpName = value, Description = description };

    private static Option<string[]> Texts(string name, string value, string description) =>
        new(name) { HelpName = value, Description = description, Arity = ArgumentArity.OneOrMore, AllowMultipleArgumentsPerToken = false };
}
