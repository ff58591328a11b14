using System.Net.Sockets;
using System.Text;
using Telelaunch.Tunnel.PortForward;
using Telelaunch.Tunnel.Ssh;
using Telelaunch.Tunnel.Tests.PortForward;

namespace Telelaunch.Tunnel.Tests.Ssh;

public class LoopbackBridgeTests
{
    private readonly CancellationToken _token = new CancellationTokenSource(TimeSpan.FromSeconds(60)).Token;

    [Fact]
    public async Task StrangerIsHungUpOn_TheOneWhoKnowsThePasswordIsServed()
    {
        using WebSocketPair pair = await WebSocketPair.ConnectAsync(_token);
        await using var bridge = new LoopbackBridge(new PortForwardStream(pair.Client, 22, TimeProvider.System));
        await pair.SendPortFramesAsync(22, _token);
        await pair.SendAsync(0, "SSH-2.0-test\r\n"u8, _token);
        var buffer = new byte[100];

        using Socket stranger = await ConnectAsync(bridge, "wrong");
        Assert.Equal(0, await stranger.ReceiveAsync(buffer, _token));

        using Socket ours = await ConnectAsync(bridge, bridge.Password);
        int length = 0;
        while (!Encoding.ASCII.GetString(buffer, 0, length).EndsWith("SSH-2.0-test\r\n", StringComparison.Ordinal))
            length += await ours.ReceiveAsync(buffer.AsMemory(length), _token);
        Assert.StartsWith("HTTP/1.0 200", Encoding.ASCII.GetString(buffer, 0, length), StringComparison.Ordinal);
        Assert.Null(bridge.ForeignGreeting);
    }

    [Fact]
    public async Task AfterThePeerCame_NobodyElseCanConnect()
    {
        using WebSocketPair pair = await WebSocketPair.ConnectAsync(_token);
        await using var bridge = new LoopbackBridge(new PortForwardStream(pair.Client, 22, TimeProvider.System));
        using Socket ours = await ConnectAsync(bridge, bridge.Password);
        Assert.NotEqual(0, await ours.ReceiveAsync(new byte[100], _token));

        await Assert.ThrowsAsync<SocketException>(() => ConnectAsync(bridge, bridge.Password));
    }

    private async Task<Socket> ConnectAsync(LoopbackBridge bridge, string password)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(bridge.EndPoint, _token);
        string credentials = Convert.ToBase64String(Encoding.ASCII.GetBytes($"{LoopbackBridge.UserName}:{password}"));
        await socket.SendAsync(Encoding.ASCII.GetBytes($"CONNECT sshd:22 HTTP/1.0\r\nProxy-Authorization: Basic {credentials}\r\n\r\n"), _token);
        return socket;
    }
}
