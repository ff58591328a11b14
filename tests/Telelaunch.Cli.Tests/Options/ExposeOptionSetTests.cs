using System.CommandLine;
using Telelaunch.Broker.Ports;
using Telelaunch.Cli.Options;
using Telelaunch.Cli.Output;

namespace Telelaunch.Cli.Tests.Options;

public sealed class ExposeOptionSetTests
{
    [Fact]
    public void LocalPortComesFirst_AndAloneIsBoth()
    {
        var options = Read("--expose", "8080:80", "--expose", "9090", "--from-pod", "5000:5001", "--to-pod", "5432,6379", "--to-pod", "5432");

        Assert.Equal(
            [new ExposedPort(8080, 80, ExposeOrigin.Asked), new ExposedPort(9090, 9090, ExposeOrigin.Asked), new ExposedPort(5000, 5001, ExposeOrigin.FromPod)],
            options.Ports);
        Assert.Equal([5432, 6379], options.ToPod);
        Assert.False(options.FollowsCommand);
    }

    [Fact]
    public void Auto_StandsBesidePorts()
    {
        var options = Read("--expose", "auto", "--expose", "8080:80");
        Assert.True(options.FollowsCommand);
        Assert.Single(options.Ports);
    }

    [Fact]
    public void OneLocalPort_MayServeSeveralOfThePod() => Assert.Equal(2, Read("--expose", "8080:80", "--expose", "8080:81").Ports.Count);

    [Fact]
    public void DeclaredPorts_LeadToTheSamePort_UnlessAnOptionNamesThem()
    {
        var options = Read("--expose", "8080:80").WithDeclared([80, 443, 443]);
        Assert.Equal([new ExposedPort(8080, 80, ExposeOrigin.Asked), new ExposedPort(443, 443, ExposeOrigin.Declared)], options.Ports);
    }

    [Fact]
    public void PortsToThePod_AreAsManyAsTheTableHolds()
    {
        Assert.Equal(62, Read("--to-pod", string.Join(',', Enumerable.Range(1000, 62))).ToPod.Count);
        Assert.Equal("too-many-pod-ports", Assert.Throws<CommandLineException>(() => Read("--to-pod", string.Join(',', Enumerable.Range(1000, 63)))).Code);
    }

    private static ExposeOptions Read(params string[] arguments)
    {
        var set = new ExposeOptionSet();
        var command = new Command("run");
        set.AddTo(command);
        return set.Read(command.Parse(arguments));
    }
}
