using System.Net;

using Telelaunch.Mux.Carriers;
using Telelaunch.Mux.Flows;
using Telelaunch.Mux.Frames;
using Telelaunch.Net;

namespace Telelaunch.Mux;

/// <summary>The client's end of one carrier: dials, looks names up and listens in the pod.</summary>
/// <remarks>Thread-safe. When the carrier is lost, its flows are reset, dials fail with ENETUNREACH and lookups with "try again".</remarks>
public sealed class MuxClient : IPodResolver, IAsyncDisposable
{
    /// <summary>How many bytes of first data <see cref="DialAsync(IPEndPoint, ReadOnlyMemory{byte}, CancellationToken)"/> may carry.</summary>
    public const int MaxFirstData = 32 * 1024;

    private readonly MuxConnection _connection;
    private readonly Role _role;

    private MuxClient(Role role, PodDescription pod)
    {
        _role = role;
        _connection = role.Connection;
        Pod = pod;
    }

    /// <summary>What the agent told of its pod.</summary>
    public PodDescription Pod { get; }

    /// <summary>Ends when the carrier is over, with the reason; never faults.</summary>
    public Task<CarrierEnd> Completion => _connection.Completion;

    /// <summary>Whether the carrier is over; true before anything that was under way fails, <see cref="Completion"/> comes when all is released.</summary>
    public bool HasEnded => _connection.HasEnded;

    /// <summary>Why the agent is about to end; null while it isn't. No new flows are possible then.</summary>
    public string? GoAwayReason => _connection.GoAwayReason;

    /// <summary>Flows open at this moment.</summary>
    public int OpenFlows => _connection.OpenFlows;

    /// <summary>Opens the client's end: proves the secret both ways and waits for POD.</summary>
    /// <param name="carrier">Owned by the client from now on, also when this throws.</param>
    /// <param name="secret">The session's secret, 32 bytes.</param>
    /// <exception cref="TunnelException">The agent isn't this session's (<c>agent-not-authentic</c>), refused us (<c>agent-refused-client</c>),
    /// speaks another version (<c>agent-version-mismatch</c>), isn't there (<c>agent-not-reachable</c>), took too long
    /// (<c>handshake-timed-out</c>), or the carrier failed (<c>carrier-lost</c>).</exception>
    public static async Task<MuxClient> ConnectAsync(
        Stream carrier, ReadOnlyMemory<byte> secret, MuxOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(carrier);
        ArgumentNullException.ThrowIfNull(options);
        Role? role = null;
        PodDescription? pod = null;
        try
        {
            await Opening.RunAsync(carrier, options, OpenAsync, cancellationToken);
        }
        catch when (role is not null)
        {
            await role.Connection.DisposeAsync();
            throw;
        }

        return new(role!, pod!);

        async Task OpenAsync(CancellationToken token)
        {
            await Handshake.ConnectAsync(carrier, secret, token);
            role = new Role(carrier, options);
            pod = await role.Pod.WaitAsync(token);
        }
    }

    /// <summary>Dials from the pod.</summary>
    /// <inheritdoc cref="DialAsync(IPEndPoint, ReadOnlyMemory{byte}, CancellationToken)"/>
    public ValueTask<DialResult> DialAsync(IPEndPoint destination, CancellationToken cancellationToken)
        => DialAsync(destination, default, cancellationToken);

    /// <summary>Dials from the pod and sends first data in the same journey.</summary>
    /// <param name="firstData">At most <see cref="MaxFirstData"/> bytes; dropped when the dial fails.</param>
    /// <returns>A connected stream with the pod's own address, or the errno that connect(2) gave in the pod; ENETUNREACH when the carrier is lost.</returns>
    public ValueTask<DialResult> DialAsync(IPEndPoint destination, ReadOnlyMemory<byte> firstData, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(destination);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(firstData.Length, MaxFirstData);
        byte[] payload = new byte[24 + firstData.Length];
        var writer = new PayloadWriter(payload);
        writer.WriteEndPoint(destination);
        writer.WriteUInt32(FlowReceiver.InitialWindow);
        writer.WriteBytes(firstData.Span);
        return _connection.Outgoing.OpenAsync(FrameType.Open, payload.AsMemory(0, writer.Written), firstData.Length, cancellationToken);
    }

    /// <summary>Listens in the pod; connections that come are handed to <paramref name="accept"/>, which dials on this machine.</summary>
    /// <param name="podEndPoint">The unspecified address means all, port 0 any.</param>
    /// <param name="accept">Gets the caller's address; its failure resets the caller.</param>
    public ValueTask<MuxListenResult> ListenAsync(IPEndPoint podEndPoint, Dialer accept, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(podEndPoint);
        ArgumentNullException.ThrowIfNull(accept);
        return _role.Listeners.ListenAsync(podEndPoint, accept, cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask<AddressLookup> LookUpAddressesAsync(string hostName, AddressFamilies families, CancellationToken cancellationToken)
    {
        var question = new ResolveFrame(ResolveKind.Addresses, families, hostName, null, null);
        byte[]? answer = await _role.Lookups.AskAsync(question, cancellationToken);
        return _role.ReadAnswer(answer, ResolvedFrame.ReadAddresses) ?? AddressLookup.Failed(LookupStatus.TryAgain);
    }

    /// <inheritdoc/>
    public async ValueTask<NameLookupResult> LookUpNamesAsync(IPAddress address, CancellationToken cancellationToken)
    {
        var question = new ResolveFrame(ResolveKind.Names, AddressFamilies.None, null, address, null);
        byte[]? answer = await _role.Lookups.AskAsync(question, cancellationToken);
        return _role.ReadAnswer(answer, ResolvedFrame.ReadNames) ?? new(LookupStatus.TryAgain, [], default);
    }

    /// <inheritdoc/>
    public async ValueTask<ReadOnlyMemory<byte>> QueryAsync(ReadOnlyMemory<byte> query, CancellationToken cancellationToken)
    {
        var question = new ResolveFrame(ResolveKind.Query, AddressFamilies.None, null, null, query.ToArray());
        byte[]? answer = await _role.Lookups.AskAsync(question, cancellationToken);
        return _role.ReadAnswer(answer, ResolvedFrame.ReadMessage);
    }

    /// <summary>Reads the environment that the agent's container was started with.</summary>
    /// <returns>Entries, each ended by NUL, as in /proc/PID/environ (proc(5)), without the agent's own; null when the carrier is lost or the agent couldn't say.</returns>
    public async ValueTask<byte[]?> ReadEnvironmentAsync(CancellationToken cancellationToken)
    {
        byte[]? block = null;
        int filled = 0;
        do
        {
            byte[]? answer = await _role.Lookups.AskAsync(FrameType.Environment, EnvironmentFrame.ToPayload(filled), cancellationToken);
            (block, filled) = _role.ReadAnswer(answer, payload => EnvironmentFrame.ReadAnswer(payload, block, filled));
        }
        while (filled < block?.Length);

        return block;
    }

    /// <summary>Closes the carrier; flows are reset.</summary>
    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    private sealed class Role : IMuxRole
    {
        private readonly TaskCompletionSource<PodDescription> _pod = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Role(Stream carrier, MuxOptions options)
        {
            Connection = new(carrier, options, this, firstNumber: 1);
            Listeners = new(Connection);
            Lookups = new(Connection);
            Connection.Start();
        }

        public delegate T AnswerReader<T>(ReadOnlySpan<byte> payload);

        public MuxConnection Connection { get; }

        public ClientListeners Listeners { get; }

        public PendingLookups Lookups { get; }

        public Task<PodDescription> Pod => _pod.Task;

        public bool OnFrame(FrameHeader header, ReadOnlySpan<byte> payload)
        {
            switch (header.Type)
            {
                case FrameType.Pod when header.Flow == 0:
                    return _pod.TrySetResult(PodFrame.Read(payload));
                case FrameType.GoAway when header.Flow == 0:
                    var reader = new PayloadReader(payload);
                    Connection.OnGoAway(reader.ReadRestAsText());
                    return true;
                case FrameType.Listening:
                    Listeners.OnListening(header.Flow, payload);
                    return true;
                case FrameType.Accepted:
                    Listeners.OnAccepted(header.Flow, payload);
                    return true;
                case FrameType.Resolved:
                    Lookups.OnResolved(header.Flow, payload);
                    return true;
                default:
                    return false;
            }
        }

        public void OnFailed(uint number, int errno)
        {
            Listeners.OnFailed(number, errno);
            Lookups.OnFailed(number);
        }

        public void OnEnd(CarrierEnd end)
        {
            Listeners.OnEnd();
            Lookups.OnEnd();
            _pod.TrySetException(new TunnelException("carrier-lost", $"The carrier ended while it opened. {end.Detail}", "Try again.", end.Cause));
        }

        /// <summary>Reads an answer, null when there is none; a damaged one closes the carrier, as any other damaged frame.</summary>
        public T? ReadAnswer<T>(byte[]? payload, AnswerReader<T> read)
        {
            if (payload is null)
                return default;
            try
            {
                return read(payload);
            }
            catch (ProtocolException error)
            {
                Connection.End(new(CarrierEndKind.ProtocolError, error.Message, error));
                return default;
            }
        }
    }
}
