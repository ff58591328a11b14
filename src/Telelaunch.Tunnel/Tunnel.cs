using System.Net;
using Telelaunch.Mux;
using Telelaunch.Net;

namespace Telelaunch.Tunnel;

/// <summary>The way into the cluster: one to four carriers that are kept open, and the flows and lookups that go over them.</summary>
/// <remarks>
/// <para>Thread-safe. When a carrier is lost its flows are reset, and it is opened again after 1 to 30 s, and after 1 s where somebody waits for it; the others go on.</para>
/// <para>While none works, dials and lookups wait <see cref="TunnelOptions.WaitForTunnel"/> and then fail: a dial with ENETUNREACH, because
/// that is what a process sees whose way to the network is gone, and what the shim reports when it can't reach the broker;
/// a lookup with <see cref="LookupStatus.TryAgain"/>.</para>
/// </remarks>
public sealed class Tunnel : IPodResolver, IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly TunnelOptions _options;
    private readonly LiveCarriers _live;
    private readonly Task _running;
    private PodDescription _pod;

    private Tunnel(TunnelOptions options, CarrierOpener opener, Carrier first)
    {
        _options = options;
        _pod = first.Mux.Pod;
        _live = new LiveCarriers(options, change => StateChanged?.Invoke(this, change));
        _running = Task.WhenAll(Enumerable.Range(0, options.Carriers)
            .Select(i => new CarrierSlot(opener, _live, options).RunAsync(i == 0 ? first : null, _stop.Token)));
    }

    /// <summary>Raised at each change, in order, one at a time. Handlers must not block, nor wait for this tunnel.</summary>
    public event EventHandler<TunnelStateChange>? StateChanged;

    /// <summary>The state, its reason and since when it lasts.</summary>
    public TunnelStateChange State => _live.State;

    /// <summary>Ends when the tunnel is given up for good, with the reason; never by <see cref="DisposeAsync"/>, and never faults.</summary>
    public Task<TunnelException> Lost => _live.Lost;

    /// <summary>What the agent told of its pod.</summary>
    public PodDescription Pod => _live.Pick() is Carrier carrier ? _pod = carrier.Mux.Pod : _pod;

    /// <summary>Flows open at this moment.</summary>
    public int OpenFlows => _live.OpenFlows;

    /// <summary>Opens the first carrier; further ones follow behind.</summary>
    /// <param name="connector">Opens port-forwards to the agent's pod.</param>
    /// <param name="keys">The session's keys, which the pod has in its Secret; not owned, and used as long as the tunnel lives.</param>
    /// <param name="progress">Told of each step of the first carrier.</param>
    /// <exception cref="TelelaunchException">It can't be opened; not tried again. A <see cref="TunnelException"/> when the agent's pod, sshd
    /// or the way there fails, and whatever <paramref name="connector"/> throws.</exception>
    public static async Task<Tunnel> OpenAsync(
        PortForwardConnector connector, SessionKeys keys, TunnelOptions options, IProgress<TunnelPhase>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connector);
        ArgumentNullException.ThrowIfNull(keys);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Carriers, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.Carriers, 4);
        var opener = new CarrierOpener(connector, keys, options);
        return new Tunnel(options, opener, await opener.OpenAsync(progress, cancellationToken));
    }

    /// <summary>Dials from the pod; a <see cref="Dialer"/>.</summary>
    public ValueTask<DialResult> DialAsync(IPEndPoint destination, CancellationToken cancellationToken) => AskAsync(
        (mux, token) => mux.DialAsync(destination, token),
        static result => result.Errno == Errno.ENETUNREACH,
        DialResult.Failed(Errno.ENETUNREACH),
        cancellationToken);

    /// <summary>Listens in the pod; a <see cref="PodListen"/>.</summary>
    public async ValueTask<PodListenResult> ListenAsync(IPEndPoint podEndPoint, Dialer accept, Action<int> changed, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(podEndPoint);
        ArgumentNullException.ThrowIfNull(accept);
        ArgumentNullException.ThrowIfNull(changed);
        MuxListenResult result = await AskAsync(
            (mux, token) => mux.ListenAsync(podEndPoint, accept, token),
            static result => result.Errno == Errno.ENETUNREACH,
            new MuxListenResult(null, Errno.ENETUNREACH),
            cancellationToken);
        return result.Listener is null
            ? new(null, result.Errno)
            : new(new KeptListener(result.Listener, podEndPoint, accept, changed, _live, _options.Time), 0);
    }

    /// <inheritdoc/>
    public ValueTask<AddressLookup> LookUpAddressesAsync(string hostName, AddressFamilies families, CancellationToken cancellationToken) => AskAsync(
        (mux, token) => mux.LookUpAddressesAsync(hostName, families, token),
        static result => result.Status == LookupStatus.TryAgain,
        AddressLookup.Failed(LookupStatus.TryAgain),
        cancellationToken);

    /// <inheritdoc/>
    public ValueTask<NameLookupResult> LookUpNamesAsync(IPAddress address, CancellationToken cancellationToken) => AskAsync(
        (mux, token) => mux.LookUpNamesAsync(address, token),
        static result => result.Status == LookupStatus.TryAgain,
        new NameLookupResult(LookupStatus.TryAgain, [], TimeSpan.Zero),
        cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ReadOnlyMemory<byte>> QueryAsync(ReadOnlyMemory<byte> query, CancellationToken cancellationToken) => AskAsync(
        (mux, token) => mux.QueryAsync(query, token),
        static result => result.IsEmpty,
        ReadOnlyMemory<byte>.Empty,
        cancellationToken);

    /// <summary>Reads the environment that the agent's container was started with.</summary>
    /// <returns>Entries, each ended by NUL, as in /proc/PID/environ (proc(5)), without the agent's own variables.</returns>
    /// <exception cref="TunnelException"><c>environment-not-read</c>: no carrier works, or the agent couldn't say.</exception>
    public async ValueTask<byte[]> ReadEnvironmentAsync(CancellationToken cancellationToken)
        => await AskAsync(static (mux, token) => mux.ReadEnvironmentAsync(token), static block => block is null, null, cancellationToken)
            ?? throw TunnelFault.EnvironmentNotRead();

    /// <summary>Closes all carriers; flows are reset.</summary>
    public async ValueTask DisposeAsync()
    {
        _live.Close();
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    /// <summary>Asks over a carrier that works, and again over another one when that was lost meanwhile.</summary>
    /// <param name="mayBeLoss">Whether an answer is what the mux says when its carrier is lost; the pod may say the same.</param>
    /// <param name="failed">The answer when no carrier came in time.</param>
    private async ValueTask<T> AskAsync<T>(
        Func<MuxClient, CancellationToken, ValueTask<T>> ask, Predicate<T> mayBeLoss, T failed, CancellationToken cancellationToken)
    {
        long start = _options.Time.GetTimestamp();
        while (true)
        {
            Carrier? carrier = _live.Pick();
            if (carrier is null)
            {
                TimeSpan left = _options.WaitForTunnel - _options.Time.GetElapsedTime(start);
                if (left > TimeSpan.Zero)
                    carrier = await _live.WaitAsync(left, cancellationToken);
                if (carrier is null)
                    return failed;
            }

            T answer = await ask(carrier.Mux, cancellationToken);
            if (!mayBeLoss(answer) || carrier.TakesFlows)
                return answer;
        }
    }
}
