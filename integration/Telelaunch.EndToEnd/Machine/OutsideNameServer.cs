using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Telelaunch.EndToEnd.Machine;

/// <summary>A question that came to the outside world's name server.</summary>
/// <param name="Name">In lower case, without the last dot.</param>
/// <param name="Type">The record type's number (RFC 1035 §3.2.2).</param>
internal readonly record struct Question(string Name, ushort Type, ProtocolType Protocol);

/// <summary>The name server of the outside world, on port 53 of UDP and TCP, IPv4 and IPv6. It knows one host and all names below it, and remembers all that it was asked.</summary>
internal sealed class OutsideNameServer : IAsyncDisposable
{
    public const ushort TypeA = 1;
    public const ushort TypeAaaa = 28;

    private const int HeaderSize = 12;
    private const int Response = 0x8000;
    private const int RecursionAvailable = 0x0080;
    private const int FormatError = 1;
    private const int NameError = 3;

    private readonly CancellationTokenSource _end = new();
    private readonly ConcurrentQueue<Question> _questions = new();
    private readonly ConcurrentDictionary<string, IPAddress> _others = new();
    private readonly List<Socket> _sockets = [];
    private readonly List<Task> _loops = [];
    private readonly List<StreamServer> _streams = [];

    public OutsideNameServer(OutsideWorld outside)
    {
        foreach (var address in new[] { OutsideWorld.Address4, OutsideWorld.Address6 })
        {
            var socket = outside.Listen(address, 53, ProtocolType.Udp);
            _sockets.Add(socket);
            _loops.Add(AnswerDatagramsAsync(socket));
            _streams.Add(new StreamServer(outside.Listen(address, 53, ProtocolType.Tcp), AnswerStreamAsync));
        }
    }

    /// <summary>All that was asked until now, in order.</summary>
    public IReadOnlyList<Question> Questions => [.. _questions];

    /// <summary>How often a name was asked for, whatever the type and the way.</summary>
    public int Count(string name) => _questions.Count(question => question.Name == name);

    /// <summary>From now on it knows another host, by one address; nobody need have it.</summary>
    public void Know(string name, IPAddress address) => _others[name] = address;

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await Task.WhenAll(_loops);
        foreach (var socket in _sockets) socket.Dispose();
        foreach (var stream in _streams) await stream.DisposeAsync();
        _end.Dispose();
    }

    private async Task AnswerDatagramsAsync(Socket socket)
    {
        var buffer = new byte[4096];
        var any = new IPEndPoint(socket.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0);
        while (!_end.IsCancellationRequested)
        {
            try
            {
                var received = await socket.ReceiveFromAsync(buffer, SocketFlags.None, any, _end.Token);
                if (Answer(buffer.AsSpan(0, received.ReceivedBytes), ProtocolType.Udp) is { } answer)
                    await socket.SendToAsync(answer, SocketFlags.None, received.RemoteEndPoint, _end.Token);
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException)
            {
                // The end, or a client that has gone (ICMP).
            }
        }
    }

    // Each message has its length in front (RFC 1035 §4.2.2); a client may send several.
    private async Task AnswerStreamAsync(Socket connection, CancellationToken end)
    {
        await using var stream = new NetworkStream(connection);
        var length = new byte[2];
        while (await stream.ReadAtLeastAsync(length, 2, throwOnEndOfStream: false, end) == 2)
        {
            var message = new byte[BinaryPrimitives.ReadUInt16BigEndian(length)];
            if (await stream.ReadAtLeastAsync(message, message.Length, throwOnEndOfStream: false, end) < message.Length) return;
            if (Answer(message, ProtocolType.Tcp) is not { } answer) return;
            BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)answer.Length);
            await connection.SendAsync((byte[])[.. length, .. answer], end);
        }
    }

    /// <summary>The answer to a message, or null where it is none that could be answered.</summary>
    private byte[]? Answer(ReadOnlySpan<byte> message, ProtocolType protocol)
    {
        // ID 2 | flags 2 | QDCOUNT 2 | ANCOUNT 2 | NSCOUNT 2 | ARCOUNT 2 | question: labels, TYPE 2, CLASS 2 (RFC 1035 §4.1)
        if (message.Length < HeaderSize || (message[2] & 0x80) != 0) return null;
        if (ReadQuestion(message) is not var (name, type, end)) return Compose(message[..HeaderSize], [], FormatError, null);
        _questions.Enqueue(new Question(name, type, protocol));
        var question = message[HeaderSize..end];
        if (_others.TryGetValue(name, out var other)) return Compose(message[..HeaderSize], question, 0, type == TypeOf(other) ? other.GetAddressBytes() : null);
        if (name != OutsideWorld.Host && !name.EndsWith("." + OutsideWorld.Host, StringComparison.Ordinal)) return Compose(message[..HeaderSize], question, NameError, null);
        return Compose(message[..HeaderSize], question, 0, type switch
        {
            TypeA when name != OutsideWorld.PrivateHost => OutsideWorld.Address4.GetAddressBytes(),
            TypeAaaa => OutsideWorld.Address6.GetAddressBytes(),
            _ => null,
        });
    }

    private static ushort TypeOf(IPAddress address) => address.AddressFamily == AddressFamily.InterNetwork ? TypeA : TypeAaaa;

    private static (string Name, ushort Type, int End)? ReadQuestion(ReadOnlySpan<byte> message)
    {
        var name = new StringBuilder();
        var at = HeaderSize;
        while (at < message.Length && message[at] != 0)
        {
            int length = message[at++];
            if (length > 63 || at + length > message.Length) return null;
            if (name.Length > 0) name.Append('.');
            name.Append(Encoding.ASCII.GetString(message.Slice(at, length)));
            at += length;
        }

        return at + 5 > message.Length ? null : (name.ToString().ToLowerInvariant(), BinaryPrimitives.ReadUInt16BigEndian(message[(at + 1)..]), at + 5);
    }

    private static byte[] Compose(ReadOnlySpan<byte> header, ReadOnlySpan<byte> question, int code, byte[]? address)
    {
        // A record: a pointer to the question's name, type, class IN, 60 s, the address.
        byte[] record = address is null ? [] : [0xC0, HeaderSize, 0, address.Length == 4 ? (byte)TypeA : (byte)TypeAaaa, 0, 1, 0, 0, 0, 60, 0, (byte)address.Length, .. address];
        var answer = new byte[HeaderSize + question.Length + record.Length];
        header[..4].CopyTo(answer);
        // Opcode and RD are the question's.
        var flags = (BinaryPrimitives.ReadUInt16BigEndian(header[2..]) & 0x7900) | Response | RecursionAvailable | code;
        BinaryPrimitives.WriteUInt16BigEndian(answer.AsSpan(2), (ushort)flags);
        BinaryPrimitives.WriteUInt16BigEndian(answer.AsSpan(4), (ushort)(question.Length > 0 ? 1 : 0));
        BinaryPrimitives.WriteUInt16BigEndian(answer.AsSpan(6), (ushort)(record.Length > 0 ? 1 : 0));
        question.CopyTo(answer.AsSpan(HeaderSize));
        record.CopyTo(answer.AsSpan(HeaderSize + question.Length));
        return answer;
    }
}
