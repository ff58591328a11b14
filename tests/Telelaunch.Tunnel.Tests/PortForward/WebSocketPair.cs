using System.Net.Sockets;
using System.Net.WebSockets;

namespace Telelaunch.Tunnel.Tests.PortForward;

/// <summary>A client and a server WebSocket over one loopback TCP connection, handshake left out.</summary>
internal sealed class WebSocketPair : IDisposable
{
    private WebSocketPair(Socket clientSocket, Socket serverSocket)
    {
        ServerSocket = serverSocket;
        ClientStream = new GatedStream(new NetworkStream(clientSocket, ownsSocket: true));
        Client = WebSocket.CreateFromStream(ClientStream, new WebSocketCreationOptions());
        Server = WebSocket.CreateFromStream(new NetworkStream(serverSocket, ownsSocket: true), new WebSocketCreationOptions { IsServer = true });
    }

    public WebSocket Client { get; }

    /// <summary>What the client's socket writes to.</summary>
    public GatedStream ClientStream { get; }

    public WebSocket Server { get; }

    public Socket ServerSocket { get; }

    public static async Task<WebSocketPair> ConnectAsync(CancellationToken cancellationToken)
    {
        (Socket near, Socket far) = await SocketPair.ConnectAsync(cancellationToken);
        return new WebSocketPair(near, far);
    }

    public Task SendAsync(byte channel, ReadOnlySpan<byte> bytes, CancellationToken cancellationToken, bool endOfMessage = true)
    {
        byte[] message = [channel, .. bytes];
        return Server.SendAsync(message.AsMemory(), WebSocketMessageType.Binary, endOfMessage, cancellationToken).AsTask();
    }

    /// <summary>The two messages with which every port-forward begins.</summary>
    public async Task SendPortFramesAsync(int port, CancellationToken cancellationToken)
    {
        byte[] prefix = [(byte)port, (byte)(port >> 8)];
        await SendAsync(0, prefix, cancellationToken);
        await SendAsync(1, prefix, cancellationToken);
    }

    public void Dispose()
    {
        Client.Dispose();
        Server.Dispose();
    }
}
