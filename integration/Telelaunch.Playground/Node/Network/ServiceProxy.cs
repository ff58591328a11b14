using System.Threading.Channels;
using Telelaunch.Net;
using Telelaunch.Playground.Node.Dns;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Node.Network;

/// <summary>Keeps the rules of the node and the zone of its DNS server as Services and EndpointSlices are.</summary>
internal sealed class ServiceProxy(NodeSandbox sandbox, ObjectStore store, DnsServer dns, ILogger logger)
{
    private static readonly ResourceKind[] Watched = [ResourceKinds.Services, ResourceKinds.EndpointSlices, ResourceKinds.Namespaces];

    // One waiting change is enough: it is all read anew.
    private readonly Channel<bool> _changes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private string _applied = "";

    /// <summary>Reads everything and applies it.</summary>
    /// <exception cref="HostException">nft refused.</exception>
    public async Task ApplyAsync(CancellationToken cancellation)
    {
        var services = store.List(ResourceKinds.Services);
        var slices = store.List(ResourceKinds.EndpointSlices);
        dns.Zone = new(services, slices, store.List(ResourceKinds.Namespaces).Select(n => n.Name));
        var rules = ServiceRules.Render(ServiceRules.Of(services, slices));
        if (rules == _applied)
            return;
        var result = await sandbox.RunAsync(["nft", "-f", "-"], rules, cancellation);
        if (result.ExitCode != 0)
            throw new HostException("playground-nft", $"nft refused the rules of the Services: {result.Error.Trim()}", "Install nftables; the kernel needs nf_tables with nat, reject and numgen.");
        _applied = rules;
    }

    /// <summary>Until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        var watches = Task.WhenAll(Watched.Select(kind => WatchAsync(kind, cancellation)));
        try
        {
            await foreach (var _ in _changes.Reader.ReadAllAsync(cancellation))
                await TryApplyAsync(cancellation);
        }
        finally
        {
            await watches;
        }
    }

    private async Task TryApplyAsync(CancellationToken cancellation)
    {
        try
        {
            await ApplyAsync(cancellation);
        }
        catch (HostException error)
        {
            logger.LogError("{Error}", error.Message);
        }
    }

    private async Task WatchAsync(ResourceKind kind, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                await foreach (var _ in store.WatchAsync(kind, cancellation))
                    _changes.Writer.TryWrite(true);
            }
            catch (StatusException)
            {
                // Too late for the history: from the beginning.
            }
        }
    }
}
