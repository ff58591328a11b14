using Telelaunch.Bench.Cluster;
using Telelaunch.Cluster;
using Telelaunch.Impairment;

namespace Telelaunch.Bench.Routes.Vpn;

/// <summary>Opens ways that take a whole machine into the cluster's network, each on a machine of its own.</summary>
/// <remarks>A machine reaches the API server through a link, near ones too, and so does what this process does for one: no method has a relay more than another.</remarks>
internal sealed class VpnRouteOpener : IDisposable
{
    public const string SshuttlePeer = "sshuttle";

    /// <summary>The Pod of <c>sshd-python.yaml</c>.</summary>
    public const string Sshd = "sshd-python";

    private const int SshPort = 22;

    private readonly Workbench _bench;
    private readonly string _lookups;
    private readonly TimeSpan _distance;
    private readonly ImpairedLink _link;
    private readonly ClusterConnection _connection;

    /// <param name="lookups">The compiled <c>programs/lookups.c</c>.</param>
    /// <param name="milliseconds">How far the API server is: the round trip to put in.</param>
    public VpnRouteOpener(Workbench bench, string lookups, double milliseconds)
    {
        _bench = bench;
        _lookups = lookups;
        _distance = TimeSpan.FromMilliseconds(milliseconds);
        _link = ImpairedLink.StartBefore(bench.Cluster.Kubeconfig, _distance);
        _connection = new(Kubeconfig.Load(new KubeconfigOptions { Path = _link.KubeconfigThrough(bench.Cluster.Kubeconfig) }));
    }

    private RouteAddress Bytes => new(_bench.Cluster.ServerAddress, BenchNamespace.BytesPort);

    private RouteAddress Greeting => new(_bench.Cluster.ServerAddress, BenchNamespace.GreetingPort);

    /// <summary>A session of <c>telelaunch run --vpn-tcp</c>, by itself.</summary>
    /// <param name="carrier"><c>ssh</c> or <c>direct</c>.</param>
    public Task<VpnRoute> TelelaunchAsync(string carrier, CancellationToken cancellationToken) => OpenAsync(
        $"telelaunch-{carrier}",
        "vpn-tcp",
        carrier,
        async (machine, parts) =>
        {
            string kubeconfig = machine.ConnectApiServer(_bench.Cluster.Kubeconfig, _distance);
            string[] before = await _bench.Cluster.AgentPodsAsync(cancellationToken);
            var ready = new AwaitedLines("telelaunch: this machine is in the cluster's network");
            var telelaunch = machine.Start(
                _bench.Telelaunch,
                ["run", "--vpn-tcp", "--kubeconfig", kubeconfig, "-n", _bench.Cluster.Name, "--tunnel", carrier, "--progress", "plain"],
                new Dictionary<string, string?> { ["TELELAUNCH_AGENT_IMAGE"] = Environment.GetEnvironmentVariable("AGENT_IMAGE") },
                ready.Take,
                endsWithItsInput: false);
            parts.Add(telelaunch);
            await telelaunch.WhileRunningAsync(ready.Seen.WaitAsync, cancellationToken);
            return (await _bench.Cluster.AgentPodsAsync(cancellationToken)).Except(before).Single();
        },
        cancellationToken);

    /// <summary>Telepresence 1's way: sshuttle over OpenSSH's client, both as they are without options, over a port-forward to an sshd in a Pod.</summary>
    /// <remarks>The port-forward is this process's, outside of the machine: it costs the machine nothing.</remarks>
    public Task<VpnRoute> SshuttleAsync(CancellationToken cancellationToken) => OpenAsync(
        SshuttlePeer,
        SshuttlePeer,
        null,
        async (machine, parts) =>
        {
            parts.Add(new PortForwardListener(_connection, _bench.Cluster.Name, Sshd, BenchNamespace.SshPort, machine.BindOutside(SshPort)));
            using var ready = new ReadinessSocket(_bench.Scratch);
            var sshuttle = machine.Start(
                "sshuttle",
                [
                    "--dns", "-e", string.Join(' ', OpenSshClient.Options(_bench.Cluster).Prepend("ssh").Select(word => $"'{word}'")),
                    "-r", $"root@{DeveloperMachine.OutsideAddress}:{SshPort}", $"{_bench.Cluster.ServerAddress}/32",
                ],
                new Dictionary<string, string?> { [ReadinessSocket.Variable] = ready.Path },
                endsWithItsInput: false);
            parts.Add(sshuttle);
            await sshuttle.WhileRunningAsync(ready.WaitAsync, cancellationToken);
            return Sshd;
        },
        cancellationToken);

    public void Dispose()
    {
        _connection.Dispose();
        _link.Dispose();
    }

    /// <param name="start">Starts the method on the machine, adds what must be ended with it, and returns the Pod at the far end.</param>
    private async Task<VpnRoute> OpenAsync(
        string name, string method, string? carrier, Func<DeveloperMachine, List<IAsyncDisposable>, Task<string>> start, CancellationToken cancellationToken)
    {
        var parts = new List<IAsyncDisposable>();
        try
        {
            var machine = await DeveloperMachine.CreateAsync(_bench.SharedProgram("machine.sh"), cancellationToken);
            parts.Add(machine);
            string pod = await start(machine, parts);
            var names = await machine.OpenAsync(_lookups, cancellationToken);
            parts.Add(names);
            var app = await machine.OpenAsync(_bench.Flows, cancellationToken);
            return new(new(name, method, app, Bytes, Greeting) { Carrier = carrier, Local = machine.ProcessesBut(app, names), Pod = pod, Parts = parts }, names);
        }
        catch
        {
            foreach (IAsyncDisposable part in parts.AsEnumerable().Reverse())
                await part.DisposeAsync();
            throw;
        }
    }
}
