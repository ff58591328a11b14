using System.Net.Sockets;
using System.Text;

namespace Telelaunch.EndToEnd.Machine;

/// <summary>A page of the outside world, on port 80 of <see cref="OutsideWorld.Host"/>: the same for every path.</summary>
internal sealed class OutsideWebServer : IAsyncDisposable
{
    /// <summary>What the page says; nothing of the cluster does.</summary>
    public const string Text = "hello from outside the cluster";

    private static readonly byte[] Answer = Encoding.ASCII.GetBytes(
        $"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {Page.Length}\r\nConnection: close\r\n\r\n{Page}");

    private readonly StreamServer[] _servers;
    private int _answered;

    public OutsideWebServer(OutsideWorld outside) =>
        _servers = [.. new[] { OutsideWorld.Address4, OutsideWorld.Address6 }.Select(address => new StreamServer(outside.Listen(address, 80, ProtocolType.Tcp), ServeAsync))];

    /// <summary>How many requests were answered.</summary>
    public int Answered => Volatile.Read(ref _answered);

    private static string Page => $"<!doctype html>\n<title>outside</title>\n<p id=\"text\">{Text}</p>\n";

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers) await server.DisposeAsync();
    }

    private async Task ServeAsync(Socket connection, CancellationToken end)
    {
        var request = new byte[16 * 1024];
        var filled = 0;
        while (request.AsSpan(0, filled).IndexOf("\r\n\r\n"u8) < 0)
        {
            var count = await connection.ReceiveAsync(request.AsMemory(filled), end);
            if (count == 0) return;
            filled += count;
        }

        await connection.SendAsync(Answer, end);
        Interlocked.Increment(ref _answered);
        connection.Shutdown(SocketShutdown.Send);
        // Closing with something unread would be a reset, and the answer lost with it.
        while (await connection.ReceiveAsync(request, end) > 0) { }
    }
}
