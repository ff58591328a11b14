using System.Buffers;
using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Telelaunch.Agent.Names;

/// <summary>Asks the name servers of resolv.conf, one after the other: over UDP, and over TCP where the answer didn't fit.</summary>
/// <param name="port">53, but in tests.</param>
internal sealed class NameServerClient(ResolvConf configuration, int port)
{
    private const int LargestMessage = 65_535;

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
                ReadOnlyMemory<byte> answer = await TryAskAsync(server, question, cancellationToken);
                if (answer.IsEmpty)
                    continue;
                if ((answer.Span[3] & 15) is not (ServFail or NotImp or Refused))
                    return answer;
                unhelpful = answer;
            }
        }

        return unhelpful;
    }

    private async Task<ReadOnlyMemory<byte>> TryAskAsync(IPAddress server, ReadOnlyMemory<byte> question, CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(configuration.Timeout);
        try
        {
            ReadOnlyMemory<byte> answer = await AskOverUdpAsync(server, question, timeout.Token);
            return DnsAnswer.IsTruncated(answer.Span) ? await AskOverTcpAsync(server, question, timeout.Token) : answer;
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

    private async Task<ReadOnlyMemory<byte>> AskOverUdpAsync(IPAddress server, ReadOnlyMemory<byte> question, CancellationToken cancellationToken)
    {
        // A socket, and so a source port, of its own for each question: harder to forge an answer for.
        using var socket = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(new IPEndPoint(server, port), cancellationToken);
        await socket.SendAsync(question, SocketFlags.None, cancellationToken);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(LargestMessage);
        try
        {
            while (true)
            {
                int count = await socket.ReceiveAsync(buffer, SocketFlags.None, cancellationToken);
                if (DnsAnswer.Answers(buffer.AsSpan(0, count), question.Span))
                    return buffer.AsSpan(0, count).ToArray();
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    // LENGTH 2 | message, both ways (RFC 1035 §4.2.2).
    private async Task<ReadOnlyMemory<byte>> AskOverTcpAsync(IPAddress server, ReadOnlyMemory<byte> question, CancellationToken cancellationToken)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(new IPEndPoint(server, port), cancellationToken);
        await using var stream = new NetworkStream(socket);
        byte[] request = new byte[2 + question.Length];
        BinaryPrimitives.WriteUInt16BigEndian(request, (ushort)question.Length);
        question.CopyTo(request.AsMemory(2));
        await stream.WriteAsync(request, cancellationToken);
        byte[] length = new byte[2];
        await stream.ReadExactlyAsync(length, cancellationToken);
        byte[] answer = new byte[BinaryPrimitives.ReadUInt16BigEndian(length)];
        await stream.ReadExactlyAsync(answer, cancellationToken);
        return DnsAnswer.Answers(answer, question.Span) ? answer : default(ReadOnlyMemory<byte>);
    }
}
