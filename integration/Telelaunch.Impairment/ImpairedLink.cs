using System.Net;
using System.Net.Sockets;

namespace Telelaunch.Impairment;

/// <summary>A relay, on loopback or in another network namespace, that stands between a client and a server and behaves as a long, cut or failing line would.</summary>
/// <remarks>
/// Needs no privilege, on loopback, and changes nothing but what goes through it. Bytes arrive unchanged and in order, half-close and RST as such.
/// Each direction holds up to 128 MiB on the way, so that distance alone limits nobody's throughput. All members may be called at any time by any thread.
/// </remarks>
public sealed class ImpairedLink : IDisposable
{
    private readonly EndPoint _upstream;
    private readonly LinkPlace? _place;
    private readonly LinkConditions _conditions = new();
    private readonly Lock _lock = new();
    private readonly HashSet<LinkConnection> _connections = [];
    private readonly List<LinkedKubeconfig> _kubeconfigs = [];
    // Bound and never listening: keeps the port ours, and a SYN to it is refused, while there is no listener.
    private readonly Socket _reservation;
    private Socket? _listener;
    private Thread? _accepting;
    private bool _isDisposed;

    private ImpairedLink(EndPoint upstream, TimeSpan distance, LinkPlace? place)
    {
        _upstream = upstream;
        _place = place;
        Distance = distance;
        IPEndPoint endpoint = place?.Endpoint ?? new IPEndPoint(IPAddress.Loopback, 0);
        _reservation = Socket(endpoint);
        _reservation.Bind(endpoint);
        Listen();
    }

    /// <summary>Where clients connect to: 127.0.0.1 or the place's address, and a port that stays the same.</summary>
    public IPEndPoint Endpoint => (IPEndPoint)_reservation.LocalEndPoint!;

    /// <summary>The round trip that the link adds: with a distance of 20 ms each direction takes 10 ms longer.</summary>
    /// <remarks>
    /// Exact to about 0.1 ms. A change counts for bytes that arrive afterwards. A new connection pays one round trip more before its first byte,
    /// as the three-way handshake would (RFC 9293 §3.5), although the client's connect itself returns at once.
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException">It is negative or longer than a minute.</exception>
    public TimeSpan Distance
    {
        get => TimeSpan.FromTicks(2 * _conditions.OneWay / TimeSpan.NanosecondsPerTick);
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, TimeSpan.Zero);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, TimeSpan.FromMinutes(1));
            _conditions.OneWay = MonotonicClock.Nanoseconds(value) / 2;
        }
    }

    /// <summary>While true nothing is forwarded, neither bytes nor FIN nor RST, as when every packet is dropped.</summary>
    /// <remarks>
    /// New connections are established by the kernel and then never answered. Nothing is lost: when it is switched off the connections that both sides
    /// have kept go on where they were. <see cref="Reset"/> and <see cref="Refuse"/> work meanwhile.
    /// </remarks>
    public bool BlackHole
    {
        get => _conditions.BlackHole;
        set => _conditions.BlackHole = value;
    }

    /// <summary>While true connections are refused (ECONNREFUSED); switching it on resets all open ones, as when a server restarts.</summary>
    public bool Refuse
    {
        get { lock (_lock) return _listener is null; }
        set
        {
            Thread? ended;
            lock (_lock)
            {
                ObjectDisposedException.ThrowIf(_isDisposed, this);
                if (value == _listener is null)
                    return;
                ended = _accepting;
                if (value)
                    StopListening();
                else
                    Listen();
            }

            if (value)
            {
                ended!.Join();
                Reset();
            }
        }
    }

    /// <summary>How many connections are open through the link.</summary>
    public int OpenConnections { get { lock (_lock) return _connections.Count; } }

    /// <summary>Starts a link.</summary>
    /// <param name="upstream">The server, connected to once for each connection of a client.</param>
    /// <param name="distance">The round trip that the link adds; see <see cref="Distance"/>.</param>
    /// <param name="place">Where clients find it; null: on this process's loopback.</param>
    /// <exception cref="SocketException">The place's endpoint can't be had.</exception>
    public static ImpairedLink Start(EndPoint upstream, TimeSpan distance = default, LinkPlace? place = null)
    {
        ArgumentNullException.ThrowIfNull(upstream);
        return new ImpairedLink(upstream, distance, place);
    }

    /// <summary>Starts a link before the API server that the current context of a kubeconfig names.</summary>
    /// <inheritdoc cref="Start"/>
    public static ImpairedLink StartBefore(string kubeconfigPath, TimeSpan distance = default, LinkPlace? place = null) =>
        Start(LinkedKubeconfig.ServerOf(kubeconfigPath), distance, place);

    /// <summary>Writes a kubeconfig that reaches the API server of <paramref name="kubeconfigPath"/> through this link.</summary>
    /// <remarks>
    /// Only the current context's cluster is changed: <c>server</c> leads to the link, and <c>tls-server-name</c> keeps the original host,
    /// so that the server's real certificate is verified as before. The file (0600) is removed with the link.
    /// </remarks>
    /// <returns>Its path.</returns>
    /// <exception cref="InvalidOperationException">The kubeconfig has no such cluster, or reaches it through a <c>proxy-url</c>.</exception>
    public string KubeconfigThrough(string kubeconfigPath)
    {
        var kubeconfig = LinkedKubeconfig.Write(kubeconfigPath, Endpoint);
        lock (_lock)
            _kubeconfigs.Add(kubeconfig);
        return kubeconfig.Path;
    }

    /// <summary>Sends RST to both sides of every open connection. New ones are taken as before.</summary>
    public void Reset()
    {
        foreach (LinkConnection connection in Connections())
            connection.Reset();
    }

    /// <summary>Sends RST to both sides of one connection: the one that has carried the most bytes since it was opened.</summary>
    /// <returns>False when none is open.</returns>
    public bool ResetOne()
    {
        LinkConnection? busiest = Connections().MaxBy(connection => connection.Carried);
        busiest?.Reset();
        return busiest is not null;
    }

    /// <summary>Resets all connections, gives the port back, removes the kubeconfigs.</summary>
    public void Dispose()
    {
        Thread? accepting;
        lock (_lock)
        {
            if (_isDisposed)
                return;
            _isDisposed = true;
            accepting = _accepting;
            StopListening();
        }

        BlackHole = false;
        accepting?.Join();
        foreach (LinkConnection connection in Connections())
            connection.Dispose();
        _reservation.Dispose();
        _conditions.Dispose();
        foreach (LinkedKubeconfig kubeconfig in _kubeconfigs)
            kubeconfig.Dispose();
    }

    private LinkConnection[] Connections()
    {
        lock (_lock)
            return [.. _connections];
    }

    /// <summary>A socket where clients are.</summary>
    private Socket Socket(IPEndPoint endpoint)
    {
        Socket Make() => new(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        return _place is null ? Make() : NetworkNamespace.Do(_place.Process, Make);
    }

    private void Listen()
    {
        // Binds with SO_REUSEADDR as .NET does for every TCP socket: next to the reservation, and to connections in TIME_WAIT.
        Socket listener = Socket(Endpoint);
        listener.Bind(Endpoint);
        listener.Listen(512);
        _listener = listener;
        _accepting = new Thread(() => Accept(listener)) { IsBackground = true, Name = "impaired link: accept" };
        _accepting.Start();
    }

    private void StopListening()
    {
        // Connections that nobody has accepted are reset by the kernel.
        _listener?.Dispose();
        _listener = null;
        _accepting = null;
    }

    private void Accept(Socket listener)
    {
        while (true)
        {
            Socket client;
            try
            {
                client = listener.Accept();
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                lock (_lock)
                {
                    if (_listener != listener)
                        return;
                }

                // ECONNABORTED and the like concern one client, not the listener (accept(2)).
                continue;
            }

            lock (_lock)
                _connections.Add(new LinkConnection(client, _upstream, _conditions, Remove));
        }
    }

    private void Remove(LinkConnection connection)
    {
        lock (_lock)
            _connections.Remove(connection);
    }
}
