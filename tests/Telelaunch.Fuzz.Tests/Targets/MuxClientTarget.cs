using System.Collections.Concurrent;
using System.Net;
using Telelaunch.Fuzz.Tests.Fuzzing;
using Telelaunch.Mux;
using Telelaunch.Mux.Carriers;
using Telelaunch.Mux.Frames;
using Telelaunch.Mux.Tests;
using Telelaunch.Net;

namespace Telelaunch.Fuzz.Tests.Targets;

/// <summary>The client's end of a carrier, with a dial, a listener and lookups under way, and an agent that says anything.</summary>
/// <remarks>
/// Input: MODE 1 | bytes. MODE's lowest bit: the bytes stand for the handshake; else they come behind a valid one and POD. The other bits: in pieces of so many
/// bytes (0: at once). Under way are OPEN 1, LISTEN 3 and RESOLVE 5, 7 and 9, ENVIRONMENT 11.
/// </remarks>
internal sealed class MuxClientTarget : FuzzTarget
{
    private const int BytesToSay = 200_000;

    // Three buffers of a carrier, what the flows say, and this target's own copies.
    private const long FixedBytes = 16 * 1024 * 1024;

    private static readonly byte[] s_secret = [.. Enumerable.Range(1, 32).Select(i => (byte)i)];

    public override string Name => "mux-client";

    public override int Iterations => 1_500;

    public override IReadOnlyList<byte[]> Corpus { get; } =
    [
        AfterHandshake(("opened", 1), ("data", 1), ("credit", 1), ("fin", 1)),
        AfterHandshake(("opened", 1), ("data", 1), ("rst", 1), ("data", 1)),
        AfterHandshake(("failed", 1), ("failed", 3), ("failed", 5)),
        AfterHandshake(("listening", 3), ("accepted", 2), ("data", 2), ("fin", 2), ("accepted", 4), ("rst", 4), ("rst", 3)),
        AfterHandshake(("resolved-addresses", 5), ("resolved-names", 7), ("resolved-query", 9), ("resolved-environment-first", 11), ("resolved-environment-rest", 13), ("ping", 0), ("pong", 0)),
        AfterHandshake(("resolved-no-name", 5), ("datagram", 1), ("goaway", 0)),
        [1, .. CorpusFiles.Mux("agent-hello"), .. CorpusFiles.Mux("agent-proof")],
        [1, .. CorpusFiles.Mux("agent-hello")],
        .. CorpusFiles.Regressions("mux-client"),
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
        Oracle.Must(allocated < FixedBytes + (1024L * input.Length), $"{allocated} bytes were allocated for {input.Length}");
    }

    private static async Task HandshakeAsync(ReadOnlyMemory<byte> bytes, int piece)
    {
        (Stream near, Stream far) = CarrierPair.InMemory();
        Task<MuxClient> connecting = MuxClient.ConnectAsync(near, s_secret, new(), CancellationToken.None);
        var agent = new MuxConversation(far);
        await agent.TrySendAsync(bytes, piece);
        await far.DisposeAsync();
        try
        {
            await using MuxClient client = await connecting;
            throw new OracleException("it took an agent that doesn't know the secret");
        }
        catch (TunnelException)
        {
            // Every way in which an agent can be wrong.
        }
    }

    private static async Task AfterHandshakeAsync(byte[] bytes, int piece)
    {
        var faults = new ConcurrentQueue<Exception>();
        var accepted = new ConcurrentQueue<ScriptStream>();
        (Stream near, Stream far) = CarrierPair.InMemory();
        Task<MuxClient> connecting = MuxClient.ConnectAsync(near, s_secret, new() { FlowFault = faults.Enqueue }, CancellationToken.None);
        await Handshake.AcceptAsync(far, s_secret, CancellationToken.None);
        var agent = new MuxConversation(far);
        await agent.TrySendAsync(CorpusFiles.Mux("pod"), int.MaxValue);
        MuxClient client = await connecting;

        // One after the other, so that each has its number.
        Task<byte[]> dial = DialAsync(client);
        Task<MuxListenResult> listen = client.ListenAsync(new(IPAddress.Any, 8080), Accept, CancellationToken.None).AsTask();
        Task[] lookups =
        [
            client.LookUpAddressesAsync("hello", AddressFamilies.Both, CancellationToken.None).AsTask(),
            client.LookUpNamesAsync(IPAddress.Parse("10.96.0.20"), CancellationToken.None).AsTask(),
            client.QueryAsync(new byte[] { 1, 2, 3 }, CancellationToken.None).AsTask(),
            client.ReadEnvironmentAsync(CancellationToken.None).AsTask(),
        ];
        await agent.WaitForFramesAsync(6);

        await agent.TrySendAsync(bytes, piece);
        (List<(FrameType Type, uint Flow, byte[] Payload)> frames, bool whole) = MuxConversation.Split(bytes);
        if (whole && await agent.SettleAsync(client.Completion))
            await CheckStillServesAsync(client, agent);

        await far.DisposeAsync();
        MuxConversation.CheckEnd(await client.Completion);
        byte[] read = await dial;
        await listen;
        await Task.WhenAll(lookups);
        await client.DisposeAsync();
        await agent.Reading;

        byte[] said = [.. frames.SkipWhile(frame => frame is not (FrameType.Opened, 1, _)).Where(frame => frame is (FrameType.Data, 1, _)).SelectMany(frame => frame.Payload)];
        Oracle.Must(said.AsSpan().StartsWith(read), "the dialled flow read what the agent didn't say");
        CheckWindows(agent, frames);
        Oracle.Must(faults.IsEmpty, $"a flow's root saw {faults.FirstOrDefault()}");
        Oracle.Must(accepted.All(stream => stream.IsDisposed), "an accepted connection was left open");

        ValueTask<DialResult> Accept(IPEndPoint caller, CancellationToken cancellationToken)
        {
            var stream = new ScriptStream(BytesToSay);
            accepted.Enqueue(stream);
            return ValueTask.FromResult(DialResult.Connected(stream));
        }
    }

    /// <summary>Says all it has as far as the agent lets it, and reads to the end.</summary>
    private static async Task<byte[]> DialAsync(MuxClient client)
    {
        DialResult result = await client.DialAsync(new(IPAddress.Parse("10.96.0.20"), 80), new byte[1000], CancellationToken.None);
        Oracle.Must(result.Stream is null ? result.Errno is > 0 and < 4096 : result.Errno == 0, $"a dial ended with {result}");
        if (result.Stream is not { } stream)
            return [];
        Task writing = WriteAsync(stream);
        using var read = new MemoryStream();
        byte[] buffer = new byte[8192];
        try
        {
            for (int count; (count = await stream.ReadAsync(buffer, CancellationToken.None)) > 0;)
                read.Write(buffer, 0, count);
        }
        catch (FlowException)
        {
            // Reset, or the carrier is over.
        }

        await writing;
        await stream.DisposeAsync();
        return read.ToArray();
    }

    private static async Task WriteAsync(DuplexStream stream)
    {
        try
        {
            await stream.WriteAsync(new byte[BytesToSay], CancellationToken.None);
        }
        catch (FlowException)
        {
            // As above.
        }
    }

    private static async Task CheckStillServesAsync(MuxClient client, MuxConversation agent)
    {
        if (client.GoAwayReason is not null)
            return;
        Task<uint> asked = agent.ExpectResolve();
        ValueTask<AddressLookup> lookup = client.LookUpAddressesAsync("again", AddressFamilies.IPv4, CancellationToken.None);
        // A damaged answer ends the carrier when its asker reads it, which may be only now.
        if (await Task.WhenAny(asked, client.Completion) != asked)
        {
            await lookup;
            return;
        }

        uint number = await asked;
        await agent.TrySendAsync(MuxConversation.Vector("resolved-addresses", number), int.MaxValue);
        AddressLookup answer = await lookup;
        Oracle.Must(client.HasEnded || (answer.Status == LookupStatus.Found && answer.Addresses.Count == 2), "a valid lookup behind it isn't answered any more");
    }

    /// <summary>Nothing is sent on a flow that the agent gave no credit for.</summary>
    private static void CheckWindows(MuxConversation agent, List<(FrameType Type, uint Flow, byte[] Payload)> frames)
    {
        foreach ((uint flow, long sent) in agent.DataSent)
        {
            long allowed = MuxWindows.Granted(frames, flow, frame => frame.Type switch
            {
                FrameType.Opened when flow == 1 => 0,
                FrameType.Accepted when flow != 1 => 4,
                _ => null,
            });
            Oracle.Must(sent <= allowed, $"{sent} bytes were sent on flow {flow} with a credit of {allowed}");
        }
    }

    private static byte[] AfterHandshake(params (string Vector, uint Flow)[] frames)
        => [0, .. frames.SelectMany(frame => MuxConversation.Vector(frame.Vector, frame.Flow))];
}
