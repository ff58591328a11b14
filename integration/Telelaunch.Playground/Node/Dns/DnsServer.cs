using System.Net;
using System.Net.Sockets;
using ARSoft.Tools.Net.Dns;
using Telelaunch.Net;

namespace Telelaunch.Playground.Node.Dns;

/// <summary>The cluster's DNS server: <see cref="ClusterZone"/> for its own names, <see cref="DnsUpstream"/> for the rest.</summary>
/// <remarks>Its sockets were made in the node's network namespace; what it asks upstream leaves from the host's.</remarks>
internal sealed class DnsServer(Socket udp, Socket tcpListener, DnsUpstream upstream, ILogger logger) : IDisposable
{
    private static readonly TimeSpan IdleConnection = TimeSpan.FromSeconds(30);

    private readonly OpenTasks _clients = new();
    private volatile ClusterZone _zone = new([], [], []);

    /// <summary>What is answered from now on.</summary>
    public ClusterZone Zone
    {
        get => _zone;
        set => _zone = value;
    }

    /// <summary>Answers until cancelled; then no client is left. A listener that fails ends the other one too.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task[] listeners = [RunUdpAsync(ends.Token), RunTcpAsync(ends.Token)];
        try
        {
            await Task.WhenAny(listeners);
            await ends.CancelAsync();
            await Task.WhenAll(listeners);
        }
        finally
        {
            await _clients.WhenAllAsync();
        }
    }

    /// <summary>The answer to one query; null if it isn't one.</summary>
    public async Task<byte[]?> AnswerAsync(ArraySegment<byte> bytes, bool tcp, CancellationToken cancellation)
    {
        if (DnsWire.ParseQuery(bytes) is not { } query)
            return null;
        var question = query.Questions[0];
        if (!ClusterZone.IsOwn(question.Name))
            return await upstream.AskAsync(bytes, tcp, cancellation) ?? DnsWire.Encode(Failure(query));
        var answer = _zone.Answer(question.Name, question.RecordType);
        var response = query.CreateResponseInstance();
        response.IsAuthoritiveAnswer = true;
        response.IsRecursionAllowed = true;
        response.ReturnCode = answer.Exists ? ReturnCode.NoError : ReturnCode.NxDomain;
        response.AnswerRecords.AddRange(answer.Records);
        if (answer.Alias is { } alias)
            await ResolveAliasAsync(response, new(alias, question.RecordType, question.RecordClass), cancellation);
        else if (answer.Records.Count == 0)
            response.AuthorityRecords.Add(ClusterZone.SoaOf(question.Name));
        if (tcp)
            return DnsWire.Encode(response);
        return DnsWire.EncodeForUdp(response, query.IsEDnsEnabled ? Math.Max(DnsWire.ClassicSize, (int)query.EDnsOptions!.UdpPayloadSize) : DnsWire.ClassicSize);
    }

    public void Dispose()
    {
        udp.Dispose();
        tcpListener.Dispose();
    }

    private async Task RunUdpAsync(CancellationToken cancellation)
    {
        while (true)
        {
            var buffer = new byte[4096];
            var received = await udp.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0), cancellation);
            var query = buffer.AsMemory(0, received.ReceivedBytes).ToArray();
            _clients.Run(() => ServeAsync(() => AnswerDatagramAsync(query, received.RemoteEndPoint, cancellation)));
        }
    }

    private async Task RunTcpAsync(CancellationToken cancellation)
    {
        while (true)
        {
            var client = await tcpListener.AcceptAsync(cancellation);
            _clients.Run(() => ServeAsync(() => ServeConnectionAsync(client, cancellation)));
        }
    }

    // The root of one client's errors. How long it takes is bounded by the upstream's patience and the idle time.
    private async Task ServeAsync(Func<Task> client)
    {
        try
        {
            await client();
        }
        catch (Exception error)
        {
            logger.LogDebug("DNS client: {Error}", error.Message);
        }
    }

    private async Task AnswerDatagramAsync(byte[] query, EndPoint client, CancellationToken cancellation)
    {
        if (await AnswerAsync(query, tcp: false, cancellation) is { } answer)
            await udp.SendToAsync(answer, client, cancellation);
    }

    private async Task ServeConnectionAsync(Socket client, CancellationToken cancellation)
    {
        await using var stream = new NetworkStream(client, ownsSocket: true);
        while (true)
        {
            using var idle = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            idle.CancelAfter(IdleConnection);
            if (await DnsUpstream.ReadFramedAsync(stream, idle.Token) is not { } query || await AnswerAsync(query, tcp: true, cancellation) is not { } answer)
                return;
            await stream.WriteAsync(DnsUpstream.Framed(answer), cancellation);
        }
    }

    // An ExternalName: CNAME from the zone, the target's addresses from upstream; without an answer from there the CNAME alone.
    private async Task ResolveAliasAsync(DnsMessage response, DnsQuestion question, CancellationToken cancellation)
    {
        var query = new DnsMessage { TransactionID = (ushort)Random.Shared.Next(65536), IsRecursionDesired = true, IsQuery = true };
        query.Questions.Add(question);
        if (await upstream.AskAsync(DnsWire.Encode(query), tcp: false, cancellation) is { } bytes && ParseAnswer(bytes) is { } answer)
            response.AnswerRecords.AddRange(answer.AnswerRecords);
    }

    private static DnsMessage? ParseAnswer(byte[] bytes)
    {
        try
        {
            return DnsMessage.Parse(bytes);
        }
        catch (Exception)
        {
            return null;
        }
    }

    private static DnsMessage Failure(DnsMessage query)
    {
        var response = query.CreateResponseInstance();
        response.ReturnCode = ReturnCode.ServerFailure;
        return response;
    }
}
