using System.Net;
using Telelaunch.Playground.Commands;

namespace Telelaunch.Playground.Tests.Commands;

public sealed class OptionsTests
{
    [Theory]
    [InlineData("127.0.0.2", "127.0.0.2:53")]
    [InlineData("127.0.0.2:5353", "127.0.0.2:5353")]
    [InlineData("::1", "[::1]:53")]
    [InlineData("[::1]:5353", "[::1]:5353")]
    public async Task DnsUpstream_ReachesTheNodeThroughTheDaemonsCommandLine(string given, string expected)
    {
        var daemon = Options.Parse([.. UpCommand.DaemonArguments(Options.Parse(["up", "--dns-upstream", given]), "7")]);

        Assert.Equal([IPEndPoint.Parse(expected)], await Daemon.ResolveAsync(daemon.DnsUpstream, CancellationToken.None));
    }

    [Fact]
    public async Task DnsUpstream_IsTheHosts_UnlessGiven()
    {
        var daemon = Options.Parse([.. UpCommand.DaemonArguments(Options.Parse(["up"]), "7")]);

        Assert.Null(await Daemon.ResolveAsync(daemon.DnsUpstream, CancellationToken.None));
    }

    [Fact]
    public void DnsUpstream_MayBeAName() =>
        Assert.Equal(new DnsEndPoint("resolver.example", 53), Options.Parse(["up", "--dns-upstream", "resolver.example"]).DnsUpstream);

    [Theory]
    [InlineData("")]
    [InlineData("127.0.0.2:65536")]
    [InlineData("resolver.example:")]
    [InlineData("resolver.example:0")]
    [InlineData("two words")]
    public void DnsUpstreamThatIsNone_IsRefused(string given) =>
        Assert.Throws<FormatException>(() => Options.Parse(["up", "--dns-upstream", given]));
}
