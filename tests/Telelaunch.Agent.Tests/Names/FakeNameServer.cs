using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Telelaunch.Agent.Tests.Names;

/// <summary>A name server on loopback, over UDP and TCP, whose answers a test writes.</summary>
internal sealed class FakeNameServer : IAsyncDisposable
{
    private readonly Socket _udp;
    private readonly Socket _tcp;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _serving;

    public FakeNameServer()
    {
        _tcp = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _tcp.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _tcp.Listen();
        Port = ((IPEndPoint)_tcp.LocalEndPoint!).Port;
        _udp = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        _udp.Bind(new IPEndPoint(IPAddress.Loopback, Port));
        _serving = Task.WhenAll(ServeUdpAsync(), ServeTcpAsync());
    }

    public int Port { get; }

    /// <summary>Answers by "name TYPE"; what isn't there doesn't exist (with a SOA of MINIMUM 9).</summary>
    public Dictionary<string, Answer> Answers { get; } = [];

    /// <summary>What was asked, in order.</summary>
    public ConcurrentQueue<string> Asked { get; } = new();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _serving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _udp.Dispose();
        _tcp.Dispose();
        _stop.Dispose();
    }

    private async Task ServeUdpAsync()
    {
        byte[] buffer = new byte[2048];
        while (true)
        {
            SocketReceiveFromResult received = await _udp.ReceiveFromAsync(buffer, SocketFlags.None, new IPEndPoint(IPAddress.Any, 0), _stop.Token);
            if (Reply(buffer.AsSpan(0, received.ReceivedBytes).ToArray(), overTcp: false) is { } reply)
                await _udp.SendToAsync(reply, SocketFlags.None, received.RemoteEndPoint, _stop.Token);
        }
    }

    private async Task ServeTcpAsync()
    {
        while (true)
        {
            using Socket client = await _tcp.AcceptAsync(_stop.Token);
            await using var stream = new NetworkStream(client);
            byte[] length = new byte[2];
            await stream.ReadExactlyAsync(length, _stop.Token);
            byte[] question = new byte[BinaryPrimitives.ReadUInt16BigEndian(length)];
            await stream.ReadExactlyAsync(question, _stop.Token);
            byte[] reply = Reply(question, overTcp: true)!;
            BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)reply.Length);
            await stream.WriteAsync(length, _stop.Token);
            await stream.WriteAsync(reply, _stop.Token);
        }
    }

    private byte[]? Reply(byte[] question, bool overTcp)
    {
        int at = 12;
        var labels = new List<string>();
        for (; question[at] != 0; at += question[at] + 1)
            labels.Add(Encoding.ASCII.GetString(question, at + 1, question[at]));
        int type = question[at + 2];
        string key = $"{string.Join('.', labels)} {type switch { 1 => "A", 28 => "AAAA", 12 => "PTR", _ => "?" }}";
        Asked.Enqueue(key);
        Answer answer = Answers.GetValueOrDefault(key) ?? new Answer { Code = 3, Soa = true };
        if (answer.Silent)
            return null;
        bool cut = answer.OnlyOverTcp && !overTcp;

        using var message = new MemoryStream();
        message.Write(question.AsSpan(0, 2));
        message.WriteByte((byte)(0x81 | (cut ? 2 : 0)));
        message.WriteByte((byte)(0x80 | answer.Code));
        WriteNumber(message, 1);
        WriteNumber(message, cut ? 0 : answer.Records.Count);
        WriteNumber(message, answer.Soa ? 1 : 0);
        WriteNumber(message, 0);
        message.Write(question.AsSpan(12, at + 5 - 12));
        if (!cut)
        {
            foreach ((string name, byte recordType, byte ttl, byte[] data) in answer.Records)
                WriteRecord(message, Name(name), recordType, ttl, data);
        }

        // MNAME, RNAME, SERIAL, REFRESH, RETRY, EXPIRE, MINIMUM
        if (answer.Soa)
            WriteRecord(message, [0], 6, 60, [0, 0, .. new byte[16], 0, 0, 0, 9]);
        return message.ToArray();
    }

    public static byte[] Name(string name)
        => [.. name.Split('.').SelectMany(label => (byte[])[(byte)label.Length, .. Encoding.ASCII.GetBytes(label)]), 0];

    private static void WriteRecord(MemoryStream message, byte[] name, byte type, byte ttl, byte[] data)
    {
        message.Write(name);
        message.Write([0, type, 0, 1, 0, 0, 0, ttl]);
        WriteNumber(message, data.Length);
        message.Write(data);
    }

    private static void WriteNumber(MemoryStream message, int number) => message.Write([(byte)(number >> 8), (byte)number]);
}

/// <summary>One scripted answer.</summary>
internal sealed class Answer
{
    public byte Code { get; init; }

    public bool Soa { get; init; }

    public bool Silent { get; init; }

    public bool OnlyOverTcp { get; init; }

    public List<(string Name, byte Type, byte Ttl, byte[] Data)> Records { get; init; } = [];
}
