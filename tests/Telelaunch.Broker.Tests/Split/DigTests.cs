using Telelaunch.Net.Dns;
using Telelaunch.Net.Tests.Dns;

namespace Telelaunch.Broker.Tests.Split;

/// <summary>The real dig (bind9-dnsutils) asks; it refuses what isn't DNS.</summary>
public class DigTests
{
    [Theory]
    [InlineData("hello A", "10.96.0.1")]
    [InlineData("hello AAAA", "fd00:10:96::1")]
    [InlineData("hello.default A", "10.96.0.1")]
    [InlineData("web.shop A", "10.96.0.2")]
    [InlineData("web.shop.svc A", "10.96.0.2")]
    [InlineData("hello.default.svc.cluster.local A", "10.96.0.1")]
    [InlineData("hello.default.svc.cluster.local. AAAA", "fd00:10:96::1")]
    [InlineData("_http._tcp.hello.default.svc.cluster.local SRV", "0 100 80 hello.default.svc.cluster.local.")]
    [InlineData("_http._tcp.hello SRV", "0 100 80 hello.default.svc.cluster.local.")]
    [InlineData("_http._tcp.hello.default SRV", "0 100 80 hello.default.svc.cluster.local.")]
    [InlineData("-x 10.96.0.1", "hello.default.svc.cluster.local.")]
    [InlineData("text.default.svc.cluster.local TXT", "\"a text\"")]
    [InlineData("text.default TXT", "\"a text\"")]
    [InlineData("www.example.net A", "192.0.2.80")]
    public async Task Answers_ByUdpAndTcp(string question, string expected)
    {
        await using TestSplit split = TestSplit.Start();
        split.AddServices();
        split.Cluster.Add("text.default.svc.cluster.local", RecordType.TXT, TestNameServer.Text("a text"));
        split.Upstream.Add("www.example.net", "192.0.2.80");

        Assert.Equal(expected, Last(await split.DigAsync($"+short {question}")));
        Assert.Equal(expected, Last(await split.DigAsync($"+short +tcp {question}")));
        Assert.Equal(expected, Last(await split.DigAsync($"+short +noedns {question}")));
        string whole = (await split.DigAsync(question)).Replace(";; WARNING: .local is reserved for Multicast DNS", "", StringComparison.Ordinal);
        Assert.Contains("status: NOERROR", whole, StringComparison.Ordinal);
        Assert.DoesNotContain("WARNING", whole, StringComparison.Ordinal);
        Assert.DoesNotContain("mismatch", whole, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("hello HTTPS", "NOERROR")]
    [InlineData("hello.default.svc.cluster.local HTTPS", "NOERROR")]
    [InlineData("hello.default.svc.cluster.local SVCB", "NOERROR")]
    [InlineData("hello MX", "NOERROR")]
    [InlineData("hello.default.svc.cluster.local MX", "NOERROR")]
    [InlineData("nobody.default.svc.cluster.local A", "NXDOMAIN")]
    [InlineData("nobody.default.svc.cluster.local MX", "NXDOMAIN")]
    [InlineData("nobody A", "NXDOMAIN")]
    [InlineData("-x 10.96.0.77", "NXDOMAIN")]
    [InlineData("hello.default.svc.cluster.local A +edns=1 +noednsneg", "BADVERS")]
    public async Task NoDataAndNoName_AreToldApart(string question, string status)
    {
        await using TestSplit split = TestSplit.Start();
        split.AddServices();
        string answer = await split.DigAsync(question);

        Assert.Contains($"status: {status}", answer, StringComparison.Ordinal);
        Assert.Contains("ANSWER: 0", answer, StringComparison.Ordinal);
        Assert.Contains("OPT PSEUDOSECTION", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AliasChain_LeadsToItsEnd()
    {
        await using TestSplit split = TestSplit.Start();
        split.Cluster.Add("db.default.svc.cluster.local", RecordType.CNAME, TestNameServer.Name("db.prod.example"));
        split.Cluster.Add("db.prod.example", RecordType.CNAME, TestNameServer.Name("db-1.prod.example"));
        split.Cluster.Add("db-1.prod.example", "198.51.100.4");

        Assert.Equal("db-1.prod.example.\n198.51.100.4", await split.DigAsync("+short db A"));
        Assert.Equal("db-1.prod.example.\n198.51.100.4", await split.DigAsync("+short +tcp db.default.svc.cluster.local A"));
        Assert.Equal("db.prod.example.", await split.DigAsync("+short db.default.svc.cluster.local CNAME"));
        Assert.Equal(["+198.51.100.4"], split.Routed);
    }

    [Theory]
    [InlineData("many.default.svc.cluster.local A", 300)]
    [InlineData("many A", 300)]
    [InlineData("many.default.svc.cluster.local TXT", 100)]
    [InlineData("many TXT", 100)]
    [InlineData("many.example.net TXT", 100)]
    public async Task BigAnswer_IsCutByUdp_AndWholeByTcp(string question, int records)
    {
        await using TestSplit split = TestSplit.Start();
        for (int i = 0; i < 300; i++)
            split.Cluster.Add("many.default.svc.cluster.local", $"10.96.{i / 250}.{i % 250}");
        for (int i = 0; i < 100; i++)
        {
            split.Cluster.Add("many.default.svc.cluster.local", RecordType.TXT, TestNameServer.Text($"text {i} {new string('x', 100)}"));
            split.Upstream.Add("many.example.net", RecordType.TXT, TestNameServer.Text($"text {i} {new string('x', 100)}"));
        }

        string cut = await split.DigAsync($"+ignore {question}");
        Assert.Contains(" tc ", cut, StringComparison.Ordinal);
        Assert.InRange(int.Parse(cut.Split("MSG SIZE  rcvd: ")[1].Split('\n')[0]), 12, 1232);
        string plain = await split.DigAsync($"+ignore +noedns {question}");
        Assert.InRange(int.Parse(plain.Split("MSG SIZE  rcvd: ")[1].Split('\n')[0]), 12, 512);

        // dig comes again by TCP by itself.
        Assert.Equal(records, (await split.DigAsync($"+short {question}")).Split('\n').Count(line => !line.EndsWith(".local.", StringComparison.Ordinal)));
        Assert.Contains("retrying in TCP", await split.DigAsync(question), StringComparison.Ordinal);
    }

    // Aliases stand before what they lead to.
    private static string Last(string output) => output.Split('\n')[^1];
}
