using System.Net;
using Telelaunch.Net;

namespace Telelaunch.Broker.Tests;

public sealed class PodNamesTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("tl").FullName;
    private readonly ScriptedResolver _resolver = new();
    private readonly List<BrokerRecord> _records = [];
    private readonly VerdictTable _table;
    private readonly LearntAddresses _learnt;
    private readonly PodNames _names;
    private readonly FlowContext _context;

    public PodNamesTests()
    {
        _table = new VerdictTable(Path.Combine(_directory, "table"));
        AddressRanges ranges = AddressRanges.Create([AddressRange.Parse("10.96.0.0/12")], [AddressRange.Parse("203.0.113.0/24")]);
        _learnt = new LearntAddresses(_table, ranges);
        _context = new FlowContext(
            (_, _) => ValueTask.FromResult(DialResult.Failed(Errno.ECONNREFUSED)),
            TestSession.Pod,
            _records.Add,
            TimeProvider.System,
            Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
        var policy = new NamePolicy(TestSession.Pod, new ClusterNames(["default", "dev"], [], []));
        _names = new PodNames(_resolver, policy, _learnt, _context, CancellationToken.None);
    }

    public void Dispose()
    {
        _learnt.Dispose();
        _table.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task NameOfTheInternet_ThatLooksLikeANamespacesOwn_IsLeftToThisMachine()
    {
        // "dev" is a namespace and a top-level domain; the pod, too, can resolve the Internet's names.
        _resolver.Add("example.dev", "example.dev", "198.51.100.7");

        Assert.Equal(LookupStatus.NoName, (await LookUpAsync("example.dev")).Status);
        Assert.False(_learnt.GoesToCluster(IPAddress.Parse("198.51.100.7")));
    }

    [Fact]
    public async Task ExternalName_OfANamespace_IsThePods_AndFollowed()
    {
        _resolver.Add("db.dev", "db.example.com", "198.51.100.8");
        _resolver.Add("db.dev.svc.cluster.local.", "db.example.com", "198.51.100.8");

        Assert.Equal(["198.51.100.8"], (await LookUpAsync("db.dev")).Addresses.Select(address => address.ToString()));
        Assert.True(_learnt.GoesToCluster(IPAddress.Parse("198.51.100.8")));
        Assert.Equal("db.dev", _learnt.NameOf(IPAddress.Parse("198.51.100.8")));
    }

    [Fact]
    public async Task ServiceOfANamespace_NeedsNoSecondQuestion()
    {
        _resolver.Add("hello.default", "hello.default.svc.cluster.local", "10.96.0.1");

        Assert.Equal(LookupStatus.Found, (await LookUpAsync("hello.default")).Status);
        Assert.Equal(["hello.default"], _resolver.Asked);
    }

    [Fact]
    public async Task AddressesInRanges_AndNeverRanges_AreNoSingles()
    {
        _resolver.Add("a.default", "a.default.svc.cluster.local", "10.96.0.1", "203.0.113.5", "127.0.0.1");

        await LookUpAsync("a.default");

        Assert.Equal(0, _table.SingleCount);
        Assert.False(_learnt.GoesToCluster(IPAddress.Parse("203.0.113.5")));
        Assert.False(_learnt.GoesToCluster(IPAddress.Parse("127.0.0.1")));
    }

    [Fact]
    public async Task HostsOwnName_IsNotAsked()
    {
        Assert.Equal(LookupStatus.NoName, (await LookUpAsync("www.example.com")).Status);
        Assert.Empty(_resolver.Asked);
        Assert.Empty(_records);
    }

    [Fact]
    public async Task SecondLookup_IsFromTheCache_AndSaysSo()
    {
        _resolver.Add("hello", "hello.default.svc.cluster.local", "10.96.0.1");
        await LookUpAsync("hello");
        await LookUpAsync("HELLO");

        Assert.Equal(["hello"], _resolver.Asked);
        Assert.Equal([false, true], _records.Cast<LookupRecord>().Select(record => record.Cached));
    }

    [Fact]
    public async Task TunnelDown_CachedAnswersStillStand_OthersTryAgain()
    {
        _resolver.Add("hello", "hello.default.svc.cluster.local", "10.96.0.1");
        await LookUpAsync("hello");
        _context.TunnelState = TunnelState.Down;

        Assert.Equal(LookupStatus.Found, (await LookUpAsync("hello")).Status);
        Assert.Equal(LookupStatus.TryAgain, (await LookUpAsync("other")).Status);
        Assert.Equal(LookupStatus.TryAgain, (await _names.ReverseAsync(IPAddress.Parse("10.96.0.1"), 0, CancellationToken.None)).Status);
    }

    [Fact]
    public void IsAsking_CountsQuestionsUnderWay()
    {
        PodNames.Asking first = _names.Mark("Intranet.", RecordType.PTR);
        using (_names.Mark("intranet", RecordType.PTR))
            first.Dispose();

        Assert.False(_names.IsAsking("intranet", RecordType.PTR));
        using (_names.Mark("intranet", RecordType.PTR))
            Assert.True(_names.IsAsking("INTRANET.", RecordType.PTR));
    }

    private async Task<AddressLookup> LookUpAsync(string name) => await _names.LookUpAsync(name, AddressFamilies.Both, 0, CancellationToken.None);
}
