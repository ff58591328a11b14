using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Telelaunch.Linux;
using Telelaunch.Net;
using Telelaunch.Routing.Filter;

namespace Telelaunch.Routing.Helper;

/// <summary>The sockets that the helper made, because they need rights that the launcher doesn't have. Owned by whoever has this.</summary>
public sealed class RoutingSockets : IDisposable
{
    /// <summary>Takes caught IPv4 connections (IP_TRANSPARENT); null for <see cref="RoutingMethod.Route"/>.</summary>
    public Socket? Flows4 { get; internal set; }

    /// <summary>Takes caught IPv6 connections; null where there is no IPv6.</summary>
    public Socket? Flows6 { get; internal set; }

    /// <summary>Port 53 of the split name server, UDP.</summary>
    public Socket? Questions { get; internal set; }

    /// <summary>Port 53 of the split name server, TCP; null where another program has that port on every address.</summary>
    public Socket? QuestionStreams { get; internal set; }

    public void Dispose()
    {
        foreach (Socket? socket in (Socket?[])[Flows4, Flows6, Questions, QuestionStreams])
            socket?.Dispose();
    }
}

/// <summary>The launcher's end of the helper: asks for what needs rights, decides about connections that are held.</summary>
/// <remarks>The helper undoes everything when this end is closed, also when the launcher is killed.</remarks>
public sealed class RoutingClient : IAsyncDisposable
{
    /// <summary>The link's name; there can be only one, so it is the lock of the machine as well.</summary>
    public const string LinkName = "telelaunch0";

    /// <summary>Code of the failure where the helper ended without saying why.</summary>
    public const string HelperEnded = "routing-helper-ended";

    private readonly PacketChannel _channel;
    private readonly TaskCompletionSource<PreparedRouting> _prepared = New<PreparedRouting>();
    private readonly TaskCompletionSource _caught = New();
    private readonly TaskCompletionSource _undone = New();
    private readonly TaskCompletionSource _ended = New();
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _changes = new(StringComparer.Ordinal);
    private readonly Thread _receiving;
    private Func<IPEndPoint, IPEndPoint, ValueTask<SynVerdict>>? _decide;
    private RoutingRefusal? _refusal;

    /// <param name="channel">To the helper's standard input; owned from now on.</param>
    public RoutingClient(PacketChannel channel)
    {
        ArgumentNullException.ThrowIfNull(channel);
        _channel = channel;
        _receiving = new Thread(Receive) { IsBackground = true, Name = "routing helper" };
    }

    /// <summary>This machine's name servers have changed.</summary>
    public event Action<IReadOnlyList<string>>? UpstreamsChanged;

    /// <summary>Something that a person should know.</summary>
    public event Action<string>? Noted;

    /// <summary>Completes when the helper has ended, for whatever reason: nothing is caught any more.</summary>
    public Task Ended => _ended.Task;

    public RoutingSockets Sockets { get; } = new();

    /// <summary>Has the helper look at this machine and make link and sockets. Nothing is caught yet.</summary>
    /// <exception cref="HostException">It can't be; then nothing is left of it.</exception>
    public async Task<PreparedRouting> PrepareAsync(RoutingPlan plan, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(plan);
        _receiving.Start();
        RoutingMessage.Of("plan", plan.ToJson()).TrySend(_channel);
        return await _prepared.Task.WaitAsync(cancellationToken);
    }

    /// <summary>From now on the ranges' connections and the cluster's names are this session's.</summary>
    /// <param name="decide">Dials for a connection from the first to the second end; on any thread, many at once.</param>
    /// <exception cref="HostException">It can't be; then everything is undone.</exception>
    public async Task CatchAsync(Func<IPEndPoint, IPEndPoint, ValueTask<SynVerdict>> decide, CancellationToken cancellationToken)
    {
        _decide = decide;
        RoutingMessage.Of("catch").TrySend(_channel);
        await _caught.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Routes one more range; returns once packets to it are caught. A range that is too wide, or the helper's end, changes nothing.</summary>
    public ValueTask AddAsync(AddressRange range, CancellationToken cancellationToken) => ChangeAsync("add", range, cancellationToken);

    /// <summary>Takes a range out again.</summary>
    public ValueTask RemoveAsync(AddressRange range, CancellationToken cancellationToken) => ChangeAsync("remove", range, cancellationToken);

    /// <summary>Puts this machine back as it was. Name servers come first, so the split one may end a moment after this.</summary>
    /// <returns>False when the helper ended before it said so: then its guard does it.</returns>
    public async Task<bool> UndoAsync()
    {
        RoutingMessage.Of("undo").TrySend(_channel);
        await Task.WhenAny(_undone.Task, _ended.Task);
        return _undone.Task.IsCompletedSuccessfully;
    }

    public async ValueTask DisposeAsync()
    {
        _channel.ShutDown();
        if (_receiving.IsAlive)
            await _ended.Task;
        _channel.Dispose();
        Sockets.Dispose();
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static TaskCompletionSource<T> New<T>() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async ValueTask ChangeAsync(string word, AddressRange range, CancellationToken cancellationToken)
    {
        string text = range.ToString();
        TaskCompletionSource change = _changes.GetOrAdd(text, static _ => New());
        if (!RoutingMessage.Of(word, text).TrySend(_channel))
            return;
        await Task.WhenAny(change.Task, _ended.Task).WaitAsync(cancellationToken);
    }

    private void Receive()
    {
        byte[] buffer = new byte[RoutingMessage.MaximumLength];
        while (true)
        {
            ReceivedPacket packet = _channel.Receive(buffer);
            if (packet.Status != PacketStatus.Received)
                break;
            Take(RoutingMessage.Read(buffer.AsSpan(0, packet.Length)), packet.Socket);
        }

        var lost = new HostException(
            _refusal?.Code ?? HelperEnded,
            _refusal?.Cause ?? "The helper that routes for this machine has ended; nothing goes to the cluster any more, and this machine is as it was.",
            _refusal?.Remedy ?? "Start again. If somebody ended it on purpose: Ctrl-C in the session is the way to end it.");
        _prepared.TrySetException(lost);
        _caught.TrySetException(lost);
        // Whoever didn't wait for them has nothing to observe.
        _ = _prepared.Task.Exception;
        _ = _caught.Task.Exception;
        _ended.TrySetResult();
    }

    private void Take(RoutingMessage message, PassedSocket? descriptor)
    {
        switch (message.Word)
        {
            case "socket" when descriptor is not null:
                TakeSocket(message.Rest, new Socket(descriptor.ToSocket()));
                break;
            case "prepared":
                _prepared.TrySetResult(JsonSerializer.Deserialize(message.Rest, RoutingJson.Default.PreparedRouting)!);
                break;
            case "caught":
                _caught.TrySetResult();
                break;
            case "held" when message.TryReadHeld(out uint id, out IPEndPoint source, out IPEndPoint destination):
                _ = Task.Run(() => DecideAsync(id, source, destination));
                break;
            case "changed":
                if (_changes.TryRemove(message.Rest, out TaskCompletionSource? change))
                    change.TrySetResult();
                break;
            case "upstreams":
                UpstreamsChanged?.Invoke(message.Rest.Split(' ', StringSplitOptions.RemoveEmptyEntries));
                break;
            case "note":
                Noted?.Invoke(message.Rest);
                break;
            case "undone":
                _undone.TrySetResult();
                break;
            case "failed":
                _refusal = JsonSerializer.Deserialize(message.Rest, RoutingJson.Default.RoutingRefusal);
                break;
        }
    }

    private void TakeSocket(string name, Socket socket)
    {
        switch (name)
        {
            case "tcp4":
                Sockets.Flows4 = socket;
                break;
            case "tcp6":
                Sockets.Flows6 = socket;
                break;
            case "dns-udp":
                Sockets.Questions = socket;
                break;
            case "dns-tcp":
                Sockets.QuestionStreams = socket;
                break;
            default:
                socket.Dispose();
                break;
        }
    }

    private async Task DecideAsync(uint id, IPEndPoint source, IPEndPoint destination)
    {
        SynVerdict verdict = _decide is null ? SynVerdict.Drop : await _decide(source, destination);
        RoutingMessage.Of("verdict", id.ToString(System.Globalization.CultureInfo.InvariantCulture), verdict.ToString()).TrySend(_channel);
    }
}
