using System.Net;
using Telelaunch.Broker;
using Telelaunch.Broker.Split;
using Telelaunch.Cli.Logging;
using Telelaunch.Cli.Output;
using Telelaunch.Net;
using Telelaunch.Routing.Filter;
using Telelaunch.Routing.Helper;
using Telelaunch.Targets;

namespace Telelaunch.Cli.Routing;

/// <summary>This machine as a part of the cluster's network, from the helper's start until everything is as it was.</summary>
internal sealed class MachineRouting : IAsyncDisposable
{
    private const int DnsPort = 53;

    private readonly RoutingClient _client;
    private readonly ChildProcess _process;
    private readonly TaskCompletionSource _lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _stop = new();
    private Task _probing = Task.CompletedTask;
    private volatile bool _ending;

    private MachineRouting(RoutingClient client, ChildProcess process, PreparedRouting prepared)
    {
        _client = client;
        _process = process;
        Prepared = prepared;
        _ = WatchAsync();
    }

    public PreparedRouting Prepared { get; }

    /// <summary>What a person is told once all is caught.</summary>
    public string Screen { get; set; } = "";

    /// <summary>Null before <see cref="Serve"/>.</summary>
    public SplitNameServer? Names { get; private set; }

    /// <summary>Null where packets go by a node.</summary>
    public MachineFlows? Flows { get; set; }

    public RoutingSockets Sockets => _client.Sockets;

    /// <summary>Completes when the helper ended though the session goes on: this machine is as it was before.</summary>
    public Task Lost => _lost.Task;

    /// <summary>Starts the helper and has it make link and sockets; nothing is caught yet.</summary>
    /// <exception cref="HostException">It can't be: rights, another session, the kernel. Nothing is left then.</exception>
    public static async Task<MachineRouting> PrepareAsync(Screen screen, RoutingPlan plan, CancellationToken cancellationToken)
    {
        var (channel, process, program) = new HelperStart(screen).Start();
        var client = new RoutingClient(channel);
        client.Noted += screen.Say;
        try
        {
            return new(client, process, await client.PrepareAsync(plan, cancellationToken));
        }
        catch (HostException error) when (error.Code == RoutingClient.HelperEnded)
        {
            await client.DisposeAsync();
            throw HelperStart.Explain(program, await process.Exit);
        }
        catch
        {
            await client.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts the split name server; nobody is led to it yet.</summary>
    /// <param name="resolver">The way to the cluster's names.</param>
    public void Serve(IPodResolver resolver, PodDescription pod, Telelaunch.Broker.ClusterNames names, MachineRanges ranges, SessionLog log, TimeProvider time)
    {
        Names = new(new()
        {
            Udp = Sockets.Questions!,
            Tcp = Sockets.QuestionStreams,
            Resolver = resolver,
            Pod = pod,
            Names = names with { HostNames = ranges.Own.Name is { } name ? [name] : [], HostDomains = ranges.HostDomains },
            Ranges = ranges.Caught.Ranges,
            Upstreams = EndPoints(Prepared.Upstreams),
            Routing = ChangeSinglesAsync,
            Records = log.Record,
            Time = time,
            Logger = log.Loggers.CreateLogger("Telelaunch.SplitNameServer"),
        });
        _client.UpstreamsChanged += upstreams => Names.Upstreams = EndPoints(upstreams);
    }

    /// <summary>From now on the machine's connections and names are the session's.</summary>
    /// <exception cref="HostException">It can't be; everything is undone.</exception>
    public async Task CatchAsync(CancellationToken cancellationToken)
    {
        await _client.CatchAsync(async (source, destination) => Flows is null ? SynVerdict.NetUnreachable : Verdict(await Flows.DialAsync(source, destination)), cancellationToken);
        _probing = Names!.ProbeLoopAsync(_stop.Token);
    }

    /// <summary>Gives the machine its name servers back, and answers whoever asks still. Routes stay until <see cref="DisposeAsync"/>, so that open connections can be ended in order.</summary>
    public async Task ReleaseNamesAsync()
    {
        _ending = true;
        await _client.UndoAsync();
        if (Names is not null) await Names.DrainAsync(CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        _ending = true;
        await _stop.CancelAsync();
        // Resets of flows reach their programs over the helper's link, so that goes last.
        if (Flows is not null) await Flows.DisposeAsync();
        await _probing;
        if (Names is not null) await Names.DisposeAsync();
        _stop.Dispose();
        await _client.DisposeAsync();
        await _process.Exit;
    }

    /// <summary>How a filter answers a SYN where connect(2) in the pod ended so. Where nobody answered there, nobody answers here.</summary>
    internal static SynVerdict Verdict(int errno) => errno switch
    {
        0 => SynVerdict.Open,
        Errno.ECONNREFUSED or Errno.ECONNRESET => SynVerdict.Refused,
        Errno.ENETUNREACH or Errno.ENETDOWN => SynVerdict.NetUnreachable,
        Errno.ETIMEDOUT => SynVerdict.Drop,
        _ => SynVerdict.HostUnreachable,
    };

    private static IReadOnlyList<IPEndPoint> EndPoints(IReadOnlyList<string> addresses) => [.. addresses.Select(address => new IPEndPoint(IPAddress.Parse(address), DnsPort))];

    private async ValueTask ChangeSinglesAsync(IReadOnlyList<IPAddress> added, IReadOnlyList<IPAddress> forgotten)
    {
        foreach (var address in added) await _client.AddAsync(AddressRange.OfAddress(address), _stop.Token);
        foreach (var address in forgotten) await _client.RemoveAsync(AddressRange.OfAddress(address), _stop.Token);
    }

    private async Task WatchAsync()
    {
        await _client.Ended;
        if (!_ending) _lost.SetResult();
    }
}
