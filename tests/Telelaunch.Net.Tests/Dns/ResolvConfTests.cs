using Telelaunch.Net.Dns;

namespace Telelaunch.Net.Tests.Dns;

public sealed class ResolvConfTests
{
    [Fact]
    public void KubeletsFile_IsRead()
    {
        ResolvConf conf = ResolvConf.Parse("search default.svc.cluster.local svc.cluster.local.\nnameserver 10.96.0.10\noptions ndots:5 rotate timeout:3\n");
        Assert.Equal(["10.96.0.10"], conf.NameServers.Select(server => server.ToString()));
        Assert.Equal(["default.svc.cluster.local", "svc.cluster.local"], conf.SearchDomains);
        Assert.Equal((5, TimeSpan.FromSeconds(3), 2), (conf.Ndots, conf.Timeout, conf.Attempts));
    }

    [Fact]
    public void EmptyFile_MeansTheLocalServerAndTheDefaults()
    {
        ResolvConf conf = ResolvConf.Parse("");
        Assert.Equal(["127.0.0.1"], conf.NameServers.Select(server => server.ToString()));
        Assert.Equal((1, TimeSpan.FromSeconds(5), 2), (conf.Ndots, conf.Timeout, conf.Attempts));
    }

    [Fact]
    public void LimitsAndComments_AreThoseOfTheManPage()
    {
        ResolvConf conf = ResolvConf.Parse("""
            ; a comment
            # another
            nameserver 1.1.1.1
            nameserver nonsense
            nameserver fd00::10
            nameserver 2.2.2.2
            nameserver 3.3.3.3
            domain first.example
            search second.example
            options ndots:99 timeout:99 attempts:99
            """);
        Assert.Equal(["1.1.1.1", "fd00::10", "2.2.2.2"], conf.NameServers.Select(server => server.ToString()));
        Assert.Equal(["second.example"], conf.SearchDomains);
        Assert.Equal((15, TimeSpan.FromSeconds(30), 5), (conf.Ndots, conf.Timeout, conf.Attempts));
    }
}
