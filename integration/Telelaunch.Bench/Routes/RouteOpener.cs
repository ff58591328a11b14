using System.Net;
using System.Net.Sockets;
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
    public ChildProcess StartTelelaunch(string carrier, string progress, IEnumerable<string> command, Action<string>? errorLine = null) =>
        ChildProcess.Start(
            telelaunch,
            ["run", "--kubeconfig", kubeconfig, "-n", cluster.Name, "--tunnel", carrier, "--progress", progress, "--", .. command],
            new Dictionary<string, string?> { ["TELELAUNCH_AGENT_IMAGE"] = Environment.GetEnvironmentVariable("AGENT_IMAGE") },
            errorLine);

    /// <summary>An application of this machine alone, without any way to the cluster.</summary>
    public Task<Application> ApplicationAsync(CancellationToken cancellationToken) =>
        Application.AttachAsync(ChildProcess.Start(flows, []), cancellationToken);

    /// <summary>Telepresence 1's shape: application → ssh client → port-forward → sshd in a pod → server; OpenSSH's default ciphers.</summary>
    public async Task<Route> SshAsync(CancellationToken cancellationToken)
    {
        var forward = new PortForwardListener(_connection, cluster.Name, BenchNamespace.Sshd, BenchNamespace.SshPort);
        try
        {
            RouteAddress bytes = new("127.0.0.1", FreePort()), greeting = new("127.0.0.1", FreePort());
            var listening = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            // No configuration of the user's; the client says at its debug level when it listens for all forwards.
            var ssh = ChildProcess.Start(
                "ssh",
                [
                    "-F", "none", "-v", "-N", "-o", "BatchMode=yes", "-o", "ExitOnForwardFailure=yes", "-o", "IdentitiesOnly=yes",
                    "-o", $"UserKnownHostsFile={cluster.KnownHosts}", "-o", "HostKeyAlias=bench", "-o", "StrictHostKeyChecking=yes",
                    "-i", cluster.ClientKey, "-p", $"{forward.Port}",
                    "-L", $"127.0.0.1:{bytes.Port}:{cluster.ServerAddress}:{BenchNamespace.BytesPort}",
                    "-L", $"127.0.0.1:{greeting.Port}:{cluster.ServerAddress}:{BenchNamespace.GreetingPort}",
                    "nonroot@127.0.0.1",
                ],
                errorLine: line =>
                {
                    if (line.Contains("Entering interactive session", StringComparison.Ordinal))
                        listening.TrySetResult();
                },
                endsWithItsInput: false);
            var app = await ApplicationBesideAsync(ssh, listening.Task, cancellationToken);
            return new(SshPeer, SshPeer, app, bytes, greeting)
            {
                Local = ProcessSet.Of(ssh.Id, Environment.ProcessId),
                Pod = BenchNamespace.Sshd,
                Parts = [forward, ssh],
            };
        }
        catch
        {
            await forward.DisposeAsync();
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
        RouteAddress bytes = new("127.0.0.1", FreePort()), greeting = new("127.0.0.1", FreePort());
        var kubectl = ChildProcess.Start(
            "kubectl",
            [
                "--kubeconfig", kubeconfig, "-n", cluster.Name, "port-forward", "--address", "127.0.0.1", $"pod/{BenchNamespace.Server}",
                $"{bytes.Port}:{BenchNamespace.BytesPort}", $"{greeting.Port}:{BenchNamespace.GreetingPort}",
            ],
            endsWithItsInput: false);
        var app = await ApplicationBesideAsync(kubectl, ListensAsync(kubectl, cancellationToken), cancellationToken);
        return new(KubectlPeer, KubectlPeer, app, bytes, greeting) { Local = ProcessSet.Of(kubectl.Id), Parts = [kubectl] };
    }

    public void Dispose() => _connection.Dispose();

    /// <summary>Starts the application when a process listens for it; ends that process when it doesn't come to it.</summary>
    private async Task<Application> ApplicationBesideAsync(ChildProcess forwarder, Task listening, CancellationToken cancellationToken)
    {
        try
        {
            Task ended = forwarder.WaitForExitAsync(cancellationToken);
            if (await Task.WhenAny(listening, ended) == ended)
                throw forwarder.Failed("ended");
            await listening;
            return await ApplicationAsync(cancellationToken);
        }
        catch
        {
            await forwarder.DisposeAsync();
            throw;
        }
    }

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

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    [GeneratedRegex(@"^Forwarding from 127\.0\.0\.1:\d+ -> \d+$")]
    private static partial Regex ForwardingLine { get; }
}
