using System.Net;
using System.Net.Sockets;
using Telelaunch.Bench.Measurement;
using Telelaunch.Impairment;

namespace Telelaunch.Bench.Routes.Vpn;

/// <summary>A machine for one method that changes the whole of it: network, /etc, /run and /var/lib of its own, and a link to a world outside, in which this process listens.</summary>
/// <remarks>
/// Two network namespaces and a mount namespace (see <c>integration/programs/machine.sh</c>). They end with the processes that hold them, and these with their standard input, so
/// with this process however it ends. Needs root.
/// </remarks>
internal sealed class DeveloperMachine : IAsyncDisposable
{
    /// <summary>Where the machine reaches what listens outside.</summary>
    public static readonly IPAddress OutsideAddress = IPAddress.Parse("203.0.113.6");

    private const int ApiServerPort = 6443;

    /// <summary>The name server of its /etc/resolv.conf. Nobody answers there: who catches lookups of the cluster's names needs nobody.</summary>
    private const string NameServer = "203.0.113.3";

    private readonly ChildProcess _outside;
    private readonly ChildProcess _holder;
    private ImpairedLink? _apiServer;

    private DeveloperMachine(ChildProcess outside, ChildProcess holder)
    {
        _outside = outside;
        _holder = holder;
    }

    /// <param name="script">Path of <c>machine.sh</c>.</param>
    /// <exception cref="BenchException">The namespaces can't be made.</exception>
    public static async Task<DeveloperMachine> CreateAsync(string script, CancellationToken cancellationToken)
    {
        ChildProcess? holder = null;
        var outside = ChildProcess.Start("unshare", ["--net", "sh", "-c", "echo ready; exec cat"]);
        try
        {
            await outside.ReadLineAsync(cancellationToken);
            holder = ChildProcess.Start("unshare", ["--net", "--mount", "--propagation", "private", script, $"{outside.Id}"]);
            await holder.ReadLineAsync(cancellationToken);
            await File.WriteAllTextAsync($"/proc/{holder.Id}/root/etc/resolv.conf", $"nameserver {NameServer}\n", cancellationToken);
            return new(outside, holder);
        }
        catch
        {
            if (holder is not null)
                await holder.DisposeAsync();
            await outside.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts a program on the machine. Its process is the program itself: signals reach it.</summary>
    /// <inheritdoc cref="ChildProcess.Start"/>
    public ChildProcess Start(
        string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string?>? environment = null, Action<string>? errorLine = null,
        bool endsWithItsInput = true) =>
        ChildProcess.Start(
            "nsenter", ["--target", $"{_holder.Id}", "--net", "--mount", "--", program, .. arguments],
            new Dictionary<string, string?>(environment ?? new Dictionary<string, string?>()) { ["XDG_RUNTIME_DIR"] = "/run/user/0" }, errorLine, endsWithItsInput);

    /// <summary>Starts an application on the machine.</summary>
    public Task<Application> OpenAsync(string program, CancellationToken cancellationToken) => Application.AttachAsync(Start(program, []), cancellationToken);

    /// <summary>Everything that runs on the machine but its holder and some applications.</summary>
    public ProcessSet ProcessesBut(params Application[] applications) =>
        ProcessSet.OfNetworkNamespace(_holder.Id, [_holder.Id, .. applications.Select(application => application.Process.Id)]);

    /// <summary>Leads the machine to the API server. Once.</summary>
    /// <param name="kubeconfig">Leads there from this process.</param>
    /// <param name="distance">The round trip to put in.</param>
    /// <returns>Path of a kubeconfig that leads there from the machine.</returns>
    public string ConnectApiServer(string kubeconfig, TimeSpan distance)
    {
        _apiServer = ImpairedLink.StartBefore(kubeconfig, distance, new LinkPlace(_outside.Id, new(OutsideAddress, ApiServerPort)));
        return _apiServer.KubeconfigThrough(kubeconfig);
    }

    /// <summary>A socket of the world outside, bound to a port there.</summary>
    public Socket BindOutside(int port) => NetworkNamespace.Do(_outside.Id, () =>
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(OutsideAddress, port));
        return socket;
    });

    public async ValueTask DisposeAsync()
    {
        // Whatever still runs on the machine ends with its holder.
        await _holder.DisposeAsync();
        _apiServer?.Dispose();
        await _outside.DisposeAsync();
    }
}
