using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Telelaunch.Agent.Names;
using Telelaunch.Fuzz.Tests.Fuzzing;
using Telelaunch.Net;

namespace Telelaunch.Fuzz.Tests.Targets;

/// <summary>The agent's resolver against a name server that answers anything, over UDP and TCP, with the question's number and then without.</summary>
/// <remarks>
/// Input: MODE 1 | the message. MODE 1: the number is the asker's, 2: the question too, 4: over TCP the two bytes of length stand in the input. Behind the hostile
/// datagram a valid one comes: an answer that isn't taken must not keep the right one from being heard.
/// </remarks>
internal sealed class PodResolverTarget : FuzzTarget
{
    private static readonly byte[] s_question = DnsMessages.Query("hello", 1);

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("telelaunch-fuzz-");
    private readonly CancellationTokenSource _stop = new();
    private readonly Socket _udp = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly Socket _tcp = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private volatile byte[] _input = [];
    private PodResolver _resolver = null!;
    private Task _serving = Task.CompletedTask;

    public override string Name => "pod-resolver";

    public override int Iterations => 3_000;

    public override IReadOnlyList<byte[]> Corpus { get; } =
    [
        .. DnsMessages.Answers(s_question).SelectMany(answer => Enumerable.Range(0, 8).Select(mode => (byte[])[(byte)mode, .. answer])),
        .. CorpusFiles.Regressions("pod-resolver"),
    ];

    public override Task StartAsync()
    {
        _tcp.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _tcp.Listen();
        int port = ((IPEndPoint)_tcp.LocalEndPoint!).Port;
        _udp.Bind(new IPEndPoint(IPAddress.Loopback, port));
        string resolvConf = Path.Combine(_directory.FullName, "resolv.conf");
        File.WriteAllText(resolvConf, "nameserver 127.0.0.1\noptions ndots:1 timeout:30 attempts:1\n");
        _resolver = new(resolvConf, Path.Combine(_directory.FullName, "hosts"), port);
        _serving = Task.WhenAll(ServeUdpAsync(), ServeTcpAsync());
        return Task.CompletedTask;
    }

    protected override async Task StopAsync()
    {
        await _stop.CancelAsync();
        _udp.Dispose();
        _tcp.Dispose();
        await _serving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
        _directory.Delete(recursive: true);
    }

    public override async Task RunAsync(byte[] input)
    {
        if (input.Length == 0)
            return;
        _input = input;
        AddressLookup addresses = await _resolver.LookUpAddressesAsync("hello", AddressFamilies.IPv4, CancellationToken.None);
        Oracle.Must(Enum.IsDefined(addresses.Status) && (addresses.Status == LookupStatus.Found) == addresses.Addresses.Count > 0, $"a lookup ended with {addresses}");
        Oracle.Must(addresses.TimeToLive >= TimeSpan.Zero && addresses.TimeToLive <= TimeSpan.FromHours(1), $"TTL {addresses.TimeToLive}");
        NameLookupResult names = await _resolver.LookUpNamesAsync(IPAddress.Parse("10.96.0.1"), CancellationToken.None);
        Oracle.Must(Enum.IsDefined(names.Status) && (names.Status == LookupStatus.Found) == names.Names.Count > 0, $"a lookup ended with {names}");
    }

    private async Task ServeUdpAsync()
    {
        byte[] buffer = new byte[2048];
        while (true)
        {
            SocketReceiveFromResult received = await _udp.ReceiveFromAsync(buffer, SocketFlags.None, new IPEndPoint(IPAddress.Any, 0), _stop.Token);
            byte[] question = buffer[..received.ReceivedBytes];
            await _udp.SendToAsync(Hostile(question), SocketFlags.None, received.RemoteEndPoint, _stop.Token);
            await _udp.SendToAsync(DnsMessages.Answer(question, 3, [], []), SocketFlags.None, received.RemoteEndPoint, _stop.Token);
        }
    }

    private async Task ServeTcpAsync()
    {
        while (true)
        {
            using Socket asker = await _tcp.AcceptAsync(_stop.Token);
            try
            {
                byte[] question = new byte[2048];
                int count = await asker.ReceiveAsync(question, _stop.Token);
                byte[] answer = Hostile(question[Math.Min(2, count)..count]);
                byte[] length = [(byte)(answer.Length >> 8), (byte)answer.Length];
                await asker.SendAsync((_input[0] & 4) != 0 ? answer : [.. length, .. answer], _stop.Token);
                asker.Shutdown(SocketShutdown.Send);
            }
            catch (SocketException)
            {
                // It had enough.
            }
        }
    }

    private byte[] Hostile(byte[] question)
    {
        byte[] input = _input;
        byte[] message = input[1..];
        if ((input[0] & 1) != 0 && message.Length >= 2)
            question.AsSpan(0, 2).CopyTo(message);
        if ((input[0] & 2) != 0 && message.Length >= DnsMessages.HeaderLength && BinaryPrimitives.ReadUInt16BigEndian(message.AsSpan(4)) == 1)
        {
            // In the place of the corpus' question, which is as long.
            int end = Math.Min(s_question.Length, message.Length);
            message = [.. message[..DnsMessages.HeaderLength], .. question[DnsMessages.HeaderLength..], .. message[end..]];
        }

        return message;
    }
}
