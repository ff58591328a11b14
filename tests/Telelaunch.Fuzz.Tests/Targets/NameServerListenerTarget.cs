using System.Net;
using System.Net.Sockets;
using Telelaunch.Fuzz.Tests.Fuzzing;

namespace Telelaunch.Fuzz.Tests.Targets;

/// <summary>Datagrams at the broker's name server listener, to the pod's name server and to one of this machine's.</summary>
/// <remarks>Input: SERVER 1 (lowest bit) | datagram.</remarks>
internal sealed class NameServerListenerTarget : FuzzTarget
{
    private readonly Socket[] _askers = [.. Enumerable.Range(0, 2).Select(_ => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp))];
    private FuzzedBroker _broker = null!;
    private ushort _id;

    public override string Name => "name-server-listener";

    public override int Iterations => 3_000;

    public override int MaximumLength => 2_000;

    public override IReadOnlyList<byte[]> Corpus { get; } =
    [
        .. new[] { DnsMessages.Query("hello", 1), DnsMessages.Query("hello", 33), DnsMessages.Query("1.0.96.10.in-addr.arpa", 12), DnsMessages.Query("example.com", 1), DnsMessages.Query("x.default.svc.cluster.local", 28), DnsMessages.Query("db.shop", 28) }
            .SelectMany(query => (byte[][])[[0, .. query], [1, .. query]]),
        .. CorpusFiles.Regressions("name-server-listener"),
    ];

    public override async Task StartAsync()
    {
        // Nothing listens there: what is relayed to it fails at once (ICMP port unreachable).
        _broker = await FuzzedBroker.StartAsync(new HelloResolver(), [IPAddress.Parse("127.84.255.1")]);
        for (int i = 0; i < 2; i++)
            await _askers[i].ConnectAsync(new IPEndPoint(new IPAddress([127, 84, 0, (byte)(i + 1)]), _broker.Broker.RelayPort4));
    }

    protected override async Task StopAsync()
    {
        foreach (Socket asker in _askers)
            asker.Dispose();
        if (_broker is not null)
            await _broker.DisposeAsync();
    }

    public override async Task RunAsync(byte[] input)
    {
        if (input.Length == 0)
            return;
        Socket asker = _askers[input[0] & 1];
        await asker.SendAsync(input.AsMemory(1));

        // Answers to the hostile one may come before and behind: numbers tell them apart, but for one that guessed.
        byte[] query = DnsMessages.Query($"probe-{_id}.default.svc.cluster.local", 1, ++_id);
        await asker.SendAsync(query);
        byte[] answer = new byte[2048];
        while (true)
        {
            int length = await asker.ReceiveAsync(answer);
            Oracle.Must(length >= DnsMessages.HeaderLength, $"an answer of {length} bytes");
            if (answer.AsSpan(0, 2).SequenceEqual(query.AsSpan(0, 2)) && answer.AsSpan(12, query.Length - 12).SequenceEqual(query.AsSpan(12)))
                break;
        }

        _broker.CheckLog();
    }
}
