using System.Net.Sockets;
using System.Text;

namespace Telelaunch.Bench.Routes.Vpn;

/// <summary>Where a program says that it is ready, as it would to systemd: sd_notify(3).</summary>
internal sealed class ReadinessSocket : IDisposable
{
    /// <summary>Of the environment: tells the program where.</summary>
    public const string Variable = "NOTIFY_SOCKET";

    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);

    /// <param name="directory">One that the program sees too.</param>
    public ReadinessSocket(string directory)
    {
        Path = System.IO.Path.Combine(directory, System.IO.Path.GetRandomFileName());
        _socket.Bind(new UnixDomainSocketEndPoint(Path));
    }

    public string Path { get; }

    /// <summary>Waits for it.</summary>
    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[4096];
        int count;
        do
            count = await _socket.ReceiveAsync(buffer, cancellationToken);
        while (!Encoding.UTF8.GetString(buffer, 0, count).Split('\n').Contains("READY=1"));
    }

    public void Dispose()
    {
        _socket.Dispose();
        File.Delete(Path);
    }
}
