using System.Net;
using System.Net.Sockets;
using System.Text;

// An ordinary .NET program for tests to run under the shim: MODE ADDRESS PORT. One line of output: "ok PEER" or "error NAME ERRNO".
IPAddress address = IPAddress.Parse(args[1]);
int port = int.Parse(args[2], System.Globalization.CultureInfo.InvariantCulture);
try
{
    using Socket socket = await ConnectAsync(args[0], new IPEndPoint(address, port));
    Console.WriteLine($"ok {socket.RemoteEndPoint}");
    socket.Send(Encoding.ASCII.GetBytes("hello"));
    socket.Shutdown(SocketShutdown.Send);
    byte[] buffer = new byte[64];
    int total = 0;
    for (int count = -1; count != 0; total += count)
        count = socket.Receive(buffer, total, buffer.Length - total, SocketFlags.None);
    Console.WriteLine(Encoding.ASCII.GetString(buffer, 0, total));
}
catch (SocketException error)
{
    Console.WriteLine($"error {error.SocketErrorCode} {error.NativeErrorCode}");
}

static async Task<Socket> ConnectAsync(string mode, IPEndPoint destination)
{
    switch (mode)
    {
        case "sync":
            {
                var socket = new Socket(destination.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
                socket.Connect(destination);
                return socket;
            }

        case "async":
            {
                var socket = new Socket(destination.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(destination);
                return socket;
            }

        case "dual-sync":
            {
                // What HttpClient and TcpClient open: AF_INET6 in dual mode, connected to ::ffff:a.b.c.d.
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
                socket.Connect(destination);
                return socket;
            }

        case "dual-async":
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(destination);
                return socket;
            }

        default:
            throw new ArgumentException($"unknown mode {mode}");
    }
}
