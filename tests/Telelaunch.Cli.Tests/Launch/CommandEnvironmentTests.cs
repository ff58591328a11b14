using System.Text;
using Telelaunch.Cli.Launch;
using Telelaunch.Cli.Variables;

namespace Telelaunch.Cli.Tests.Launch;

public sealed class CommandEnvironmentTests
{
    [Fact]
    public void EntriesThatAreNoText_StayAsTheyAre()
    {
        var environment = CommandEnvironment.Of([.. "A="u8, 0xff, 0, .. "B=c"u8, 0]);
        Assert.Equal([0x41, 0x3d, 0xff], environment.Entries[0]);
        Assert.Equal("c", environment.Get("B"));
    }

    [Fact]
    public void Set_ReplacesEveryEntryOfThatName()
    {
        var environment = CommandEnvironment.Of("A=1\0AB=2\0A=3\0"u8);
        environment.Set("A", "4");
        Assert.Equal(["AB=2", "A=4"], environment.Entries.Select(Encoding.UTF8.GetString));
    }

    [Fact]
    public void Overlay_ReplacesWhatTheContainerHas_ByteForByte_AndTellsNoValue()
    {
        var environment = CommandEnvironment.Of("A=1\0AB=2\0odd\0A=3\0"u8);
        environment.Overlay(ContainerEnvironment.Of([.. "A="u8, 0xff, 0, .. "C=\n\0"u8]));
        Assert.Equal(["AB=2", "odd", "A=\u00ff", "C=\n"], environment.Entries.Select(Encoding.Latin1.GetString));
        Assert.Empty(environment.Changes);
    }

    [Theory]
    [InlineData("LD_PRELOAD=/a.so /b.so\0", "/a.so:/b.so")]
    [InlineData("LD_PRELOAD=/c/telelaunch/shim/0/libtelelaunch.so:/a.so\0", "/a.so")]
    [InlineData("LD_PRELOAD=/c/telelaunch/shim/0/libtelelaunch.so\0", null)]
    [InlineData("", null)]
    public void PreloadsOfOthers_AreWithoutAShimOfOurs(string block, string? others) =>
        Assert.Equal(others, CommandEnvironment.Of(Encoding.UTF8.GetBytes(block)).PreloadsOfOthers());
}
