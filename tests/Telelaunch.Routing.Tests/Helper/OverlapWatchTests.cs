using System.Collections.Concurrent;
using Telelaunch.Net;
using Telelaunch.Routing.Helper;

namespace Telelaunch.Routing.Tests.Helper;

public sealed class OverlapWatchTests : IDisposable
{
    private readonly NetworkNamespace _machine = new();
    private readonly BlockingCollection<string> _notes = [];

    public OverlapWatchTests()
    {
        _machine.Check("ip", "link", "add", "corp", "type", "veth", "peer", "name", "far");
        _machine.Check("ip", "link", "set", "corp", "up");
        _machine.Check("ip", "link", "set", "far", "up");
        _machine.Check("ip", "route", "add", "10.96.1.0/24", "dev", "corp");
    }

    public void Dispose()
    {
        _machine.Dispose();
        _notes.Dispose();
    }

    [Fact]
    public void RouteIntoARange_IsTold_WhereItCameAfterTheStart()
    {
        using OverlapWatch watch = _machine.Run(() => new OverlapWatch([AddressRange.Parse("10.96.0.0/12")], "telelaunch0", _notes.Add));
        _machine.Check("ip", "route", "add", "172.20.0.0/16", "dev", "corp");
        _machine.Check("ip", "route", "add", "default", "dev", "corp");
        _machine.Check("ip", "route", "add", "10.100.0.0/16", "dev", "corp", "table", "52");
        string note = Next();
        Assert.Contains("10.100.0.0/16 on corp", note, StringComparison.Ordinal);
        Assert.Contains("--never-proxy 10.100.0.0/16", note, StringComparison.Ordinal);

        // Told again only when it comes back.
        _machine.Check("ip", "route", "del", "10.100.0.0/16", "dev", "corp", "table", "52");
        _machine.Check("ip", "route", "add", "10.101.0.0/16", "dev", "corp");
        Assert.Contains("10.101.0.0/16", Next(), StringComparison.Ordinal);
        Assert.Empty(_notes);
    }

    private string Next() => _notes.TryTake(out string? note, TimeSpan.FromSeconds(30)) ? note : throw new InvalidOperationException("Nothing was told.");
}
