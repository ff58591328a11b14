using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Telelaunch.Net;
using Telelaunch.Net.Dns;

namespace Telelaunch.Broker.Split;

/// <summary>The name server of this whole machine while a session runs: the cluster's names from the cluster, all others from the name servers that were there.</summary>
/// <remarks>
/// Whoever runs on this machine may ask. Other names than the cluster's don't depend on the tunnel. The addresses of an answer are routed before it goes out.
/// What decides is <see cref="NameDesk"/>; <see cref="DnsServer"/> receives and sends.
/// </remarks>
public sealed class SplitNameServer : IAsyncDisposable
{
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestDrain = TimeSpan.FromSeconds(2);

    private readonly NameContext _context;
    private readonly LearntAddresses _learnt;
    private readonly PodNames _names;
    private readonly LoopProbe _probe;
    private readonly NameDesk _desk;
    private readonly UpstreamServers _upstreams;
    private readonly IPEndPoint[] _own;
    private readonly DnsServer _server;
    private readonly CancellationTokenSource _stop = new();
    private int _disposed;

    /// <summary>Starts serving.</summary>
    public SplitNameServer(SplitNameServerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _context = new NameContext(options.Pod, options.Records, options.Time, options.Logger);
        _learnt = new LearntAddresses(new MachineRoutes(options.Routing, options.MaximumSingles), options.Ranges);
        _context.Learnt = _learnt;
        _names = new PodNames(options.Resolver, new NamePolicy(options.Pod, options.Names), _learnt, _context, _stop.Token);
        _probe = new LoopProbe(_context.ReportLoop);
        _desk = new NameDesk(_names, _probe, _learnt, _context);
        Socket[] tcp = options.Tcp is null ? [] : [options.Tcp];
        _own = [.. tcp.Prepend(options.Udp).Select(socket => (IPEndPoint)socket.LocalEndPoint!)];
        _upstreams = new UpstreamServers(Others(options.Upstreams), options.Time);
        _server = new DnsServer(new DnsServerOptions
        {
            UdpSockets = [options.Udp],
            TcpSockets = tcp,
            Answer = AnswerAsync,
            Defect = error => options.Logger.LogError(error, "A DNS question could not be answered"),
            Time = options.Time,
        });
    }

    /// <summary>This machine's name servers in their order, without this one. To be set when they change.</summary>
    public IReadOnlyList<IPEndPoint> Upstreams
    {
        get => _upstreams.Servers;
        set => _upstreams.Servers = Others(value);
    }

    /// <summary>The cluster's DNS forwards to this machine.</summary>
    public bool LoopDetected => _probe.Detected;

    /// <summary>The name that the address was last answered for; null where none was.</summary>
    public string? NameOf(IPAddress address) => _learnt.NameOf(address);

    /// <summary>Asks whether the cluster's DNS forwards to this machine; to be called when this server has become the machine's. Returns when the answer, or none, has come.</summary>
    public Task ProbeLoopAsync(CancellationToken cancellationToken) => _probe.RunAsync(_names, cancellationToken);

    /// <summary>To be called whenever the tunnel's state changes.</summary>
    public void SetTunnelState(TunnelState state) => _context.TunnelState = state;

    /// <summary>Another pod answers, or more is known of the cluster: nothing that was kept counts any more.</summary>
    public void SetPod(PodDescription pod, ClusterNames names, AddressRanges ranges)
    {
        ArgumentNullException.ThrowIfNull(pod);
        ArgumentNullException.ThrowIfNull(names);
        ArgumentNullException.ThrowIfNull(ranges);
        _context.Pod = pod;
        _names.Policy = new NamePolicy(pod, names);
        _learnt.Ranges = ranges;
        _names.Forget();
    }

    /// <summary>
    /// To be called when this machine's resolver set-up no longer leads here: programs that have read the old one still ask. Serves until nobody has asked for 250 ms and
    /// every question has its answer, at most 2 s.
    /// </summary>
    public Task DrainAsync(CancellationToken cancellationToken) => _server.DrainAsync(Quiet, LongestDrain, cancellationToken);

    /// <summary>Closes the sockets. What was routed stays: the routing belongs to who was told of it.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        await _server.DisposeAsync();
        await _stop.CancelAsync();
        await _names.WhenLandedAsync();
        _learnt.Dispose();
        _stop.Dispose();
    }

    private ValueTask<ReadOnlyMemory<byte>> AnswerAsync(ReadOnlyMemory<byte> query, DnsTransport transport, CancellationToken cancellationToken)
        => _desk.AnswerAsync(query, cancelled => _upstreams.AnswerAsync(query, transport, cancelled), cancellationToken);

    // A resolver set-up that names this server would send every question round.
    private IPEndPoint[] Others(IReadOnlyList<IPEndPoint> servers) => [.. servers.Where(server => !_own.Contains(server))];
}
