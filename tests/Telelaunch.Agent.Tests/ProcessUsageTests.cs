namespace Telelaunch.Agent.Tests;

public sealed class ProcessUsageTests
{
    [Fact]
    public void StatusIsRead()
    {
        ProcessUsage usage = ProcessUsage.Parse(12, ["Name:\ttelelaunch-agent", "VmRSS:\t   23456 kB", "Threads:\t9", "Groups:\t", ""]);
        Assert.Equal(new ProcessUsage(12, 9, 23456), usage);
        Assert.Equal("descriptors 12\nthreads 9\nresident-kib 23456", usage.ToString());
    }

    [Fact]
    public void OwnProcess_HoldsSomething()
    {
        ProcessUsage usage = ProcessUsage.Read("/proc/self");
        Assert.True(usage is { Descriptors: > 2, Threads: > 0, ResidentKibibytes: > 1024 }, usage.ToString());
    }
}
