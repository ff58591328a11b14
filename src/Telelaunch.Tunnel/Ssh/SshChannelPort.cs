using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Renci.SshNet;

namespace Telelaunch.Tunnel.Ssh;

/// <summary>One SSH channel to the agent's port, as a socket: a forwarded port that serves one connection, ours, and refuses every other.</summary>
internal sealed class SshChannelPort : IAsyncDisposable
{
    private readonly SshClient _client;
    private readonly ForwardedPortLocal _port;
    private string _ourPort = "";
    private SshCommand? _first;
    private Task _firstEnd = Task.CompletedTask;

    /// <param name="failed">Told why the channel couldn't be opened, or broke.</param>
    public SshChannelPort(SshClient client, int agentPort, Action<Exception> failed)
    {
        _client = client;
        _port = new ForwardedPortLocal(IPAddress.Loopback.ToString(), 0, IPAddress.Loopback.ToString(), (uint)agentPort);
        _port.Exception += (_, e) =>
        {
            if (e.Exception is not StrangerException)
                failed(e.Exception);
        };
        _port.RequestReceived += (_, e) =>
        {
            // Any program of this machine can connect to a loopback port. Throwing makes SSH.NET hang up before it opens a channel.
            if (e.OriginatorPort.ToString(CultureInfo.InvariantCulture) != Volatile.Read(ref _ourPort))
                throw new StrangerException();
        };
    }

    /// <summary>Our end; connected after <see cref="Open"/>.</summary>
    public Socket Socket { get; } = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

    /// <summary>Connects. Blocks for a moment; that the channel is refused shows later, by the socket's end.</summary>
    public void Open()
    {
        // sshd turns Nagle's algorithm off with the first session channel only: without one, small frames wait up to 40 ms.
        // It has done so when it accepts the command; how that ends is of no interest, and takes longer than the rest of the login.
        _first = _client.CreateCommand("true");
        _firstEnd = _first.ExecuteAsync(CancellationToken.None);

        _client.AddForwardedPort(_port);
        _port.Start();
        Socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        Volatile.Write(ref _ourPort, ((IPEndPoint)Socket.LocalEndPoint!).Port.ToString(CultureInfo.InvariantCulture));
        Socket.Connect(IPAddress.Loopback, (int)_port.BoundPort);
    }

    /// <summary>After the client's disposal, which ends everything that still runs.</summary>
    public async ValueTask DisposeAsync()
    {
        _first?.Dispose();
        await _firstEnd.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Socket.Dispose();
        _port.Dispose();
    }

    /// <summary>Refuses a peer that isn't ours.</summary>
    private sealed class StrangerException() : Exception("Another program of this machine connected to the carrier's port.");
}
