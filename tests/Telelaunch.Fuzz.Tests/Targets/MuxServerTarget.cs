using System.Collections.Concurrent;
using System.Net;
using System.Threading.Channels;
using Telelaunch.Fuzz.Tests.Fuzzing;
using Telelaunch.Mux;
using Telelaunch.Mux.Carriers;
using Telelaunch.Mux.Frames;
using Telelaunch.Mux.Tests;
using Telelaunch.Net;

namespace Telelaunch.Fuzz.Tests.Targets;

/// <summary>The agent's end of a carrier, and a client that says anything.</summary>
/// <remarks>
/// Input: MODE 1 | bytes, as for <see cref="MuxClientTarget"/>. A dial's port decides: 1 is refused, 2 never answers, 3 is a defect of the dialer, all others connect.
/// A listener on port 8080 has one caller.
/// </remarks>
internal sealed class MuxServerTarget : FuzzTarget
{
    private const int BytesToSay = 200_000;
    private const long FixedBytes = 16 * 1024 * 1024;

    // The smallest OPEN takes 20 bytes and dials a flow with its relay's buffer.
    private const long BytesAByte = 32 * 1024;

    private static readonly byte[] s_secret = [.. Enumerable.Range(1, 32).Select(i => (byte)i)];

    public override string Name => "mux-server";

    public override int Iterations => 1_500;

    public override IReadOnlyList<byte[]> Corpus { get; } =
    [
        AfterHandshake(("open-ipv4", 1), ("data", 1), ("credit", 1), ("fin", 1)),
        AfterHandshake(("open-ipv4", 1), ("open-ipv6", 3), ("data", 3), ("rst", 3), ("data", 3), ("open-ipv4", 5), ("fin", 5), ("fin", 1)),
        AfterHandshake(("listen", 1), ("opened", 2), ("data", 2), ("credit", 2), ("fin", 2), ("rst", 1)),
        AfterHandshake(("listen", 1), ("failed", 2), ("listen", 3), ("rst", 3)),
        AfterHandshake(("resolve-addresses", 1), ("resolve-names", 3), ("resolve-query", 5), ("environment", 7), ("environment-rest", 9), ("ping", 0), ("pong", 0), ("datagram", 1)),
        [0, .. Open(1, 1), .. Open(3, 2), .. Open(5, 3), .. MuxConversation.Vector("rst", 3), .. Open(7, 2)],
        [1, .. CorpusFiles.Mux("client-hello"), .. CorpusFiles.Mux("client-proof")],
        .. CorpusFiles.Regressions("mux-server"),
    ];

    public override async Task RunAsync(byte[] input)
    {
        if (input.Length == 0)
            return;
        long before = GC.GetTotalAllocatedBytes(precise: true);
        int piece = input[0] >> 1 == 0 ? int.MaxValue : input[0] >> 1;
        if ((input[0] & 1) != 0)
            await HandshakeAsync(input.AsMemory(1), piece);
        else
            await AfterHandshakeAsync(input[1..], piece);
        long allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
        Oracle.Must(allocated < FixedBytes + (BytesAByte * input.Length), $"{allocated} bytes were allocated for {input.Length}");
    }

    private static async Task HandshakeAsync(ReadOnlyMemory<byte> bytes, int piece)
    {
        (Stream near, Stream far) = CarrierPair.InMemory();
        Task<MuxServer> accepting = MuxServer.AcceptAsync(far, s_secret, new FuzzedPod().Services, new(), CancellationToken.None);
        var client = new MuxConversation(near);
        await client.TrySendAsync(bytes, piece);
        await near.DisposeAsync();
        try
        {
            await using MuxServer server = await accepting;
            throw new OracleException("it took a client that doesn't know the secret");
        }
        catch (TunnelException)
        {
            // Every way in which a client can be wrong.
        }
    }

    private static async Task AfterHandshakeAsync(byte[] bytes, int piece)
    {
        var pod = new FuzzedPod();
        (Stream near, Stream far) = CarrierPair.InMemory();
        Task<MuxServer> accepting = MuxServer.AcceptAsync(far, s_secret, pod.Services, new() { FlowFault = pod.Faults.Enqueue }, CancellationToken.None);
        await Handshake.ConnectAsync(near, s_secret, CancellationToken.None);
        MuxServer server = await accepting;
        var client = new MuxConversation(near);

        await client.TrySendAsync(bytes, piece);
        (List<(FrameType Type, uint Flow, byte[] Payload)> frames, bool whole) = MuxConversation.Split(bytes);
        uint last = frames.Where(frame => frame.Type is FrameType.Open or FrameType.Listen or FrameType.Resolve or FrameType.Environment).Select(frame => frame.Flow).DefaultIfEmpty(0u).Max();
        if (whole && await client.SettleAsync(server.Completion) && last < uint.MaxValue - 2)
            await CheckStillServesAsync(server, client, (last + 1) | 1);

        await near.DisposeAsync();
        MuxConversation.CheckEnd(await server.Completion);
        await server.DisposeAsync();
        await client.Reading;

        foreach ((uint flow, long sent) in client.DataSent)
        {
            long allowed = MuxWindows.Granted(frames, flow, frame => frame.Type switch
            {
                // FAMILY 1 | ZERO 1 | PORT 2 | ADDRESS 4|16 | WINDOW 4
                FrameType.Open when frame.Payload.Length > 0 => frame.Payload[0] == 6 ? 20 : 8,
                FrameType.Opened => 0,
                _ => null,
            });
            Oracle.Must(sent <= allowed, $"{sent} bytes were sent on flow {flow} with a credit of {allowed}");
        }

        Oracle.Must(pod.Faults.All(fault => fault is FuzzedPod.ScriptedDefectException), $"a flow's root saw {pod.Faults.FirstOrDefault()}");
        Oracle.Must(pod.Dials <= frames.Count(frame => frame.Type == FrameType.Open), $"{pod.Dials} dials for fewer OPENs");
        Oracle.Must(pod.Streams.All(stream => stream.IsDisposed), "a connection was left open");
        long told = frames.Where(frame => frame.Type is FrameType.Data or FrameType.Open).Sum(frame => (long)frame.Payload.Length);
        Oracle.Must(pod.Streams.Sum(stream => (long)stream.Written.Length) <= told, "the pod was told more than the client said");
    }

    private static async Task CheckStillServesAsync(MuxServer server, MuxConversation client, uint number)
    {
        Task resolved = client.ExpectResolved(number);
        await client.TrySendAsync(MuxConversation.Vector("resolve-addresses", number), int.MaxValue);
        Oracle.Must(await Task.WhenAny(resolved, server.Completion) == resolved, "a valid lookup behind it isn't answered any more");
    }

    private static byte[] Open(uint flow, byte port)
    {
        byte[] open = MuxConversation.Vector("open-ipv4", flow);
        open[FrameHeader.Size + 2] = 0;
        open[FrameHeader.Size + 3] = port;
        return open;
    }

    private static byte[] AfterHandshake(params (string Vector, uint Flow)[] frames)
        => [0, .. frames.SelectMany(frame => MuxConversation.Vector(frame.Vector, frame.Flow))];

    /// <summary>What the client reaches through the agent.</summary>
    private sealed class FuzzedPod : IPodResolver
    {
        // More than a frame holds.
        private static readonly byte[] s_environment = new byte[100_000];

        private int _dials;

        public FuzzedPod() => Services = new(DialAsync, this, () => new("pod", [], [], [], 5, "1"), ListenAsync, () => s_environment);

        public PodServices Services { get; }

        public ConcurrentQueue<Exception> Faults { get; } = new();

        public ConcurrentQueue<ScriptStream> Streams { get; } = new();

        public int Dials => Volatile.Read(ref _dials);

        public ValueTask<AddressLookup> LookUpAddressesAsync(string hostName, AddressFamilies families, CancellationToken cancellationToken)
            => ValueTask.FromResult(new AddressLookup(LookupStatus.Found, [IPAddress.Loopback], hostName, TimeSpan.FromSeconds(1)));

        public ValueTask<NameLookupResult> LookUpNamesAsync(IPAddress address, CancellationToken cancellationToken)
            => ValueTask.FromResult(new NameLookupResult(LookupStatus.Found, [address.ToString()], TimeSpan.Zero));

        public ValueTask<ReadOnlyMemory<byte>> QueryAsync(ReadOnlyMemory<byte> query, CancellationToken cancellationToken) => ValueTask.FromResult(query);

        private async ValueTask<DialResult> DialAsync(IPEndPoint destination, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _dials);
            switch (destination.Port)
            {
                case 1:
                    return DialResult.Failed(Errno.ECONNREFUSED);
                case 2:
                    await Task.Delay(Timeout.Infinite, cancellationToken);
                    break;
                case 3:
                    throw new ScriptedDefectException();
            }

            var stream = new ScriptStream(BytesToSay);
            Streams.Enqueue(stream);
            return DialResult.Connected(stream, new(IPAddress.Loopback, 40_000));
        }

        private ValueTask<ListenResult> ListenAsync(IPEndPoint podEndPoint, CancellationToken cancellationToken)
        {
            if (podEndPoint.Port != 8080)
                return ValueTask.FromResult(ListenResult.Failed(Errno.EADDRINUSE));
            var caller = new ScriptStream(BytesToSay);
            Streams.Enqueue(caller);
            return ValueTask.FromResult(ListenResult.Listening(new OneCaller(podEndPoint, caller)));
        }

        public sealed class ScriptedDefectException : Exception;

        private sealed class OneCaller : FlowListener
        {
            private readonly Channel<AcceptedFlow> _callers = Channel.CreateUnbounded<AcceptedFlow>();
            private readonly ScriptStream _caller;
            private bool _taken;

            public OneCaller(IPEndPoint podEndPoint, ScriptStream caller)
            {
                PodEndPoint = podEndPoint;
                _caller = caller;
                _callers.Writer.TryWrite(new(caller, new(IPAddress.Parse("10.244.0.9"), 50_000)));
            }

            public override IPEndPoint PodEndPoint { get; }

            public override async ValueTask<AcceptedFlow> AcceptAsync(CancellationToken cancellationToken)
            {
                AcceptedFlow flow = await _callers.Reader.ReadAsync(cancellationToken);
                _taken = true;
                return flow;
            }

            public override ValueTask DisposeAsync() => _taken ? ValueTask.CompletedTask : _caller.DisposeAsync();
        }
    }
}
