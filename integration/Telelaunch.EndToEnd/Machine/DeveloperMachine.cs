using System.Net;
using Telelaunch.Impairment;

namespace Telelaunch.EndToEnd.Machine;

/// <summary>A machine for a system-wide session: its own network, /etc, /run and /var/lib, a default route, a name server, and the cluster's API server in reach.</summary>
/// <remarks>
/// <code>
///  tests' namespace            outside world                                    the machine
///  API server ◄── relay ──── 203.0.113.6:6443     the kubeconfig's server
///                            203.0.113.3, fd00:7e1e::3  DNS, outside.example    203.0.113.2, fd00:7e1e::2  "uplink"
///                            203.0.113.1, fd00:7e1e::1  ◄───── default route
/// </code>
/// Two network namespaces and a mount namespace, which end with the process that holds them, and that ends with this one. The tests' own namespaces are left as they
/// are. Files besides those are the real machine's. Needs root.
/// </remarks>
internal sealed class DeveloperMachine : IAsyncDisposable
{
    private const int ApiServerPort = 6443;

    private readonly TestCluster _cluster;
    private readonly OutsideWorld _outside;
    private ProcessRun? _holder;
    private ImpairedLink? _apiServer;
    private bool _isDisposed;

    private DeveloperMachine(TestCluster cluster, OutsideWorld outside)
    {
        _cluster = cluster;
        _outside = outside;
    }

    public OutsideWorld Outside => _outside;

    /// <summary>The way to the API server; as long as nobody changes it, there is nothing wrong with it.</summary>
    public ImpairedLink ApiServer => _apiServer!;

    /// <summary>Leads to the cluster's API server from this machine.</summary>
    public string Kubeconfig { get; private set; } = "";

    /// <summary>The machine's root directory, as this process sees it: <c>/proc/PID/root</c> (proc(5)).</summary>
    public string Root => $"/proc/{_holder!.Id}/root";

    /// <summary>The process whose namespaces are the machine's.</summary>
    public int Process => _holder!.Id;

    /// <param name="kubeconfig">Another way to the cluster than the tests' own, through an impaired link for instance.</param>
    public static async Task<DeveloperMachine> CreateAsync(TestCluster cluster, ResolverSetup resolver = ResolverSetup.Plain, string? kubeconfig = null)
    {
        var machine = new DeveloperMachine(cluster, await OutsideWorld.CreateAsync());
        try
        {
            await machine.StartAsync(resolver, kubeconfig ?? cluster.Kubeconfig);
            return machine;
        }
        catch
        {
            await machine.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts a program on the machine, as root, with the kubeconfig and the agent's image in its environment. Its process is the program itself: signals reach it.</summary>
    public ProcessRun Start(string program, params string[] arguments) => ProcessRun.Start("nsenter", Enter(program, arguments), Variables());

    /// <summary>Runs a program on the machine to its end, with empty standard input.</summary>
    public Task<ProcessRun> RunAsync(string program, params string[] arguments) => ProcessRun.CompleteAsync("nsenter", Enter(program, arguments), Variables());

    /// <summary>Runs a bash script on the machine to its end.</summary>
    public Task<ProcessRun> ScriptAsync(string script) => RunAsync("bash", "-c", script);

    /// <summary>Runs a program that must succeed, and returns what it wrote.</summary>
    public async Task<string> OutputAsync(string program, params string[] arguments)
    {
        await using var run = await RunAsync(program, arguments);
        return run.ExitCode == 0 ? run.Output : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}\n{run}");
    }

    /// <summary>Starts <c>telelaunch run --vpn-tcp</c> and waits until the whole machine is in the cluster's network.</summary>
    /// <param name="options">More options; behind "--" a command.</param>
    public Task<VpnSession> StartVpnAsync(params string[] options) => VpnSession.StartAsync(this, options);

    public async Task<MachineSnapshot> SnapshotAsync() => new(await OutputAsync("sh", Programs.Source("machine_state.sh")));

    public async ValueTask DisposeAsync()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        if (_holder is not null)
        {
            // Whatever still runs on the machine ends here.
            _holder.CloseInput();
            await _holder.WaitForExitAsync();
            await _holder.DisposeAsync();
        }

        _apiServer?.Dispose();
        await _outside.DisposeAsync();
    }

    private async Task StartAsync(ResolverSetup resolver, string kubeconfig)
    {
        _holder = ProcessRun.Start(
            "unshare", ["--net", "--mount", "--propagation", "private", Programs.Source("machine.sh"), $"{_outside.Process}"]);
        await _holder.WaitForLineAsync("ready");
        _outside.Serve();
        _apiServer = ImpairedLink.StartBefore(
            kubeconfig, place: new LinkPlace(_outside.Process, new IPEndPoint(OutsideWorld.ApiServerAddress, ApiServerPort)));
        Kubeconfig = _apiServer.KubeconfigThrough(kubeconfig);
        await SetUpAsync(resolver);
    }

    private async Task SetUpAsync(ResolverSetup resolver)
    {
        if (resolver is ResolverSetup.Dnsmasq or ResolverSetup.Resolved or ResolverSetup.Openresolv or ResolverSetup.Resolvconf)
        {
            await using var packages = await ProcessRun.CompleteAsync(Path.Combine(TestCluster.Root, "integration", "resolver-packages"), []);
            if (packages.ExitCode != 0) throw new InvalidOperationException(packages.ToString());
        }

        await OutputAsync(Programs.Source("machine_resolver.sh"), $"{resolver}", TestCluster.Root, $"{OutsideWorld.Address4}", OutsideWorld.Host);
    }

    private string[] Enter(string program, string[] arguments) => ["--target", $"{Process}", "--net", "--mount", "--", program, .. arguments];

    private Dictionary<string, string?> Variables() => _cluster.Variables(("KUBECONFIG", Kubeconfig), ("XDG_RUNTIME_DIR", "/run/user/0"));
}
