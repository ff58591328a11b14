using Telelaunch.Bench.Cluster;

namespace Telelaunch.Bench.Tests.Cluster;

public sealed class ReplicaWatchTests
{
    [Theory]
    [InlineData("", 0)]
    [InlineData("1", 1)]
    [InlineData(" 12 ", 12)]
    [InlineData("error: you must be logged in", null)]
    public void Count_IsTheNumber_AndNothingIsNone(string line, int? count) => Assert.Equal(count, ReplicaWatch.Count(line));
}
