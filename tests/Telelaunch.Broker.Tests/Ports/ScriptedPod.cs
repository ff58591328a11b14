using System.Collections.Concurrent;
using System.Net;
using System.Threading.Channels;
using Telelaunch.Broker.Ports;
using Telelaunch.Linux;
using Telelaunch.Net;

namespace Telelaunch.Broker.Tests.Ports;

/// <summary>A pod whose ports a test watches and refuses, and this machine's listeners as a test says they are.</summary>
internal sealed class ScriptedPod
{
    private readonly Channel<BrokerRecord> _records = Channel.CreateUnbounded<BrokerRecord>();
    private volatile IReadOnlyList<ListeningSocket> _listening = [];

    /// <summary>Open ports with what they were opened with.</summary>
    internal ConcurrentDictionary<IPEndPoint, OpenPort> Open { get; } = [];

    /// <summary>What the pod answers for a port instead of opening it.</summary>
    internal ConcurrentDictionary<int, int> Refusals { get; } = [];

    internal AppListeners AppListeners { get; } = new();

    internal IReadOnlyList<ListeningSocket> Listening
    {
        get => _listening;
        set => _listening = value;
    }

    internal Task<ExposedPorts> StartAsync(IReadOnlyList<ExposedPort> ports, bool follows = false) => ExposedPorts.StartAsync(
        new ExposedPortsOptions
        {
            Ports = ports,
            FollowsCommand = follows,
            Listen = ListenAsync,
            AppListeners = AppListeners,
            Records = record => _records.Writer.TryWrite(record),
            LookInterval = TimeSpan.FromMilliseconds(1),
            ReadListeners = () => Listening,
        },
        CancellationToken.None);

    internal static ListeningSocket Socket(string endPoint, ulong cookie, bool isV6Only = false) => new(IPEndPoint.Parse(endPoint), cookie, 0, isV6Only);

    /// <summary>The command's shim tells of a listener that the kernel lists too.</summary>
    internal void Tell(ListeningSocket socket) => AppListeners.Add(socket.EndPoint, socket.Cookie);

    internal async Task<T> NextRecordAsync<T>()
        where T : BrokerRecord
    {
        while (true)
        {
            if (await _records.Reader.ReadAsync().AsTask().WaitAsync(ShimProgram.Patience) is T wanted)
                return wanted;
        }
    }

    /// <summary>The next change of a port of the pod, as "PORT STATE".</summary>
    internal async Task<string> NextChangeAsync()
    {
        PortRecord record = await NextRecordAsync<PortRecord>();
        return $"{record.Port.PodPort} {record.State}";
    }

    private ValueTask<PodListenResult> ListenAsync(IPEndPoint podEndPoint, Dialer accept, Action<int> changed, CancellationToken cancellationToken)
    {
        if (Refusals.TryGetValue(podEndPoint.Port, out int errno))
            return ValueTask.FromResult(new PodListenResult(null, errno));
        var port = new OpenPort(accept, changed, () => Open.TryRemove(podEndPoint, out _));
        Assert.True(Open.TryAdd(podEndPoint, port), $"{podEndPoint} was opened twice");
        return ValueTask.FromResult(new PodListenResult(port, 0));
    }

    internal sealed record OpenPort(Dialer Accept, Action<int> Changed, Action Close) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            Close();
            return ValueTask.CompletedTask;
        }
    }
}
