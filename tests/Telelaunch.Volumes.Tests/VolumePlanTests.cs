namespace Telelaunch.Volumes.Tests;

public sealed class VolumePlanTests
{
    private static readonly PodVolume Config = new("/etc/config", "/telelaunch/volumes/etc/config", IsSmall: true, IsReadOnly: true);
    private static readonly PodVolume Data = new("/data/", "/telelaunch/volumes/data", IsSmall: false, IsReadOnly: false);
    private static readonly PodVolume Shared = new("/shared", "/telelaunch/volumes/shared", IsSmall: false, IsReadOnly: true);

    [Fact]
    public void Unasked_SmallVolumesAreShown_AndOthersLeftOut()
    {
        VolumePlan plan = VolumePlan.Of([Config, Data], VolumeChoice.Small, areWritable: false, []);

        Assert.Equal("/etc/config", Assert.Single(plan.Shown).Mount.Path);
        Assert.False(plan.Shown[0].Mount.IsOnDemand);
        Assert.Equal("/data", Assert.Single(plan.LeftOut).MountPath);
    }

    [Fact]
    public void False_ShowsNothing() => Assert.Empty(VolumePlan.Of([Config, Data], VolumeChoice.None, areWritable: false, []).Shown);

    [Fact]
    public void True_ShowsLargeOnesOnDemand_AndReadOnly()
    {
        VolumePlan plan = VolumePlan.Of([Config, Data], VolumeChoice.All, areWritable: false, []);

        Assert.Empty(plan.LeftOut);
        Assert.True(plan.Shown[1].Mount is { IsOnDemand: true, IsWritable: false, IsAtOwnPath: true });
    }

    [Fact]
    public void Writable_AreThoseThatTheWorkloadCanWriteTo()
    {
        VolumePlan plan = VolumePlan.Of([Config, Data, Shared], VolumeChoice.All, areWritable: true, []);

        Assert.Equal([false, true, false], plan.Shown.Select(shown => shown.Mount.IsWritable));
    }

    [Theory]
    [InlineData("/tmp", false)]
    [InlineData("/tmp/cache", true)]
    [InlineData("/dev/shm", false)]
    [InlineData("/src", false)]
    [InlineData("/src/app", false)]
    [InlineData("/src/app/data", true)]
    [InlineData("/sr", true)]
    public void PathInUseOnThisMachine_StaysTheMachines(string path, bool isAtOwnPath)
    {
        VolumePlan plan = VolumePlan.Of([Data with { MountPath = path }], VolumeChoice.All, areWritable: false, ["/src/app"]);

        Assert.Equal(isAtOwnPath, plan.Shown[0].Mount.IsAtOwnPath);
    }
}
