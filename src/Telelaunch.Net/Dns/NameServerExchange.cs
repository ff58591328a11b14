using System.Buffers;
using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Telelaunch.Net.Dns;

/// <summary>One question to one name server. Scoped link-local servers (fe80::1%eth0) carry their scope in the address.</summary>
internal static class NameServerExchange
{
    /// <summary>Takes the first datagram that answers the question; waits until it is cancelled.</summary>
    /// <exception cref="SocketException">Refused or unreachable.</exception>
    internal static async Task<ReadOnlyMemory<byte>> AskOverUdpAsync(IPEndPoint server, ReadOnlyMemory<byte> question, CancellationToken cancellationToken)
    {
        // A socket, and so a source port of the kernel's choice, of its own for each question: harder to forge an answer for. Connected, it hears the server alone.
        using var socket = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(server, cancellationToken);
        await socket.SendAsync(question, SocketFlags.None, cancellationToken);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(DnsAnswer.MaximumLength);
        try
        {
            while (true)
            {
                int count = await socket.ReceiveAsync(buffer, SocketFlags.None, cancellationToken);
                if (ParsedAnswer.Answers(buffer.AsSpan(0, count), question.Span))
                    return buffer.AsSpan(0, count).ToArray();
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Empty when the server answers something else.</summary>
    /// <exception cref="SocketException">Refused or unreachable.</exception>
    /// <exception cref="IOException">The connection broke off.</exception>
    // LENGTH 2 | message, both ways (RFC 1035 §4.2.2).
    internal static async Task<ReadOnlyMemory<byte>> AskOverTcpAsync(IPEndPoint server, ReadOnlyMemory<byte> question, CancellationToken cancellationToken)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(server, cancellationToken);
        await using var stream = new NetworkStream(socket);
        byte[] request = new byte[2 + question.Length];
        BinaryPrimitives.WriteUInt16BigEndian(request, (ushort)question.Length);
        question.CopyTo(request.AsMemory(2));
        await stream.WriteAsync(request, cancellationToken);
        byte[] length = new byte[2];
        await stream.ReadExactlyAsync(length, cancellationToken);
        byte[] answer = new byte[BinaryPrimitives.ReadUInt16BigEndian(length)];
        await stream.ReadExactlyAsync(answer, cancellationToken);
        return ParsedAnswer.Answers(answer, question.Span) ? answer : default(ReadOnlyMemory<byte>);
    }
}
