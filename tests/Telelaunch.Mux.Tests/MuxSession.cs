using System.Collections.Concurrent;
using System.Net;
using System.Threading.Channels;

using Telelaunch.Net;

namespace Telelaunch.Mux.Tests;

/// <summary>A client and an agent's end over one carrier, with a pod that a test scripts.</summary>
internal sealed class MuxSession : IAsyncDisposable
{
    public static readonly byte[] Secret = [.. Enumerable.Range(1, 32).Select(i => (byte)i)];

    public static readonly PodDescription Pod = new(
        "hello-0", [IPAddress.Parse("10.244.0.7"), IPAddress.Parse("fd00::7")], [IPAddress.Parse("10.96.0.10")], ["default.svc.cluster.local", "svc.cluster.local"], 5, "0.1.0");

    private MuxSession(MuxClient client, MuxServer server, FakePod pod)
    {
        Client = client;
        Server = server;
        FakePod = pod;
    }

    public MuxClient Client { get; }

    public MuxServer Server { get; }

    public FakePod FakePod { get; }

    public static async Task<MuxSession> StartAsync(bool overTcp = false, MuxOptions? clientOptions = null, MuxOptions? serverOptions = null)
    {
        (Stream client, Stream agent) = overTcp ? await CarrierPair.OverTcpAsync() : CarrierPair.InMemory();
        var pod = new FakePod();
        Task<MuxServer> accepting = MuxServer.AcceptAsync(agent, Secret, pod.Services, serverOptions ?? new(), CancellationToken.None);
        MuxClient connected = await MuxClient.ConnectAsync(client, Secret, clientOptions ?? new(), CancellationToken.None);
        return new(connected, await accepting, pod);
    }

    /// <summary>Opens a flow; returns its client end and the stream that the pod's dial gave.</summary>
    public async Task<(DuplexStream Client, DuplexStream Target)> OpenAsync(byte[]? firstData = null)
    {
        DialResult result = await Client.DialAsync(FakePod.Live, firstData, CancellationToken.None);
        Assert.Equal(0, result.Errno);
        return (result.Stream!, await FakePod.NextTargetAsync());
    }

    public async ValueTask DisposeAsync()
    {
        await Client.DisposeAsync();
        await Server.DisposeAsync();
        Assert.Empty(FakePod.Faults);
    }
}

/// <summary>What the agent would reach: destinations are answered by socket pairs, by errno, or never.</summary>
internal sealed class FakePod : IPodResolver
{
    public static readonly IPEndPoint Live = new(IPAddress.Parse("10.96.0.20"), 80);
    public static readonly IPEndPoint Refusing = new(IPAddress.Parse("10.96.0.21"), 80);
    public static readonly IPEndPoint Silent = new(IPAddress.Parse("10.96.0.22"), 80);
    public static readonly IPEndPoint Broken = new(IPAddress.Parse("10.96.0.23"), 80);
    public static readonly IPEndPoint PodEnd = new(IPAddress.Parse("10.244.0.7"), 45_678);

    // A stream that a test lets go of may be collected, and its socket closed by RST, while its bytes are still on the way.
    private readonly System.Collections.Concurrent.ConcurrentBag<DuplexStream> _kept = [];

    private readonly Channel<DuplexStream> _targets = Channel.CreateUnbounded<DuplexStream>();

    public FakePod() => Services = new(DialAsync, this, () => MuxSession.Pod, ListenAsync, () => Environment ?? throw new IOException("A defect."));

    public PodServices Services { get; }

    public ConcurrentQueue<Exception> Faults { get; } = new();

    /// <summary>Ends when a dial to <see cref="Silent"/> was given up.</summary>
    public TaskCompletionSource SilentDialCancelled { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Held dials go on when this ends.</summary>
    public Task DialGate { get; set; } = Task.CompletedTask;

    /// <summary>Null: it can't be read.</summary>
    public byte[]? Environment { get; set; } = [.. "A=1\0B="u8, 0xff, 0];

    public FakeListener Listener { get; } = new();

    public ValueTask<DuplexStream> NextTargetAsync() => _targets.Reader.ReadAsync();

    public ValueTask<AddressLookup> LookUpAddressesAsync(string hostName, AddressFamilies families, CancellationToken cancellationToken)
        => ValueTask.FromResult(hostName == "hello"
            ? new AddressLookup(LookupStatus.Found, [IPAddress.Parse("10.96.0.20"), IPAddress.Parse("fd00::20")], "hello.default.svc.cluster.local", TimeSpan.FromSeconds(5))
            : AddressLookup.Failed(LookupStatus.NoName, TimeSpan.FromSeconds(30)));

    public ValueTask<NameLookupResult> LookUpNamesAsync(IPAddress address, CancellationToken cancellationToken)
        => ValueTask.FromResult(new NameLookupResult(LookupStatus.Found, ["a.example", "b.example"], TimeSpan.FromSeconds(7)));

    public ValueTask<ReadOnlyMemory<byte>> QueryAsync(ReadOnlyMemory<byte> query, CancellationToken cancellationToken)
        => ValueTask.FromResult<ReadOnlyMemory<byte>>(query.ToArray().Reverse().ToArray());

    private async ValueTask<DialResult> DialAsync(IPEndPoint destination, CancellationToken cancellationToken)
    {
        await DialGate;
        if (destination.Equals(Refusing))
            return DialResult.Failed(Errno.ECONNREFUSED);
        if (destination.Equals(Broken))
            throw new InvalidOperationException("A defect.");
        if (destination.Equals(Silent))
        {
            try
            {
                await Task.Delay(Timeout.Infinite, cancellationToken);
            }
            catch (OperationCanceledException)
            {
                SilentDialCancelled.SetResult();
                throw;
            }
        }

        (System.Net.Sockets.Socket near, System.Net.Sockets.Socket far) = await SocketPair.ConnectAsync();
        var target = new SocketDuplexStream(far);
        _kept.Add(target);
        await _targets.Writer.WriteAsync(target, cancellationToken);
        return DialResult.Connected(new SocketDuplexStream(near), PodEnd);
    }

    private ValueTask<ListenResult> ListenAsync(IPEndPoint podEndPoint, CancellationToken cancellationToken)
        => ValueTask.FromResult(podEndPoint.Port == 22 ? ListenResult.Failed(Errno.EADDRINUSE) : ListenResult.Listening(Listener));
}

/// <summary>A listener whose connections a test makes.</summary>
internal sealed class FakeListener : FlowListener
{
    private readonly Channel<AcceptedFlow> _accepted = Channel.CreateUnbounded<AcceptedFlow>();

    // As with the targets of dials.
    private readonly System.Collections.Concurrent.ConcurrentBag<DuplexStream> _kept = [];

    public override IPEndPoint PodEndPoint { get; } = new(IPAddress.Any, 8080);

    public TaskCompletionSource Disposed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Accepting fails from now on.</summary>
    public void Break() => _accepted.Writer.Complete(new IOException("broken"));

    /// <summary>Somebody connects; returns the caller's end.</summary>
    public async Task<DuplexStream> ConnectAsync(IPEndPoint caller)
    {
        (System.Net.Sockets.Socket near, System.Net.Sockets.Socket far) = await SocketPair.ConnectAsync();
        await _accepted.Writer.WriteAsync(new(new SocketDuplexStream(near), caller));
        var callersEnd = new SocketDuplexStream(far);
        _kept.Add(callersEnd);
        return callersEnd;
    }

    public override async ValueTask<AcceptedFlow> AcceptAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _accepted.Reader.ReadAsync(cancellationToken);
        }
        catch (ChannelClosedException error)
        {
            throw error.InnerException!;
        }
    }

    public override ValueTask DisposeAsync()
    {
        Disposed.TrySetResult();
        return ValueTask.CompletedTask;
    }
}
