using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Telelaunch.StartupHook.Tests;

/// <summary>An HTTP server on a port of its own that says hello to every request, however many come over a connection.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    private static readonly byte[] Answer = Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _accepting;

    public TestServer()
    {
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public string Uri => $"http://localhost:{Port}";

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        List<Task> serving = [];
        try
        {
            while (true)
                serving.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(serving);
        }
    }

    private async Task ServeAsync(TcpClient caller)
    {
        try
        {
            using (caller)
            using (var reader = new StreamReader(caller.GetStream()))
            {
                while (await reader.ReadLineAsync(_stop.Token) is { } line)
                {
                    if (line.Length == 0)
                        await caller.GetStream().WriteAsync(Answer, _stop.Token);
                }
            }
        }
        catch (Exception error) when (error is OperationCanceledException or IOException)
        {
            // The caller went away, or the test is over.
        }
    }
}
