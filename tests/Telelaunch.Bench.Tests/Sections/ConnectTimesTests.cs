using Telelaunch.Bench.Routes;
using Telelaunch.Bench.Sections;

namespace Telelaunch.Bench.Tests.Sections;

public sealed class ConnectTimesTests
{
    [Fact]
    public async Task ValueIsOfAllConnects_RatioOfTheRounds()
    {
        await using var own = await RouteAsync("telelaunch-ssh", "ssh");
        await using var peer = await RouteAsync("ssh -R", null);
        // In the second round the machine is ten times as slow for both.
        var times = new ConnectTimes(new() { [own] = [[2, 2, 4], [20, 20, 40], [2, 2, 4]], [peer] = [[1, 1, 1], [10, 10, 10], [1, 1, 1]] });

        var rows = times.Rows(50, route => route.Carrier is null ? [] : [new("ssh -R", null)], route => $"reverse/{route.Id}/ask", 20).ToList();

        Assert.Equal(["reverse/telelaunch-ssh/ask/20ms/p50/vs-ssh-R", "reverse/ssh-R/ask/20ms/p50"], rows.Select(row => row.Id));
        Assert.Equal((4, 2.0, "ssh -R", 20), (rows[0].Value, rows[0].Ratio, rows[0].Peer, rows[0].DistanceMs));
        Assert.Equal((1, null), (rows[1].Value, rows[1].Ratio));
        Assert.Equal(40, times.Of(own, 99));
    }

    [Theory]
    [InlineData("down", "up")]
    [InlineData("up", "down")]
    public void CallerInTheCluster_SeesDirectionsTheOtherWayRound(string direction, string seen) => Assert.Equal(seen, ReverseSection.AsCallerSees(direction));

    // A route needs an application, and any process that says that it is ready is one.
    private static async Task<Route> RouteAsync(string name, string? carrier)
    {
        var app = await Application.AttachAsync(ChildProcess.Start("sh", ["-c", "echo ok ready; cat"]), CancellationToken.None);
        return new(name, name, app, default, default) { Carrier = carrier };
    }
}
