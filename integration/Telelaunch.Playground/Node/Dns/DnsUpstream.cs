using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Telelaunch.Playground.Node.Dns;

/// <summary>The resolvers of the host, for names that aren't the cluster's.</summary>
internal sealed class DnsUpstream(IReadOnlyList<IPEndPoint> servers)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <summary>The <c>nameserver</c> lines of the host's /etc/resolv.conf.</summary>
    public static IReadOnlyList<IPEndPoint> OfHost(string file = "/etc/resolv.conf") => !File.Exists(file) ? [] :
    [
        .. File.ReadLines(file).Select(l => l.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries))
            .Where(w => w.Length > 1 && w[0] == "nameserver")
            .Select(w => IPAddress.TryParse(w[1], out var address) ? new IPEndPoint(address, 53) : null)
            .OfType<IPEndPoint>(),
    ];

    /// <summary>Passes a query on, over the transport that it came by. Null: nobody answered.</summary>
    public async Task<byte[]?> AskAsync(ReadOnlyMemory<byte> query, bool tcp, CancellationToken cancellation)
    {
        foreach (var server in servers)
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            patience.CancelAfter(Patience);
            try
            {
                var answer = tcp ? await AskTcpAsync(server, query, patience.Token) : await AskUdpAsync(server, query, patience.Token);
                if (answer.Length >= 12)
                    return answer;
            }
            catch (Exception error) when (error is SocketException or IOException || (error is OperationCanceledException && !cancellation.IsCancellationRequested))
            {
                // The next one, as resolv.conf(5) says.
            }
        }
        return null;
    }

    private static async Task<byte[]> AskUdpAsync(IPEndPoint server, ReadOnlyMemory<byte> query, CancellationToken cancellation)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(server, cancellation);
        await socket.SendAsync(query, cancellation);
        var buffer = new byte[65535];
        while (true)
        {
            var length = await socket.ReceiveAsync(buffer, cancellation);
            if (length >= 12 && buffer.AsSpan(0, 2).SequenceEqual(query.Span[..2]))
                return buffer[..length];
        }
    }

    private static async Task<byte[]> AskTcpAsync(IPEndPoint server, ReadOnlyMemory<byte> query, CancellationToken cancellation)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(server, cancellation);
        await using var stream = new NetworkStream(socket);
        await stream.WriteAsync(Framed(query.Span), cancellation);
        return await ReadFramedAsync(stream, cancellation) ?? [];
    }

    /// <summary>A message behind its two-byte length (RFC 1035 §4.2.2).</summary>
    public static byte[] Framed(ReadOnlySpan<byte> message)
    {
        var framed = new byte[message.Length + 2];
        BinaryPrimitives.WriteUInt16BigEndian(framed, (ushort)message.Length);
        message.CopyTo(framed.AsSpan(2));
        return framed;
    }

    /// <summary>The next message of a TCP connection; null at its end.</summary>
    public static async Task<byte[]?> ReadFramedAsync(Stream stream, CancellationToken cancellation)
    {
        var length = new byte[2];
        if (await stream.ReadAtLeastAsync(length, 2, throwOnEndOfStream: false, cancellation) < 2)
            return null;
        var message = new byte[BinaryPrimitives.ReadUInt16BigEndian(length)];
        return await stream.ReadAtLeastAsync(message, message.Length, throwOnEndOfStream: false, cancellation) < message.Length ? null : message;
    }
}
