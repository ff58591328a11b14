using System.Net;
using System.Net.Sockets;
using Telelaunch.Linux;
using Telelaunch.Net.Dns;
using Telelaunch.Routing.Resolver;

namespace Telelaunch.Routing.Helper;

/// <summary>Outlives a helper that is killed: puts back what the kernel doesn't, and answers what programs still ask at the split name server's address.</summary>
/// <remarks>
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

    // Its end of the channel closes a moment before the kernel has ended it altogether, and its journal is free.
    private static readonly TimeSpan HelperPatience = TimeSpan.FromSeconds(10);

    private Socket? _questions;
    private Socket? _streams;
    private IReadOnlyList<IPEndPoint> _upstreams = [];

    /// <summary>Waits for the helper's end, then does what it left.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        if (WaitForDone())
            return;
        HostRestore.Run(paths, HelperPatience);
        if (_questions is null && _streams is null)
            return;
        await using var forwarder = new UpstreamForwarder(_questions, _streams, _upstreams, time);
        await forwarder.RunUntilQuietAsync(Quiet, Longest, cancellationToken);
    }

    public void Dispose()
    {
        _questions?.Dispose();
        _streams?.Dispose();
        helper.Dispose();
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
                case "upstreams":
                    _upstreams = [.. message.Rest.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(address => new IPEndPoint(IPAddress.Parse(address), DnsPort))];
                    break;
                case "done":
                    return true;
            }
        }
    }
}
