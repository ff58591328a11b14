using Telelaunch.Mux.Carriers;
using Telelaunch.Mux.Frames;

namespace Telelaunch.Mux.Tests;

/// <summary>The other end of a carrier, byte by byte: what a test sends and expects stands in the golden vectors.</summary>
internal sealed class RawPeer(Stream carrier) : IAsyncDisposable
{
    private static readonly TimeSpan s_bound = TimeSpan.FromSeconds(60);

    private static readonly Dictionary<string, byte[]> s_vectors = File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Vectors", "mux.txt"))
        .Where(line => !line.StartsWith('#'))
        .Select(line => line.Split(' '))
        .ToDictionary(words => words[0], words => Convert.FromHexString(words[1]));

    public static byte[] Vector(string name) => s_vectors[name];

    /// <summary>A client whose agent is raw.</summary>
    public static async Task<(MuxClient Client, RawPeer Agent)> WithClientAsync(MuxOptions? options = null)
    {
        (Stream near, Stream far) = CarrierPair.InMemory();
        Task<MuxClient> connecting = MuxClient.ConnectAsync(near, MuxSession.Secret, options ?? new(), CancellationToken.None);
        await Handshake.AcceptAsync(far, MuxSession.Secret, CancellationToken.None);
        var agent = new RawPeer(far);
        await agent.SendAsync("pod");
        return (await connecting, agent);
    }

    /// <summary>An agent's end whose client is raw; POD is still to be read.</summary>
    public static async Task<(MuxServer Server, RawPeer Client, FakePod Pod)> WithServerAsync(MuxOptions? options = null)
    {
        (Stream near, Stream far) = CarrierPair.InMemory();
        var pod = new FakePod();
        Task<MuxServer> accepting = MuxServer.AcceptAsync(far, MuxSession.Secret, pod.Services, options ?? new() { FlowFault = pod.Faults.Enqueue }, CancellationToken.None);
        await Handshake.ConnectAsync(near, MuxSession.Secret, CancellationToken.None);
        return (await accepting, new(near), pod);
    }

    public Task SendAsync(string vector) => SendAsync(Vector(vector));

    public async Task SendAsync(byte[] bytes)
    {
        await carrier.WriteAsync(bytes, CancellationToken.None);
        await carrier.FlushAsync(CancellationToken.None);
    }

    public Task SendAsync(FrameType type, uint flow, byte[] payload) => SendAsync(Frame(type, flow, payload));

    public static byte[] Frame(FrameType type, uint flow, byte[] payload)
    {
        byte[] frame = new byte[FrameHeader.Size + payload.Length];
        new FrameHeader(type, flow, payload.Length).Write(frame);
        payload.CopyTo(frame, FrameHeader.Size);
        return frame;
    }

    /// <summary>The next bytes must be those of the vector.</summary>
    public async Task ExpectAsync(string vector)
    {
        byte[] expected = Vector(vector);
        byte[] actual = new byte[expected.Length];
        await carrier.ReadExactlyAsync(actual, CancellationToken.None).AsTask().WaitAsync(s_bound);
        Assert.Equal(Convert.ToHexString(expected), Convert.ToHexString(actual));
    }

    public async Task<(FrameHeader Header, byte[] Payload)> ReadFrameAsync()
    {
        byte[] head = new byte[FrameHeader.Size];
        await carrier.ReadExactlyAsync(head, CancellationToken.None).AsTask().WaitAsync(s_bound);
        FrameHeader header = FrameHeader.Read(head);
        byte[] payload = new byte[header.Length];
        await carrier.ReadExactlyAsync(payload, CancellationToken.None).AsTask().WaitAsync(s_bound);
        return (header, payload);
    }

    /// <summary>Returns when the other end has handled everything sent so far.</summary>
    public async Task SettleAsync()
    {
        await SendAsync("ping");
        await ExpectAsync("pong");
    }

    public ValueTask DisposeAsync() => carrier.DisposeAsync();
}
