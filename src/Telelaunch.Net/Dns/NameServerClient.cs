using System.Net;
using System.Net.Sockets;

namespace Telelaunch.Net.Dns;

/// <summary>Asks the name servers of resolv.conf, one after the other: over UDP, and over TCP where the answer didn't fit.</summary>
/// <param name="port">53, but in tests.</param>
internal sealed class NameServerClient(ResolvConf configuration, int port)
{
    // RCODEs after which another server may know better (as glibc): SERVFAIL, NOTIMP, REFUSED.
    private const int ServFail = 2;
    private const int NotImp = 4;
    private const int Refused = 5;

    /// <summary>Sends a question until somebody answers; empty when nobody did.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> AskAsync(ReadOnlyMemory<byte> question, CancellationToken cancellationToken)
    {
        ReadOnlyMemory<byte> unhelpful = default;
        for (int attempt = 0; attempt < configuration.Attempts; attempt++)
        {
            foreach (IPAddress server in configuration.NameServers)
            {
                ReadOnlyMemory<byte> answer = await TryAskAsync(new IPEndPoint(server, port), question, cancellationToken);
                if (answer.IsEmpty)
                    continue;
                if (DnsAnswer.CodeOf(answer.Span) is not (ServFail or NotImp or Refused))
                    return answer;
                unhelpful = answer;
            }
        }

        return unhelpful;
    }

    private async Task<ReadOnlyMemory<byte>> TryAskAsync(IPEndPoint server, ReadOnlyMemory<byte> question, CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(configuration.Timeout);
        try
        {
            ReadOnlyMemory<byte> answer = await NameServerExchange.AskOverUdpAsync(server, question, timeout.Token);
            return ParsedAnswer.IsTruncated(answer.Span) ? await NameServerExchange.AskOverTcpAsync(server, question, timeout.Token) : answer;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return default;
        }
        catch (Exception error) when (error is SocketException or IOException)
        {
            // Refused or unreachable: the next server is asked at once.
            return default;
        }
    }
}
