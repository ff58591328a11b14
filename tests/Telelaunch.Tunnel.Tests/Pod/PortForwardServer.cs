using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Telelaunch.Tunnel.Tests.Pod;

/// <summary>The port-forward of an API server, as recorded: ports first, then the dial; no half-close; texts on the error channel.</summary>
internal sealed class PortForwardServer : IAsyncDisposable
{
    private const int FrameSize = 32 * 1024;
    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<HttpContext, byte> _forwards = [];
    private volatile TaskCompletionSource _flowing = Opened();
    private volatile bool _refusing;
    private int _opened;

    private PortForwardServer(WebApplication app) => _app = app;

    /// <summary>Port-forwards that were opened so far.</summary>
    public int OpenedForwards => Volatile.Read(ref _opened);

    /// <summary>Answers every upgrade with 503 while it is set.</summary>
    public bool Refusing { get => _refusing; set => _refusing = value; }

    private Uri Address => new(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());

    public static async Task<PortForwardServer> StartAsync(CancellationToken cancellationToken)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http1));
        WebApplication app = builder.Build();
        app.UseWebSockets(new WebSocketOptions { KeepAliveInterval = TimeSpan.Zero });
        var server = new PortForwardServer(app);
        app.MapGet("/portforward", server.ServeAsync);
        await app.StartAsync(cancellationToken);
        return server;
    }

    /// <summary>What the client has to open port-forwards with.</summary>
    public async Task<WebSocket> ConnectAsync(int podPort, CancellationToken cancellationToken)
    {
        var client = new ClientWebSocket();
        client.Options.AddSubProtocol("v4.channel.k8s.io");
        client.Options.KeepAliveInterval = TimeSpan.Zero;
        try
        {
            await client.ConnectAsync(new UriBuilder(Address) { Scheme = "ws", Path = "/portforward", Query = $"ports={podPort}" }.Uri, cancellationToken);
            return client;
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    /// <summary>Drops all connections without a word.</summary>
    public void AbortConnections()
    {
        foreach (HttpContext forward in _forwards.Keys)
        {
            try
            {
                forward.Abort();
            }
            catch (ObjectDisposedException)
            {
                // It ended by itself meanwhile.
            }
        }
    }

    /// <summary>From here on nothing gets through, either way, and nobody is told.</summary>
    public void OpenBlackHole() => _flowing = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public void CloseBlackHole() => _flowing.TrySetResult();

    public async ValueTask DisposeAsync()
    {
        CloseBlackHole();
        AbortConnections();
        await _app.DisposeAsync();
    }

    private static TaskCompletionSource Opened()
    {
        var open = new TaskCompletionSource();
        open.SetResult();
        return open;
    }

    private async Task ServeAsync(HttpContext context)
    {
        if (_refusing)
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            return;
        }

        int port = int.Parse(context.Request.Query["ports"]!, System.Globalization.CultureInfo.InvariantCulture);
        using WebSocket client = await context.WebSockets.AcceptWebSocketAsync("v4.channel.k8s.io");
        _forwards[context] = 0;
        Interlocked.Increment(ref _opened);
        try
        {
            await ForwardAsync(client, port, context.RequestAborted);
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or IOException or SocketException or ObjectDisposedException)
        {
            // Either side is gone.
        }
        finally
        {
            _forwards.TryRemove(context, out _);
        }
    }

    private async Task ForwardAsync(WebSocket client, int port, CancellationToken cancellationToken)
    {
        byte[] prefix = [(byte)port, (byte)(port >> 8)];
        await SendAsync(client, 0, prefix, cancellationToken);
        await SendAsync(client, 1, prefix, cancellationToken);
        using var target = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await target.ConnectAsync(IPAddress.Loopback, port, cancellationToken);
        }
        catch (SocketException)
        {
            string text = $"error forwarding port {port} to pod fa9f9f9e, uid : failed to execute portforward in network namespace: "
                + $"failed to connect to localhost:{port} inside namespace \"fa9f9f9e\", IPv4: dial tcp4 127.0.0.1:{port}: connect: connection refused";
            await SendAsync(client, 1, Encoding.UTF8.GetBytes(text), cancellationToken);
            await client.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, cancellationToken);
            return;
        }

        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task down = DownAsync(client, target, either.Token);
        Task up = UpAsync(client, target, either.Token);
        if (await Task.WhenAny(down, up) == up)
        {
            await either.CancelAsync();
            await Task.WhenAll(down, up);
        }
        else
        {
            await down;
            await client.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, cancellationToken);
            // What the client still sends is taken and lost, until it closes too.
            await up;
        }
    }

    private async Task DownAsync(WebSocket client, Socket target, CancellationToken cancellationToken)
    {
        var buffer = new byte[FrameSize];
        int count;
        while ((count = await target.ReceiveAsync(buffer, cancellationToken)) > 0)
        {
            await _flowing.Task.WaitAsync(cancellationToken);
            await SendAsync(client, 0, buffer.AsMemory(0, count), cancellationToken);
        }
    }

    private async Task UpAsync(WebSocket client, Socket target, CancellationToken cancellationToken)
    {
        var buffer = new byte[1024 * 1024];
        while (true)
        {
            ValueWebSocketReceiveResult message = await client.ReceiveAsync(buffer.AsMemory(), cancellationToken);
            await _flowing.Task.WaitAsync(cancellationToken);
            if (message.MessageType == WebSocketMessageType.Close)
                return;
            // A fragment would be taken for a message of its own: its first byte for a channel.
            if (message.Count < 1 || buffer[0] != 0)
                continue;
            for (int sent = 1; sent < message.Count;)
                sent += await target.SendAsync(buffer.AsMemory(sent, message.Count - sent), cancellationToken);
        }
    }

    private static async Task SendAsync(WebSocket client, byte channel, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        var message = new byte[bytes.Length + 1];
        message[0] = channel;
        bytes.CopyTo(message.AsMemory(1));
        await client.SendAsync(message.AsMemory(), WebSocketMessageType.Binary, endOfMessage: true, cancellationToken);
    }
}
