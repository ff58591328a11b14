using Telelaunch.Bench.Routes;

namespace Telelaunch.Bench.Tests.Routes;

public sealed class LocalServerTests
{
    [Fact]
    public void EachHasPortsOfItsOwn_AndEverythingSpeaksOfThem()
    {
        var server = new LocalServer("/a/server.py");
        string bytes = $"{server.BytesPort}", greeting = $"{server.GreetingPort}";

        Assert.NotEqual(server.BytesPort, server.GreetingPort);
        Assert.Equal(["python3", "/a/server.py", "127.0.0.1", bytes, greeting, "l"], server.Command);
        Assert.Equal(["--expose", $"{bytes}:7001", "--expose", $"{greeting}:7002"], server.ExposeOptions);
        Assert.Equal(["-R", $"0.0.0.0:7001:127.0.0.1:{bytes}", "-R", $"0.0.0.0:7002:127.0.0.1:{greeting}"], server.RemoteForwards);
        Assert.All(server.ServedLines.Zip([bytes, greeting]), line => Assert.Contains($" {line.Second} is served by", line.First, StringComparison.Ordinal));
    }

    [Fact]
    public void FreePorts_AreDifferent() => Assert.Equal(50, FreePorts.Choose(50).Distinct().Count());
}
