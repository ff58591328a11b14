using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Telelaunch.Linux;
using Telelaunch.Net.Dns;

namespace Telelaunch.Broker;

/// <summary>A name server that applications ask by UDP, and whose it is.</summary>
/// <param name="IsPods">The pod's own: every question to it goes to the pod.</param>
internal readonly record struct NameServer(IPAddress Address, IPAddress Loopback, bool IsPods);

/// <summary>Answers datagrams that the shim redirects from port 53 of a listed name server to an address of its own in 127.84.0.0/16.</summary>
/// <remarks>
/// Cluster names are answered from the pod. Everything else goes to the listed server byte by byte, each question from a socket of its own that is
/// connected to the server, so that the kernel lets nobody else answer it. A datagram is never trusted: what can't be read is relayed, or dropped.
/// Loopback is everybody's, so only sockets of this user get an answer; the first stranger is logged.
/// </remarks>
internal sealed class NameServerListener : IAsyncDisposable
{
    private const int DnsPort = 53;
    private const int MaximumQuestions = 512;

    // resolv.conf(5) lets an asker wait 5 s before it asks again.
    private static readonly TimeSpan UpstreamPatience = TimeSpan.FromSeconds(5);

    private readonly NameDesk _desk;
    private readonly NameContext _context;
    private readonly List<DnsServer> _listening = [];
    private int _strangers;

    internal NameServerListener(NameDesk desk, NameContext context)
    {
        _desk = desk;
        _context = context;
    }

    /// <summary>Binds one socket a name server, all on this port. False when the port is taken: nothing is left bound then.</summary>
    internal static bool TryBind(IReadOnlyList<NameServer> servers, int port, out List<Socket> sockets)
    {
        sockets = [];
        try
        {
            foreach (NameServer server in servers)
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
                sockets.Add(socket);
                socket.Bind(new IPEndPoint(server.Loopback, port));
            }

            return true;
        }
        catch (SocketException)
        {
            foreach (Socket socket in sockets)
                socket.Dispose();
            sockets = [];
            return false;
        }
    }

    /// <summary>Starts answering. Owns the sockets.</summary>
    internal void Start(IReadOnlyList<NameServer> servers, IReadOnlyList<Socket> sockets)
    {
        for (int i = 0; i < servers.Count; i++)
        {
            _listening.Add(new DnsServer(new DnsServerOptions
            {
                UdpSockets = [sockets[i]],
                Answer = Responder(servers[i]),
                Admits = IsOfThisUser,
                Defect = error => _context.Logger.LogError(error, "A DNS question could not be answered"),
                MaximumQuestions = MaximumQuestions,
                Time = _context.Time,
            }));
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (DnsServer server in _listening)
            await server.DisposeAsync();
    }

    private DnsResponder Responder(NameServer server)
    {
        if (server.IsPods)
            return (query, _, cancellationToken) => _desk.AnswerAsPodAsync(query, cancellationToken);
        // Where the server is silent, so is this: the asker asks again by itself.
        var listed = new UpstreamServers([new IPEndPoint(server.Address, DnsPort)], _context.Time) { Patience = UpstreamPatience };
        return (query, transport, cancellationToken) => _desk.AnswerAsync(query, cancelled => listed.AskAsync(query, transport, cancelled), cancellationToken);
    }

    private bool IsOfThisUser(IPEndPoint asker)
    {
        if (DatagramOwner.IsUser(asker, PeerCredentials.CurrentUserId))
            return true;
        if (Interlocked.Exchange(ref _strangers, 1) == 0)
            _context.Logger.LogWarning("A DNS question from {Asker} was dropped: its socket isn't this user's, or is closed", asker);
        return false;
    }
}
