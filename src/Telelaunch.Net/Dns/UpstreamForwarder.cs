using System.Net;
using System.Net.Sockets;

namespace Telelaunch.Net.Dns;

/// <summary>A name server that only passes on: every question goes upstream, every answer back.</summary>
public sealed class UpstreamForwarder : IAsyncDisposable
{
    private readonly DnsServer _server;

    /// <summary>Starts serving. Owns the sockets.</summary>
    /// <param name="udp">Bound; null for none.</param>
    /// <param name="tcp">Listening; null for none.</param>
    public UpstreamForwarder(Socket? udp, Socket? tcp, IReadOnlyList<IPEndPoint> servers, TimeProvider time)
    {
        Upstreams = new UpstreamServers(servers, time);
        _server = new DnsServer(new DnsServerOptions
        {
            UdpSockets = udp is null ? [] : [udp],
            TcpSockets = tcp is null ? [] : [tcp],
            Answer = Upstreams.AnswerAsync,
            Time = time,
        });
    }

    public UpstreamServers Upstreams { get; }

    /// <summary>Serves until nobody has asked for <paramref name="quiet"/>, at most for <paramref name="most"/>.</summary>
    public Task RunUntilQuietAsync(TimeSpan quiet, TimeSpan most, CancellationToken cancellationToken) => _server.DrainAsync(quiet, most, cancellationToken);

    public ValueTask DisposeAsync() => _server.DisposeAsync();
}
