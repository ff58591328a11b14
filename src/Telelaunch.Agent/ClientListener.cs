using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

using Telelaunch.Agent.Ssh;
using Telelaunch.Mux;
using Telelaunch.Net;

namespace Telelaunch.Agent;

/// <summary>Accepts carriers on 127.0.0.1 and from sshd, serves the authenticated ones, and knows since when there has been none.</summary>
internal sealed class ClientListener : IAsyncDisposable
{
    private const int Backlog = 4096;

    // Handshakes of strangers: other containers share the pod's loopback. Each costs some kilobytes; the client's own takes one way there and back.
    private const int MaxHandshakes = 2048;

    // Without descriptors accept(2) fails at once, again and again, until a connection has ended.
    private static readonly TimeSpan s_acceptPause = TimeSpan.FromMilliseconds(10);

    private readonly Socket _socket;
    private readonly PodServices _services;
    private readonly MuxOptions _options;
    private readonly byte[] _secret;
    private readonly ConcurrentDictionary<MuxServer, Task> _servers = new();
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stop = new();

    // Strangers reach the port alone: whoever comes through sshd has a place of its own.
    private readonly PendingHandshakes _handshakes = new(MaxHandshakes);
    private readonly PendingHandshakes _logins = new(MaxHandshakes);
    private readonly OpenTasks _opening = new();
    private long _idleSince;

    /// <exception cref="HostException">The port is taken, or the secret isn't one.</exception>
    public ClientListener(AgentSettings settings, PodServices services, MuxOptions options)
    {
        _services = services;
        _options = options;
        _secret = ReadSecret(settings.SessionDirectory);
        _idleSince = options.TimeProvider.GetTimestamp();
        _socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            _socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            _socket.Bind(new IPEndPoint(IPAddress.Loopback, settings.AgentPort));
            _socket.Listen(Backlog);
        }
        catch (SocketException error)
        {
            _socket.Dispose();
            throw new HostException(
                "agent-port-taken", $"127.0.0.1:{settings.AgentPort} can't be listened on: {Errno.NameOf(Errno.Of(error))}.",
                "Choose another port: TELELAUNCH_AGENT_PORT.", error);
        }
    }

    /// <summary>For how long no client has been connected; zero while one is.</summary>
    public TimeSpan IdleFor
    {
        get
        {
            lock (_gate)
                return _servers.IsEmpty ? _options.TimeProvider.GetElapsedTime(_idleSince) : TimeSpan.Zero;
        }
    }

    /// <summary>Accepts until cancelled.</summary>
    public async Task RunAsync(LoginListener logins, CancellationToken cancellationToken)
    {
        try
        {
            await Task.WhenAll(
                AcceptAsync(AcceptSocketAsync, _handshakes, cancellationToken), AcceptAsync(logins.AcceptAsync, _logins, cancellationToken));
        }
        finally
        {
            await _stop.CancelAsync();
            await _opening.WhenAllAsync();
        }
    }

    /// <summary>Tells every client why the agent ends, and closes the carriers.</summary>
    public async Task GoAwayAsync(string reason)
    {
        await Task.WhenAll(_servers.Keys.Select(server => server.GoAwayAsync(reason).AsTask()));
        await Task.WhenAll(_servers.Values);
    }

    public async ValueTask DisposeAsync()
    {
        _socket.Dispose();
        await _stop.CancelAsync();
        _stop.Dispose();
    }

    private async Task AcceptAsync(Func<CancellationToken, Task<Stream>> accept, PendingHandshakes handshakes, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                Stream carrier = await accept(cancellationToken);
                _opening.Run(() => OpenAsync(carrier, handshakes));
            }
            catch (SocketException error)
            {
                // ECONNABORTED, or no descriptors left: a stranger's connections go before the client's has to wait.
                AgentLog.Write($"a connection could not be accepted: {Errno.NameOf(Errno.Of(error))}");
                _handshakes.PushOutOldest();
                await Task.Delay(s_acceptPause, _options.TimeProvider, cancellationToken);
            }
        }
    }

    private async Task<Stream> AcceptSocketAsync(CancellationToken cancellationToken)
    {
        Socket carrier = await _socket.AcceptAsync(cancellationToken);
        carrier.NoDelay = true;
        return new NetworkStream(carrier, ownsSocket: true);
    }

    private async Task OpenAsync(Stream carrier, PendingHandshakes handshakes)
    {
        using var pushedOut = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        // Before anything is awaited, so that connections stand in the order in which they came.
        PendingHandshakes.Place place = handshakes.Enter(pushedOut);
        try
        {
            MuxServer server = await MuxServer.AcceptAsync(carrier, _secret, _services, _options, pushedOut.Token);
            var added = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            lock (_gate)
                _servers[server] = ServeAsync(server, added.Task);
            added.SetResult();
        }
        catch (TunnelException error)
        {
            AgentLog.Write(error);
        }
        catch (SocketException)
        {
            // Reset before it could be set up.
            carrier.Dispose();
        }
        catch (OperationCanceledException)
        {
            // The agent ends, or newer connections have pushed this one out.
        }
        finally
        {
            handshakes.Leave(place);
        }
    }

    private async Task ServeAsync(MuxServer server, Task added)
    {
        await added;
        AgentLog.Write($"a client is connected, {_servers.Count} carriers");
        CarrierEnd end = await server.Completion;
        await server.DisposeAsync();
        lock (_gate)
        {
            _servers.TryRemove(server, out _);
            _idleSince = _options.TimeProvider.GetTimestamp();
        }

        AgentLog.Write($"a carrier ended: {end.Kind}: {end.Detail} {_servers.Count} carriers are left");
    }

    private static byte[] ReadSecret(string directory)
    {
        try
        {
            byte[] secret = File.ReadAllBytes(Path.Combine(directory, "secret"));
            if (secret.Length == 32)
                return secret;
            throw new HostException("session-files", $"The session's secret has {secret.Length} bytes, not 32.", "Put 32 random bytes under the key 'secret'.");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new HostException(
                "session-files", $"The session's secret can't be read: {error.Message}",
                "Mount the session's Secret at TELELAUNCH_SESSION_DIR, readable by the pod's fsGroup.", error);
        }
    }
}
