using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Telelaunch.Linux;
using Telelaunch.Net.Dns;
using Telelaunch.Routing.Links;
using Telelaunch.Routing.Resolver;

namespace Telelaunch.Routing.Helper;

/// <summary>Outlives a helper that is killed: puts back what the kernel doesn't, and answers what programs still ask at the split name server's address.</summary>
/// <remarks>
/// Connections to the cluster that programs still have can't end by themselves when link and addresses are gone: it ends them.
/// It holds that address's sockets all the time, so that a question that comes while everybody else is dead waits for it instead of being refused: no lookup of
/// an external name is lost.
/// </remarks>
/// <param name="helper">Standard input: the helper's end tells that it is gone. Owned.</param>
public sealed class RoutingGuard(PacketChannel helper, HostPaths paths, TimeProvider time) : IDisposable
{
    private const int DnsPort = 53;

    // A program that read the name servers before they were put back asks at once, and, for each domain of its search list, a round trip later.
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);

    // What the launcher had received, and not answered when it was killed, is asked again after the C library's timeout of 5 s (resolv.conf(5)).
    private static readonly TimeSpan AskedAgain = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(50);

    // Its end of the channel closes a moment before the kernel has ended it altogether, and its journal is free.
    private static readonly TimeSpan HelperPatience = TimeSpan.FromSeconds(10);

    private Socket? _questions;
    private Socket? _streams;
    private IReadOnlyList<IPEndPoint> _upstreams = [];
    private IReadOnlyList<IPAddress> _addresses = [];
    private int _link;

    /// <summary>Waits for the helper's end, then does what it left.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        if (WaitForDone())
            return;
        HostRestore.Run(paths, HelperPatience);
        LinkConnections.End(_addresses);
        await Task.WhenAll(ServeQuestionsAsync(cancellationToken), ServeStreamsAsync(cancellationToken));
    }

    public void Dispose()
    {
        _questions?.Dispose();
        _streams?.Dispose();
        helper.Dispose();
    }

    // A session that is started meanwhile gets all questions, since its socket is the younger one, and leaves them to this one again when it ends.
    private async Task ServeQuestionsAsync(CancellationToken cancellationToken)
    {
        if (_questions is null)
            return;
        await using var forwarder = new UpstreamForwarder(_questions, null, _upstreams, time);
        await Task.Delay(AskedAgain, time, cancellationToken);
        await forwarder.RunUntilQuietAsync(Quiet, Longest, cancellationToken);
    }

    // There can be only one that listens: the next session's.
    private async Task ServeStreamsAsync(CancellationToken cancellationToken)
    {
        if (_streams is null)
            return;
        await using var forwarder = new UpstreamForwarder(null, _streams, _upstreams, time);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(forwarder.RunUntilQuietAsync(Quiet, Longest, end.Token), WaitForNextAsync(end.Token));
        await end.CancelAsync();
    }

    /// <summary>Until another session has made its link.</summary>
    private async Task WaitForNextAsync(CancellationToken cancellationToken)
    {
        using HostRouteTable links = HostRouteTable.Open();
        using var timer = new PeriodicTimer(Look, time);
        while (links.IndexOf(RoutingClient.LinkName) is var index && (index == 0 || index == _link))
            await timer.WaitForNextTickAsync(cancellationToken);
    }

    /// <returns>Whether the helper said that nothing is left to do.</returns>
    private bool WaitForDone()
    {
        byte[] buffer = new byte[4096];
        while (true)
        {
            ReceivedPacket packet = helper.Receive(buffer);
            if (packet.Status != PacketStatus.Received)
                return false;
            RoutingMessage message = RoutingMessage.Read(buffer.AsSpan(0, packet.Length));
            switch (message.Word)
            {
                case "socket" when packet.Socket is not null && message.Rest == "dns-udp":
                    _questions = new Socket(packet.Socket.ToSocket());
                    break;
                case "socket" when packet.Socket is not null:
                    _streams = new Socket(packet.Socket.ToSocket());
                    break;
                case "link" when message.Rest.Split(' ') is [var index, .. var addresses]:
                    _link = int.Parse(index, CultureInfo.InvariantCulture);
                    _addresses = [.. addresses.Select(IPAddress.Parse)];
                    break;
                case "upstreams":
                    _upstreams = [.. message.Rest.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(address => new IPEndPoint(IPAddress.Parse(address), DnsPort))];
                    break;
                case "done":
                    return true;
            }
        }
    }
}
