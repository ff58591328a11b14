using System.Net;
using System.Text;
using Telelaunch.Broker;
using Telelaunch.Broker.Managed;
using Telelaunch.Cli.Logging;
using Telelaunch.Cli.Options;
using Telelaunch.Cli.Output;

namespace Telelaunch.Cli.Tests.Logging;

public class TraceLineTests
{
    private static readonly DateTimeOffset Time = new(new DateTime(2026, 1, 2, 15, 4, 5, 678, DateTimeKind.Local));
    private static readonly ManagedProcess Web = new(4711, "web");

    [Fact]
    public void Request_AndItsFlow_HaveProcessAndDestinationInCommon()
    {
        var request = new RequestRecord(Time, Web, TimeSpan.FromMilliseconds(12.3), "https://hello:443/orders", "1.1", 200, "", "10.96.0.5:443",
            new(TimeSpan.FromMilliseconds(3), TimeSpan.FromMilliseconds(4), TimeSpan.FromMilliseconds(2)), "Shop.LoadAsync (Orders.cs:17)");
        Assert.Equal("15:04:05.678 request web[4711] https://hello:443/orders 10.96.0.5:443 HTTP/1.1 200 0.012s (dns 0.003s, connect 0.004s, tls 0.002s) at Shop.LoadAsync (Orders.cs:17)", TraceLine.Of(request));
        var flow = new FlowRecord(Time, 4711, "web", IPEndPoint.Parse("10.96.0.5:443"), "hello", FlowEnding.AppFinished, 0, 1, 2, TimeSpan.FromSeconds(1));
        Assert.StartsWith("15:04:05.678 flow web[4711] hello 10.96.0.5:443 ", TraceLine.Of(flow), StringComparison.Ordinal);
    }

    [Fact]
    public void RequestWithoutAnAnswer_SaysWhy() => Assert.Equal(
        "15:04:05.678 request web[4711] http://hello:81/ - failed: Connection refused -",
        TraceLine.Of(new RequestRecord(Time, Web, null, "http://hello:81/", "", -1, "Connection refused", "", default, "")));

    [Fact]
    public void OtherRecords_AreALineEach()
    {
        Assert.Equal("15:04:05.678 managed-lookup web[4711] postgres ok 0.001s at Npgsql.Open", TraceLine.Of(new PhaseRecord(Time, Web, PhaseKind.Lookup, TimeSpan.FromMilliseconds(1), "postgres", "", "Npgsql.Open")));
        Assert.Equal("15:04:05.678 managed-connect web[4711] 10.96.0.7:5432 ConnectionRefused -", TraceLine.Of(new PhaseRecord(Time, Web, PhaseKind.Connect, null, "10.96.0.7:5432", "ConnectionRefused", "")));
        Assert.Equal("15:04:05.678 managed-tls web[4711] postgres ok 0.001s", TraceLine.Of(new PhaseRecord(Time, Web, PhaseKind.Handshake, TimeSpan.FromMilliseconds(1), "postgres", "", "")));
        Assert.Equal("15:04:05.678 kestrel web[4711] http://[::]:80", TraceLine.Of(new KestrelRecord(Time, Web, "http://[::]:80")));
        Assert.Equal("15:04:05.678 dropped web[4711] 7 lines: it had more to tell than could be taken", TraceLine.Of(new DroppedRecord(Time, Web, 7)));
    }

    [Theory]
    [InlineData(false, false, "")]
    [InlineData(true, false, "telelaunch: in: 4711 Web.Shop, .NET 10.0.12\n")]
    [InlineData(false, true, "telelaunch: in: 4711 Web.Shop, .NET 10.0.12\n")]
    public void ApplicationThatIsIn_IsSaid_WithVerboseOrTrace(bool verbose, bool trace, string said)
    {
        using var errors = new MemoryStream();
        using (var log = new SessionLog(new ReportOptions(verbose, null, trace, ProgressStyle.Plain), new Screen(new MemoryStream(), errors), TimeProvider.System))
            log.Record(new HelloRecord(Time, HelloSource.StartupHook, 4711, "web", 0, 0, ".NET 10.0.12", "Web.Shop"));
        Assert.Equal(said, Encoding.UTF8.GetString(errors.ToArray()));
    }
}
