using System.Net;
using System.Net.Sockets;

namespace Telelaunch.Net.Dns;

/// <summary>The name servers that questions are passed on to, byte by byte, and that may be replaced while they are asked.</summary>
/// <remarks>
/// In their order: the next is asked when one is silent for <see cref="Patience"/>, unreachable, or refuses, be it by ICMP or by RCODE. Any other answer is the
/// answer, a failure too. A question goes the way it came: by UDP it may come back truncated, and its asker comes again by TCP.
/// </remarks>
public sealed class UpstreamServers(IReadOnlyList<IPEndPoint> servers, TimeProvider time)
{
    private const int Refused = 5;

    private volatile IReadOnlyList<IPEndPoint> _servers = servers;

    /// <summary>Questions that are under way stay with the list they began with.</summary>
    public IReadOnlyList<IPEndPoint> Servers
    {
        get => _servers;
        set => _servers = value;
    }

    /// <summary>How long one server may be silent.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The first answer; empty when nobody gave one.</summary>
    /// <exception cref="OperationCanceledException">Cancelled by the caller.</exception>
    public async ValueTask<ReadOnlyMemory<byte>> AskAsync(ReadOnlyMemory<byte> query, DnsTransport transport, CancellationToken cancellationToken)
    {
        ReadOnlyMemory<byte> refusal = default;
        foreach (IPEndPoint server in _servers)
        {
            ReadOnlyMemory<byte> answer = await TryAskAsync(server, query, transport, cancellationToken);
            if (answer.IsEmpty)
                continue;
            if (DnsAnswer.CodeOf(answer.Span) != Refused)
                return answer;
            refusal = answer;
        }

        return refusal;
    }

    /// <summary>The first answer; SERVFAIL when nobody gave one: an asker that knows asks again sooner than one that waits.</summary>
    /// <exception cref="OperationCanceledException">Cancelled by the caller.</exception>
    public async ValueTask<ReadOnlyMemory<byte>> AnswerAsync(ReadOnlyMemory<byte> query, DnsTransport transport, CancellationToken cancellationToken)
    {
        ReadOnlyMemory<byte> answer = await AskAsync(query, transport, cancellationToken);
        return answer.IsEmpty && DnsQuestion.TryRead(query.Span, out DnsQuestion question) ? DnsAnswer.Empty(query.Span, question, DnsAnswer.ServerFailure) : answer;
    }

    private async Task<ReadOnlyMemory<byte>> TryAskAsync(IPEndPoint server, ReadOnlyMemory<byte> query, DnsTransport transport, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        try
        {
            return transport == DnsTransport.Udp
                ? await NameServerExchange.AskOverUdpAsync(server, query, either.Token)
                : await NameServerExchange.AskOverTcpAsync(server, query, either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return default;
        }
        catch (Exception error) when (error is SocketException or IOException)
        {
            return default;
        }
    }
}
