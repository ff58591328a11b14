using System.Net;
using Telelaunch.Routing.Resolver;

namespace Telelaunch.Routing.Tests.Resolver;

public class ResolvConfTests
{
    private static readonly SplitNames Names = new(["default.svc.cluster.local", "svc.cluster.local", "cluster.local"], []);

    [Theory]
    [InlineData("nameserver 1.1.1.1\nnameserver 2.2.2.2\nnameserver 3.3.3.3\nnameserver 4.4.4.4\n", "1.1.1.1 2.2.2.2 3.3.3.3")]
    [InlineData("# nameserver 9.9.9.9\n;nameserver 9.9.9.9\n nameserver 9.9.9.9\nnameserver\t2001:db8::1 \r\n", "2001:db8::1")]
    [InlineData("nameserver nonsense\nnameserver 1.1.1.1", "1.1.1.1")]
    [InlineData("search example\n", "127.0.0.1")]
    [InlineData("", "127.0.0.1")]
    [InlineData("nameserver 127.84.53.53\n", "")]
    public void Upstreams_AreThoseThatTheCLibraryAsks(string text, string servers) =>
        Assert.Equal(servers.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(IPAddress.Parse), ResolvConf.Parse(text).Upstreams);

    [Fact]
    public void InFront_HasTheSplitServerAlone_AndKeepsTheMachinesOptions()
    {
        string text = ResolvConf.Parse("search a.example b.example\nnameserver 1.1.1.1\noptions ndots:2 rotate\noptions edns0 trust-ad\nsortlist 10.0.0.0/8\n").InFront(Names, "process 7", "host");

        Assert.Equal(
            """
            nameserver 127.84.53.53
            search default.svc.cluster.local svc.cluster.local cluster.local a.example b.example
            options ndots:2 edns0 trust-ad
            sortlist 10.0.0.0/8

            """,
            string.Join('\n', text.Split('\n').Where(line => !line.StartsWith('#'))));
        Assert.Contains("process 7", text, StringComparison.Ordinal);
        Assert.Contains("sudo telelaunch restore --host", text, StringComparison.Ordinal);
        Assert.True(ResolvConf.IsOurs(text));
    }

    [Theory]
    [InlineData("", "box.corp.example", "default.svc.cluster.local svc.cluster.local cluster.local corp.example")]
    [InlineData("domain corp.example", "box", "default.svc.cluster.local svc.cluster.local cluster.local corp.example")]
    [InlineData("search .", "box.corp.example", "default.svc.cluster.local svc.cluster.local cluster.local")]
    [InlineData("search cluster.local a", "box", "default.svc.cluster.local svc.cluster.local cluster.local a")]
    [InlineData("search a b c d", "box", "default.svc.cluster.local svc.cluster.local a b c d")]
    [InlineData("search a b c d e f g", "box", "default.svc.cluster.local a b c d e f g")]
    [InlineData("search a b c d cluster.local", "box", "default.svc.cluster.local svc.cluster.local a b c d cluster.local")]
    public void Search_HasThePodsDomainsFirst_AndNoneOfTheMachinesIsLost(string original, string hostName, string search) =>
        Assert.Contains($"\nsearch {search}\n", ResolvConf.Parse(original).InFront(Names, "", hostName), StringComparison.Ordinal);

    [Fact]
    public void Search_DoesNotGrowPastWhatMuslReads()
    {
        string own = new string('a', 60) + ".example " + new string('b', 60) + ".example " + new string('c', 60) + ".example";

        string line = ResolvConf.Parse("search " + own).InFront(Names, "", "box").Split('\n').Single(line => line.StartsWith("search ", StringComparison.Ordinal));

        Assert.Equal($"search default.svc.cluster.local svc.cluster.local {own}", line);
        Assert.True(line.Length - "search ".Length <= 255);
    }
}
