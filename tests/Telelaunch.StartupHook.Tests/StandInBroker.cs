using System.Net.Sockets;
using System.Text;

namespace Telelaunch.StartupHook.Tests;

/// <summary>The control socket of a session, as the broker would listen on it.</summary>
internal sealed class StandInBroker : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Seqpacket, ProtocolType.Unspecified);

    /// <param name="backlog">How many may wait; what is beyond them gets EAGAIN.</param>
    public StandInBroker(int backlog = 64)
    {
        SessionPath = Directory.CreateTempSubdirectory("tl").FullName;
        _listener.Bind(new UnixDomainSocketEndPoint(Path.Combine(SessionPath, "control")));
        _listener.Listen(backlog);
    }

    public string SessionPath { get; }

    /// <summary>The next packet, its head included.</summary>
    public async Task<byte[]> ReceiveAsync()
    {
        using Socket peer = await _listener.AcceptAsync().WaitAsync(HookedRun.Patience);
        byte[] packet = new byte[65_537];
        int length = await peer.ReceiveAsync(packet).WaitAsync(HookedRun.Patience);
        return packet[..length];
    }

    /// <summary>The lines of all packets that have come by now, each taken apart: all there are of an application that has ended.</summary>
    public async Task<List<string[]>> TakeLinesAsync()
    {
        List<string[]> lines = [];
        while (_listener.Poll(0, SelectMode.SelectRead))
        {
            byte[] packet = await ReceiveAsync();
            Assert.Equal([1, 9, 0, 0], packet[..4]);
            Assert.Equal((byte)'\n', packet[^1]);
            lines.AddRange(Encoding.UTF8.GetString(packet.AsSpan(4)).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('\t')));
        }

        return lines;
    }

    /// <summary>Of a HELLO: the runtime and the application that it names.</summary>
    public static string[] HelloTexts(byte[] packet)
    {
        Assert.Equal([1, 8, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], packet[..16]);
        return Encoding.UTF8.GetString(packet.AsSpan(16)).Split('\0');
    }

    public void Dispose()
    {
        _listener.Dispose();
        Directory.Delete(SessionPath, recursive: true);
    }
}
