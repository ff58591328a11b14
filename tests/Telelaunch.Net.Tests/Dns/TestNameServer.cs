using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Telelaunch.Net.Dns;

namespace Telelaunch.Net.Tests.Dns;

/// <summary>A name server on loopback with a zone that a test lays down, over UDP and TCP; it cuts what doesn't fit a datagram, as servers do.</summary>
internal sealed class TestNameServer : IAsyncDisposable
{
    private readonly Socket _udp;
    private readonly Socket _tcp;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<(string Name, RecordType Type, byte[] Data)> _records = new();
    private readonly Task _serving;

    internal TestNameServer(IPAddress? address = null)
    {
        address ??= IPAddress.Loopback;
        (_udp, _tcp) = Bind(address);
        EndPoint = (IPEndPoint)_udp.LocalEndPoint!;
        _serving = Task.WhenAll(ServeUdpAsync(), ServeTcpAsync());
    }

    internal IPEndPoint EndPoint { get; }

    /// <summary>What was asked: "name TYPE transport".</summary>
    internal ConcurrentQueue<string> Asked { get; } = new();

    /// <summary>Who sent each question.</summary>
    internal ConcurrentQueue<EndPoint> Askers { get; } = new();

    /// <summary>Answers what the zone doesn't know; null leaves the asker in silence.</summary>
    internal Func<byte[], DnsTransport, Task<byte[]?>> Otherwise { get; set; } = static (query, _) => Task.FromResult<byte[]?>(Reply(query, DnsAnswer.NoSuchName, [], soa: true));

    /// <summary>A UDP and a TCP socket on one port of the kernel's choice.</summary>
    internal static (Socket Udp, Socket Tcp) Bind(IPAddress address)
    {
        while (true)
        {
            var tcp = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            var udp = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            tcp.Bind(new IPEndPoint(address, 0));
            tcp.Listen();
            try
            {
                udp.Bind(tcp.LocalEndPoint!);
                return (udp, tcp);
            }
            catch (SocketException)
            {
                udp.Dispose();
                tcp.Dispose();
            }
        }
    }

    internal void Add(string name, string address)
    {
        IPAddress parsed = IPAddress.Parse(address);
        Add(name, parsed.AddressFamily == AddressFamily.InterNetwork ? RecordType.A : RecordType.AAAA, parsed.GetAddressBytes());
    }

    internal void Add(string name, RecordType type, byte[] data) => _records.Enqueue((name, type, data));

    internal static byte[] Name(string name)
    {
        Assert.True(DnsQuestion.TryEncodeName(name, out byte[] encoded));
        return encoded;
    }

    internal static byte[] Text(string text) => [(byte)text.Length, .. Encoding.ASCII.GetBytes(text)];

    /// <summary>An answer with records of a TTL of 5 s, or with a SOA whose MINIMUM is 5.</summary>
    internal static byte[] Reply(byte[] query, int code, IReadOnlyList<(string Name, RecordType Type, byte[] Data)> records, bool soa)
    {
        Assert.True(DnsQuestion.TryRead(query, out DnsQuestion question));
        byte[] empty = DnsAnswer.Empty(query.AsSpan(0, question.End), question, code);
        var message = new List<byte>(empty);
        foreach ((string name, RecordType type, byte[] data) in records)
            message.AddRange([.. Name(name), 0, (byte)type, 0, 1, 0, 0, 0, 5, (byte)(data.Length >> 8), (byte)data.Length, .. data]);
        if (soa)
            message.AddRange([0, 0, (byte)RecordType.SOA, 0, 1, 0, 0, 0, 60, 0, 22, 0, 0, .. new byte[16], 0, 0, 0, 5]);
        bool edns = Edns.Read(query) is not null;
        if (edns)
            message.AddRange([0, 0, (byte)RecordType.OPT, 4, 208, 0, 0, 0, 0, 0, 0]);
        byte[] whole = [.. message];
        BinaryPrimitives.WriteUInt16BigEndian(whole.AsSpan(10), edns ? (ushort)1 : (ushort)0);
        BinaryPrimitives.WriteUInt16BigEndian(whole.AsSpan(6), (ushort)records.Count);
        BinaryPrimitives.WriteUInt16BigEndian(whole.AsSpan(8), soa ? (ushort)1 : (ushort)0);
        return whole;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _udp.Dispose();
        _tcp.Dispose();
        await _serving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task ServeUdpAsync()
    {
        byte[] buffer = new byte[65_535];
        var answering = new List<Task>();
        try
        {
            while (true)
            {
                SocketReceiveFromResult received = await _udp.ReceiveFromAsync(buffer, SocketFlags.None, new IPEndPoint(EndPoint.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0), _stop.Token);
                Askers.Enqueue(received.RemoteEndPoint);
                answering.Add(AnswerUdpAsync(buffer[..received.ReceivedBytes], received.RemoteEndPoint));
            }
        }
        finally
        {
            await Task.WhenAll(answering).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task AnswerUdpAsync(byte[] query, EndPoint asker)
    {
        byte[]? reply = await ReplyAsync(query, DnsTransport.Udp);
        if (reply is null)
            return;
        if (reply.Length > Edns.LimitOf(query))
        {
            Assert.True(DnsQuestion.TryRead(query, out DnsQuestion question));
            reply = DnsAnswer.Empty(query, question, DnsAnswer.NoError);
            reply[2] |= 2;
        }

        await _udp.SendToAsync(reply, SocketFlags.None, asker, _stop.Token);
    }

    private async Task ServeTcpAsync()
    {
        var answering = new List<Task>();
        try
        {
            while (true)
                answering.Add(AnswerTcpAsync(await _tcp.AcceptAsync(_stop.Token)));
        }
        finally
        {
            await Task.WhenAll(answering).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task AnswerTcpAsync(Socket client)
    {
        await using var stream = new NetworkStream(client, ownsSocket: true);
        byte[] length = new byte[2];
        await stream.ReadExactlyAsync(length, _stop.Token);
        byte[] query = new byte[BinaryPrimitives.ReadUInt16BigEndian(length)];
        await stream.ReadExactlyAsync(query, _stop.Token);
        if (await ReplyAsync(query, DnsTransport.Tcp) is not byte[] reply)
            return;
        BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)reply.Length);
        await stream.WriteAsync((byte[])[.. length, .. reply], _stop.Token);
    }

    private async Task<byte[]?> ReplyAsync(byte[] query, DnsTransport transport)
    {
        if (!DnsQuestion.TryRead(query, out DnsQuestion question))
            return await Otherwise(query, transport);
        Asked.Enqueue($"{question.Name} {question.Type} {transport}");
        var found = new List<(string Name, RecordType Type, byte[] Data)>();
        string name = question.Name;
        while (true)
        {
            (string Name, RecordType Type, byte[] Data)[] own = [.. _records.Where(record => record.Name == name)];
            if (own.Length == 0 && found.Count == 0)
                return await Otherwise(query, transport);
            found.AddRange(own.Where(record => record.Type == question.Type));
            byte[]? alias = own.FirstOrDefault(record => record.Type == RecordType.CNAME && question.Type != RecordType.CNAME).Data;
            if (alias is null)
                break;
            found.Add((name, RecordType.CNAME, alias));
            name = Read(alias);
        }

        return Reply(query, DnsAnswer.NoError, found, soa: found.Count == 0);
    }

    private static string Read(byte[] name)
    {
        var labels = new List<string>();
        for (int at = 0; name[at] != 0; at += name[at] + 1)
            labels.Add(Encoding.ASCII.GetString(name, at + 1, name[at]));
        return string.Join('.', labels);
    }
}
