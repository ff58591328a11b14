using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Telelaunch.Playground.Node.Network;

namespace Telelaunch.Playground.Tests.Node;

public sealed class ApiRelayTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task Cancellation_LeavesNoConnection()
    {
        using var stop = new CancellationTokenSource();
        using var server = Listen();
        using var listener = Listen();
        var running = ApiRelay.RunAsync(listener, (IPEndPoint)server.LocalEndPoint!, NullLogger.Instance, stop.Token);
        using var pod = await ConnectAsync(listener);
        using var api = await server.AcceptAsync().WaitAsync(Patience);

        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running.WaitAsync(Patience));

        // Both ends have seen it by now: nothing is waited for here.
        Assert.True(pod.Poll(TimeSpan.Zero, SelectMode.SelectRead));
        Assert.True(api.Poll(TimeSpan.Zero, SelectMode.SelectRead));
    }

    [Fact]
    public async Task ResetOfThePod_EndsTheServersConnectionToo()
    {
        using var stop = new CancellationTokenSource();
        using var server = Listen();
        using var listener = Listen();
        var running = ApiRelay.RunAsync(listener, (IPEndPoint)server.LocalEndPoint!, NullLogger.Instance, stop.Token);
        var pod = await ConnectAsync(listener);
        using var api = await server.AcceptAsync().WaitAsync(Patience);

        pod.LingerState = new(true, 0);
        pod.Dispose();

        // Nothing is sent by the server, so that only the end of the connection can end this.
        Assert.Equal(0, await api.ReceiveAsync(new byte[1]).WaitAsync(Patience));
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running.WaitAsync(Patience));
    }

    private static Socket Listen()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        socket.Listen();
        return socket;
    }

    private static async Task<Socket> ConnectAsync(Socket listener)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(listener.LocalEndPoint!);
        return socket;
    }
}
