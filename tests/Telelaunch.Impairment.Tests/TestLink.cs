using System.Net;
using System.Net.Sockets;

namespace Telelaunch.Impairment.Tests;

/// <summary>A link before a listener of the test, and sockets through it.</summary>
internal sealed class TestLink : IDisposable
{
    /// <summary>Only stops a test that hangs.</summary>
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);

    private readonly Socket _server = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly List<Socket> _sockets = [];

    public TestLink(TimeSpan distance = default)
    {
        _server.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _server.Listen();
        Link = ImpairedLink.Start(_server.LocalEndPoint!, distance);
    }

    public ImpairedLink Link { get; }

    public async Task<Socket> ConnectAsync()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _sockets.Add(socket);
        await socket.ConnectAsync(Link.Endpoint).WaitAsync(Bound);
        return socket;
    }

    /// <summary>A connection through the link: the client's socket and the server's.</summary>
    public async Task<(Socket Client, Socket Server)> PairAsync()
    {
        Socket client = await ConnectAsync();
        return (client, await AcceptAsync());
    }

    public async Task<Socket> AcceptAsync()
    {
        Socket socket = await _server.AcceptAsync().WaitAsync(Bound);
        _sockets.Add(socket);
        return socket;
    }

    /// <summary>Reads until <paramref name="count"/> bytes are there; fewer where FIN came before.</summary>
    public static async Task<byte[]> ReadAsync(Socket socket, int count)
    {
        var bytes = new byte[count];
        int filled = 0;
        while (filled < count)
        {
            int read = await socket.ReceiveAsync(bytes.AsMemory(filled)).AsTask().WaitAsync(Bound);
            if (read == 0)
                break;
            filled += read;
        }

        return bytes[..filled];
    }

    public static async Task SendAsync(Socket socket, ReadOnlyMemory<byte> bytes)
    {
        while (bytes.Length > 0)
            bytes = bytes[await socket.SendAsync(bytes).AsTask().WaitAsync(Bound)..];
    }

    public static async Task<SocketError> ReadErrorAsync(Socket socket) =>
        (await Assert.ThrowsAsync<SocketException>(() => ReadAsync(socket, 1))).SocketErrorCode;

    public void Dispose()
    {
        Link.Dispose();
        _server.Dispose();
        foreach (Socket socket in _sockets)
            socket.Dispose();
    }
}
