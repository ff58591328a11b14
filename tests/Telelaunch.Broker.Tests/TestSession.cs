using System.Net;
using System.Threading.Channels;
using Telelaunch.Net;

namespace Telelaunch.Broker.Tests;

/// <summary>A broker in this process, its session in a directory of the test's own.</summary>
internal sealed class TestSession : IAsyncDisposable
{
    internal const string PodAddress = "10.244.0.9";

    private readonly Channel<BrokerRecord> _records;

    private TestSession(string root, Broker broker, ScriptedDialer dialer, ScriptedResolver resolver, Channel<BrokerRecord> records)
    {
        Root = root;
        Broker = broker;
        Dialer = dialer;
        Resolver = resolver;
        _records = records;
    }

    internal string Root { get; }

    internal Broker Broker { get; }

    internal ScriptedDialer Dialer { get; }

    internal ScriptedResolver Resolver { get; }

    internal static PodDescription Pod { get; } = new(
        "agent",
        [IPAddress.Parse(PodAddress), IPAddress.Parse("fd00:10:244::9")],
        [IPAddress.Parse("10.96.0.10")],
        ["default.svc.cluster.local", "svc.cluster.local", "cluster.local"],
        5,
        "test");

    internal static async Task<TestSession> StartAsync(Func<BrokerOptions, BrokerOptions>? change = null, ScriptedResolver? resolver = null)
    {
        string root = Directory.CreateTempSubdirectory("tl").FullName;
        var dialer = new ScriptedDialer();
        resolver ??= new ScriptedResolver();
        Channel<BrokerRecord> records = Channel.CreateUnbounded<BrokerRecord>();
        var options = new BrokerOptions
        {
            Dialer = dialer.Dialer,
            Resolver = resolver,
            Pod = Pod,
            ClusterRanges = [AddressRange.Parse("10.96.0.0/12"), AddressRange.Parse("fd00:10:96::/108")],
            Names = new ClusterNames(["default", "shop"], ["web"], []),
            HostNameServers = [],
            HostRoutes = [],
            SessionRoot = root,
            Records = record => records.Writer.TryWrite(record),
        };
        Broker broker = await Broker.StartAsync(change is null ? options : change(options), CancellationToken.None);
        return new TestSession(root, broker, dialer, resolver, records);
    }

    /// <summary>The next record of a kind; others before it are passed over.</summary>
    internal async Task<T> NextRecordAsync<T>()
        where T : BrokerRecord
    {
        while (true)
        {
            BrokerRecord record = await _records.Reader.ReadAsync().AsTask().WaitAsync(ShimProgram.Patience);
            if (record is T wanted)
                return wanted;
        }
    }

    /// <summary>Everything recorded so far.</summary>
    internal IReadOnlyList<BrokerRecord> TakeRecords()
    {
        var taken = new List<BrokerRecord>();
        while (_records.Reader.TryRead(out BrokerRecord? record))
            taken.Add(record);
        return taken;
    }

    internal ShimProgram Start(string program, params string[] arguments) => ShimProgram.Start(Broker, program, arguments);

    public async ValueTask DisposeAsync()
    {
        await Broker.DisposeAsync();
        Directory.Delete(Root, recursive: true);
    }
}
