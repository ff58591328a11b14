using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Telelaunch.Mux;
using Telelaunch.Net;
using Telelaunch.Tunnel.Tests.Pod;

namespace Telelaunch.Tunnel.Tests;

public class TunnelListenTests
{
    private static readonly IPEndPoint s_podEndPoint = new(IPAddress.IPv6Any, 8080);

    private readonly CancellationToken _token = new CancellationTokenSource(TimeSpan.FromSeconds(120)).Token;
    private readonly Channel<int> _changes = Channel.CreateUnbounded<int>();

    [Theory]
    [InlineData(CarrierKind.Direct)]
    [InlineData(CarrierKind.Ssh)]
    public async Task ConnectionCut_ResetsCallers_AndThePortComesBackByItself(CarrierKind carrier)
    {
        await using TestPod pod = await TestPod.StartAsync(_token);
        var podPort = new PodPort();
        pod.Agent.Listen = podPort.ListenAsync;
        await using Tunnel tunnel = await pod.OpenAsync(pod.Options(carrier), _token);
        await using var server = new PodTarget(PodTarget.EchoAsync);
        PodListenResult listen = await tunnel.ListenAsync(s_podEndPoint, (_, token) => DialAsync(server.EndPoint, token), Changed, _token);
        Assert.Equal(0, listen.Errno);
        using Socket first = await podPort.CallAsync(_token);
        await EchoesAsync(first);

        pod.Server.AbortConnections();

        Assert.Equal(Errno.ECONNRESET, await _changes.Reader.ReadAsync(_token));
        SocketException reset = await Assert.ThrowsAsync<SocketException>(async () => await first.ReceiveAsync(new byte[1], _token));
        Assert.Equal(SocketError.ConnectionReset, reset.SocketErrorCode);
        Assert.Equal(0, await _changes.Reader.ReadAsync(_token));
        using Socket second = await podPort.CallAsync(_token);
        await EchoesAsync(second);

        await listen.Listener!.DisposeAsync();
        await podPort.Closed.WaitAsync(_token);
        // What came before goes on.
        await EchoesAsync(second);
    }

    [Fact]
    public async Task PortThatIsTakenMeanwhile_IsTold_AndAskedForAgain()
    {
        await using TestPod pod = await TestPod.StartAsync(_token);
        var podPort = new PodPort();
        pod.Agent.Listen = podPort.ListenAsync;
        await using Tunnel tunnel = await pod.OpenAsync(pod.Options(CarrierKind.Direct), _token);
        PodListenResult listen = await tunnel.ListenAsync(s_podEndPoint, (_, _) => throw new InvalidOperationException(), Changed, _token);
        podPort.Errno = Errno.EADDRINUSE;

        pod.Server.AbortConnections();

        Assert.Equal(Errno.ECONNRESET, await _changes.Reader.ReadAsync(_token));
        Assert.Equal(Errno.EADDRINUSE, await _changes.Reader.ReadAsync(_token));
        podPort.Errno = 0;
        Assert.Equal(0, await _changes.Reader.ReadAsync(_token));
        await listen.Listener!.DisposeAsync();
    }

    [Fact]
    public async Task PodThatRefuses_GivesItsErrno()
    {
        await using TestPod pod = await TestPod.StartAsync(_token);
        await using Tunnel tunnel = await pod.OpenAsync(pod.Options(CarrierKind.Direct), _token);

        PodListenResult listen = await tunnel.ListenAsync(s_podEndPoint, (_, _) => throw new InvalidOperationException(), Changed, _token);

        Assert.Equal((null, Errno.EACCES), (listen.Listener, listen.Errno));
    }

    [Fact]
    public async Task LostForGood_TheListenerEndsQuietly()
    {
        await using TestPod pod = await TestPod.StartAsync(_token);
        pod.Agent.Listen = new PodPort().ListenAsync;
        Tunnel tunnel = await pod.OpenAsync(pod.Options(CarrierKind.Direct), _token);
        PodListenResult listen = await tunnel.ListenAsync(s_podEndPoint, (_, _) => throw new InvalidOperationException(), Changed, _token);

        await tunnel.DisposeAsync();

        Assert.Equal(Errno.ECONNRESET, await _changes.Reader.ReadAsync(_token));
        await listen.Listener!.DisposeAsync();
    }

    private void Changed(int errno) => _changes.Writer.TryWrite(errno);

    private static async ValueTask<DialResult> DialAsync(IPEndPoint host, CancellationToken cancellationToken)
    {
        var socket = new Socket(host.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(host, cancellationToken);
        return DialResult.Connected(new SocketDuplexStream(socket));
    }

    private async Task EchoesAsync(Socket caller)
    {
        await caller.SendAsync("x"u8.ToArray(), _token);
        Assert.Equal(1, await caller.ReceiveAsync(new byte[1], _token));
    }

    /// <summary>A port of the pod whose callers a test makes; a newer request takes it over, as the agent does.</summary>
    private sealed class PodPort
    {
        private volatile Channel<Socket>? _callers;
        private volatile TaskCompletionSource? _closed;

        public int Errno { get; set; }

        /// <summary>Ends when the listener of this moment is closed.</summary>
        public Task Closed => _closed!.Task;

        public ValueTask<ListenResult> ListenAsync(IPEndPoint podEndPoint, CancellationToken cancellationToken)
        {
            if (Errno != 0)
                return ValueTask.FromResult(ListenResult.Failed(Errno));
            _callers = Channel.CreateUnbounded<Socket>();
            _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
            return ValueTask.FromResult(ListenResult.Listening(new Listener(podEndPoint, _callers.Reader, _closed)));
        }

        public async Task<Socket> CallAsync(CancellationToken cancellationToken)
        {
            using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            listener.Listen(1);
            var caller = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            await caller.ConnectAsync(listener.LocalEndPoint!, cancellationToken);
            await _callers!.Writer.WriteAsync(await listener.AcceptAsync(cancellationToken), cancellationToken);
            return caller;
        }

        private sealed class Listener(IPEndPoint podEndPoint, ChannelReader<Socket> callers, TaskCompletionSource closed) : FlowListener
        {
            public override IPEndPoint PodEndPoint => podEndPoint;

            public override async ValueTask<AcceptedFlow> AcceptAsync(CancellationToken cancellationToken)
            {
                Socket accepted = await callers.ReadAsync(cancellationToken);
                return new(new SocketDuplexStream(accepted), (IPEndPoint)accepted.RemoteEndPoint!);
            }

            public override ValueTask DisposeAsync()
            {
                closed.TrySetResult();
                return ValueTask.CompletedTask;
            }
        }
    }
}
