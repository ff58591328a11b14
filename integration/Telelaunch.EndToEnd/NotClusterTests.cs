using Xunit;

namespace Telelaunch.EndToEnd;

/// <summary>What isn't the cluster's is exactly what it was, and nobody is asked about it.</summary>
[Collection(TestCluster.Name)]
public sealed class NotClusterTests(TestCluster cluster)
{
    [Fact]
    public async Task SameResultsAndNoRequestToTheBroker()
    {
        var log = Path.Combine(cluster.Scratch, "not-cluster.log");
        await using var outside = await ProcessRun.CompleteAsync("python3", [Programs.Source("not_cluster.py")]);
        await using var inside = await cluster.TelelaunchAsync(["run", "--trace", "--log-file", log, "--", "python3", Programs.Source("not_cluster.py")]);

        Assert.True(outside.ExitCode == 0, outside.ToString());
        Assert.Equal(outside.Output, inside.Output);
        Assert.DoesNotContain(await File.ReadAllLinesAsync(log), line => line.Contains("python3", StringComparison.Ordinal));
    }

    [Fact]
    public async Task WithoutTelelaunch_TheClusterCannotBeReached()
    {
        // What works without Telelaunch would prove nothing.
        await using var name = await ProcessRun.CompleteAsync("curl", ["-sS", "--max-time", "5", "http://hello/"]);
        await using var address = await ProcessRun.CompleteAsync("curl", ["-sS", "--max-time", "5", $"http://{await cluster.ClusterAddressAsync("hello")}/"]);
        // Not the exit code: somebody else on this machine's network may answer for any address.
        Assert.DoesNotContain("hello from the cluster", name.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("hello from the cluster", address.Output, StringComparison.Ordinal);
    }
}
