using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Telelaunch.Cluster.Tests;

/// <summary>An HTTP proxy that knows CONNECT only, and keeps what it was asked to connect to.</summary>
internal sealed class TestConnectProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;
    private readonly string? _refusal;
    private readonly X509Certificate2? _certificate;

    /// <param name="refusal">A status line to answer with instead of connecting.</param>
    /// <param name="certificate">Makes it an https:// proxy.</param>
    public TestConnectProxy(string? refusal = null, X509Certificate2? certificate = null)
    {
        _refusal = refusal;
        _certificate = certificate;
        _listener.Start();
        _running = RunAsync();
    }

    /// <summary>The heads of the requests.</summary>
    public ConcurrentQueue<string> Asked { get; } = new();

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        // Not before: a listener that is stopped between two accepts refuses the next by an exception of its own.
        _listener.Stop();
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true)
                connections.Add(ServeToItsEndAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task ServeToItsEndAsync(TcpClient client)
    {
        try
        {
            await ServeAsync(client);
        }
        catch (Exception error) when (error is OperationCanceledException or IOException or AuthenticationException)
        {
            // The client doesn't trust us or has gone, or the test is over.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            Stream app = client.GetStream();
            if (_certificate is not null)
            {
                var tls = new SslStream(app);
                await tls.AuthenticateAsServerAsync(_certificate);
                app = tls;
            }

            var head = new StringBuilder();
            var one = new byte[1];
            while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal) && await app.ReadAsync(one, _stop.Token) == 1)
                head.Append((char)one[0]);
            if (head.Length == 0)
                return;
            Asked.Enqueue(head.ToString());
            var target = head.ToString().Split(' ')[1].Split(':');
            using var server = new TcpClient();
            if (_refusal is null)
                await server.ConnectAsync(target[0], int.Parse(target[1]), _stop.Token);
            await app.WriteAsync(Encoding.ASCII.GetBytes((_refusal ?? "HTTP/1.1 200 Connection established") + "\r\n\r\n"), _stop.Token);
            if (_refusal is not null)
                return;
            await Task.WhenAny(app.CopyToAsync(server.GetStream(), _stop.Token), server.GetStream().CopyToAsync(app, _stop.Token));
        }
    }
}
