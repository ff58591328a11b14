using System.Diagnostics;

namespace Telelaunch.Broker.Tests;

/// <summary>What isn't the cluster's: the same result, the same errno, and no request to the broker.</summary>
public class OutsideTests
{
    private static readonly string Script = Path.Combine(AppContext.BaseDirectory, "Programs", "outside.py");

    [Fact]
    public async Task NotCluster_LooksTheSameAsWithoutTheShim_AndAsksNothing()
    {
        await using TestSession session = await TestSession.StartAsync();
        await using ShimProgram program = session.Start("python3", Script);

        string[] within = await program.FinishAsync();

        Assert.Equal(await RunBareAsync(), within);
        Assert.Equal(0, session.Broker.ControlRequests);
        Assert.False(session.Dialer.HasMore);
        Assert.Empty(session.TakeRecords());
    }

    [Fact]
    public async Task Cluster_IsCounted_SoThatTheTestAboveCanFail()
    {
        await using TestSession session = await TestSession.StartAsync();
        await using ShimProgram program = session.Start(ShimProgram.Connector, "blocking", "10.96.0.1", "80");
        (await session.Dialer.NextAsync()).Fail(Telelaunch.Net.Errno.ECONNREFUSED);
        await program.FinishAsync();

        Assert.NotEqual(0, session.Broker.ControlRequests);
    }

    [Fact]
    public async Task NeverProxy_StaysOutside()
    {
        await using TestSession session = await TestSession.StartAsync(options => options with
        {
            ClusterRanges = [Telelaunch.Net.AddressRange.Parse("198.18.0.0/15")],
            NeverProxy = [Telelaunch.Net.AddressRange.Parse("198.18.0.0/16")],
        });
        await using ShimProgram outside = session.Start(ShimProgram.Connector, "poll", "198.18.0.1", "80");
        await using ShimProgram inside = session.Start(ShimProgram.Connector, "blocking", "198.19.0.1", "80");

        Assert.Equal("198.19.0.1", (await session.Dialer.NextAsync()).Destination.Address.ToString());
        await outside.LineAsync();
        Assert.False(session.Dialer.HasMore);
    }

    private static async Task<string[]> RunBareAsync()
    {
        using Process bare = Process.Start(new ProcessStartInfo("python3", Script) { RedirectStandardOutput = true })!;
        string output = await bare.StandardOutput.ReadToEndAsync().WaitAsync(ShimProgram.Patience);
        await bare.WaitForExitAsync().WaitAsync(ShimProgram.Patience);
        Assert.Equal(0, bare.ExitCode);
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
