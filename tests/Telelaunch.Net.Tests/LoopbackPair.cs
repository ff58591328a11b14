using System.Net;
using System.Net.Sockets;

namespace Telelaunch.Net.Tests;

/// <summary>Two ends of a TCP connection over loopback.</summary>
internal sealed class LoopbackPair : IDisposable
{
    private LoopbackPair(Socket near, Socket far)
    {
        Near = near;
        Far = far;
    }

    public Socket Near { get; }

    public Socket Far { get; }

    public static async Task<LoopbackPair> ConnectAsync(int? bufferSize = null)
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        if (bufferSize is int size)
            listener.ReceiveBufferSize = size;
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(1);
        var near = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        if (bufferSize is int sendSize)
            near.SendBufferSize = sendSize;
        Task<Socket> accepted = listener.AcceptAsync();
        await near.ConnectAsync(listener.LocalEndPoint!);
        return new LoopbackPair(near, await accepted);
    }

    /// <summary>Ends the socket with RST.</summary>
    public static void Reset(Socket socket)
    {
        socket.LingerState = new LingerOption(true, 0);
        socket.Close(0);
    }

    public void Dispose()
    {
        Near.Dispose();
        Far.Dispose();
    }
}
