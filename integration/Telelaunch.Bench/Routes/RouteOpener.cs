using System.Text.RegularExpressions;
using Telelaunch.Bench.Cluster;
using Telelaunch.Bench.Measurement;
using Telelaunch.Cluster;

namespace Telelaunch.Bench.Routes;

/// <summary>Opens the ways that are compared, all through the same API server.</summary>
/// <param name="kubeconfig">Leads to the API server directly, or over a distance.</param>
/// <param name="telelaunch">The command.</param>
/// <param name="flows">The compiled application.</param>
internal sealed partial class RouteOpener(BenchNamespace cluster, string kubeconfig, string telelaunch, string flows) : IDisposable
{
    public const string SshPeer = "ssh -L";
    public const string PortForwardPeer = "port-forward";
    public const string KubectlPeer = "kubectl port-forward";

    private readonly ClusterConnection _connection = new(Kubeconfig.Load(new KubeconfigOptions { Path = kubeconfig }));

    /// <summary>A session of <c>telelaunch run</c> with an application in it.</summary>
    /// <param name="carrier"><c>ssh</c> or <c>direct</c>.</param>
    /// <param name="command">The application; none: flows.</param>
    public async Task<Route> TelelaunchAsync(string carrier, IEnumerable<string>? command, CancellationToken cancellationToken)
    {
        string[] before = await cluster.AgentPodsAsync(cancellationToken);
        var process = StartTelelaunch(carrier, "quiet", command ?? [flows]);
        var app = await Application.AttachAsync(process, cancellationToken);
        try
        {
            RouteAddress bytes = new(cluster.ServerAddress, BenchNamespace.BytesPort), greeting = new(cluster.ServerAddress, BenchNamespace.GreetingPort);
            return new($"telelaunch-{carrier}", "shim", app, bytes, greeting)
            {
                Carrier = carrier,
                Local = ProcessSet.Of(process.Id),
                Pod = (await cluster.AgentPodsAsync(cancellationToken)).Except(before).Single(),
            };
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts <c>telelaunch run</c> with any command.</summary>
    /// <param name="options">Further ones.</param>
    /// <param name="endsWithItsInput">See <see cref="ChildProcess.Start"/>.</param>
    public ChildProcess StartTelelaunch(
        string carrier, string progress, IEnumerable<string> command, Action<string>? errorLine = null, IEnumerable<string>? options = null, bool endsWithItsInput = true) =>
        ChildProcess.Start(
            telelaunch,
            ["run", "--kubeconfig", kubeconfig, "-n", cluster.Name, "--tunnel", carrier, "--progress", progress, .. options ?? [], "--", .. command],
            new Dictionary<string, string?> { ["TELELAUNCH_AGENT_IMAGE"] = Environment.GetEnvironmentVariable("AGENT_IMAGE") },
            errorLine,
            endsWithItsInput);

    /// <summary>Starts <c>telelaunch attach</c>.</summary>
    public ChildProcess StartAttach(string processId, Action<string> errorLine) =>
        ChildProcess.Start(
            telelaunch,
            ["attach", processId, "--kubeconfig", kubeconfig, "-n", cluster.Name, "--tunnel", "direct", "--progress", "plain"],
            new Dictionary<string, string?> { ["TELELAUNCH_AGENT_IMAGE"] = Environment.GetEnvironmentVariable("AGENT_IMAGE") },
            errorLine,
            endsWithItsInput: false);

    /// <inheritdoc cref="OpenSshClient.StartAsync"/>
    public Task<OpenSshClient> StartSshAsync(IEnumerable<string> forwards, bool hasSession, string[] readyLines, CancellationToken cancellationToken) =>
        OpenSshClient.StartAsync(cluster, _connection, forwards, hasSession, readyLines, cancellationToken);

    /// <summary>An application of this machine alone, without any way to the cluster.</summary>
    public Task<Application> ApplicationAsync(CancellationToken cancellationToken) =>
        Application.AttachAsync(ChildProcess.Start(flows, []), cancellationToken);

    /// <summary>Telepresence 1's shape: application → ssh client → port-forward → sshd in a pod → server; OpenSSH's default ciphers.</summary>
    public async Task<Route> SshAsync(CancellationToken cancellationToken)
    {
        int[] ports = FreePorts.Choose(2);
        RouteAddress bytes = new("127.0.0.1", ports[0]), greeting = new("127.0.0.1", ports[1]);
        var ssh = await StartSshAsync(
            [
                "-L", $"{bytes.Host}:{bytes.Port}:{cluster.ServerAddress}:{BenchNamespace.BytesPort}",
                "-L", $"{greeting.Host}:{greeting.Port}:{cluster.ServerAddress}:{BenchNamespace.GreetingPort}",
            ],
            hasSession: false,
            // It says so when it listens for all of them.
            ["Entering interactive session"],
            cancellationToken);
        try
        {
            return new(SshPeer, SshPeer, await ApplicationAsync(cancellationToken), bytes, greeting)
            {
                Local = ProcessSet.Of(ssh.ProcessId, Environment.ProcessId),
                Pod = BenchNamespace.Sshd,
                Parts = [ssh],
            };
        }
        catch
        {
            await ssh.DisposeAsync();
            throw;
        }
    }

    /// <summary>The port-forward alone: one for each connection.</summary>
    public async Task<Route> PortForwardAsync(CancellationToken cancellationToken)
    {
        var bytes = new PortForwardListener(_connection, cluster.Name, BenchNamespace.Server, BenchNamespace.BytesPort);
        var greeting = new PortForwardListener(_connection, cluster.Name, BenchNamespace.Server, BenchNamespace.GreetingPort);
        return new(PortForwardPeer, PortForwardPeer, await ApplicationAsync(cancellationToken), bytes.Address, greeting.Address)
        {
            Local = ProcessSet.Of(Environment.ProcessId),
            Parts = [bytes, greeting],
        };
    }

    /// <summary>What everybody has: <c>kubectl port-forward</c>.</summary>
    public async Task<Route> KubectlAsync(CancellationToken cancellationToken)
    {
        int[] ports = FreePorts.Choose(2);
        RouteAddress bytes = new("127.0.0.1", ports[0]), greeting = new("127.0.0.1", ports[1]);
        var kubectl = ChildProcess.Start(
            "kubectl",
            [
                "--kubeconfig", kubeconfig, "-n", cluster.Name, "port-forward", "--address", "127.0.0.1", $"pod/{BenchNamespace.Server}",
                $"{bytes.Port}:{BenchNamespace.BytesPort}", $"{greeting.Port}:{BenchNamespace.GreetingPort}",
            ],
            endsWithItsInput: false);
        try
        {
            await kubectl.WhileRunningAsync(token => ListensAsync(kubectl, token), cancellationToken);
            return new(KubectlPeer, KubectlPeer, await ApplicationAsync(cancellationToken), bytes, greeting) { Local = ProcessSet.Of(kubectl.Id), Parts = [kubectl] };
        }
        catch
        {
            await kubectl.DisposeAsync();
            throw;
        }
    }

    public void Dispose() => _connection.Dispose();

    /// <summary>"Forwarding from 127.0.0.1:40001 -> 7001", one line a port.</summary>
    private static async Task ListensAsync(ChildProcess kubectl, CancellationToken cancellationToken)
    {
        for (int ports = 0; ports < 2;)
        {
            if (ForwardingLine.IsMatch(await kubectl.ReadLineAsync(cancellationToken)))
                ports++;
        }

        // It tells of each connection.
        kubectl.DropOutput();
    }

    [GeneratedRegex(@"^Forwarding from 127\.0\.0\.1:\d+ -> \d+$")]
    private static partial Regex ForwardingLine { get; }
}
