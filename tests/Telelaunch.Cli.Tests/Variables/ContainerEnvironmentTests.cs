using System.Text;
using Telelaunch.Cli.Variables;

namespace Telelaunch.Cli.Tests.Variables;

public sealed class ContainerEnvironmentTests
{
    [Theory]
    [InlineData("A=1\0B=\0C=a=b\0", "A=1|B=|C=a=b")]
    [InlineData("B=2\0A=1\0B=3\0", "B=2|A=1")]
    [InlineData("A=first\nB=second\0", "A=first\nB=second")]
    [InlineData("odd\0=x\0\0A=1\0", "A=1")]
    [InlineData("A=1\0B=cut", "A=1")]
    [InlineData("", "")]
    public void Block_IsReadAsGetenvWould(string block, string entries) => Assert.Equal(entries, Entries(Of(block)));

    [Theory]
    [InlineData("A=agent\0", "A=image\0B=image\0", "A=agent|B=image")]
    [InlineData("", "B=1\0A=2\0", "B=1|A=2")]
    [InlineData("A=1\0", "", "A=1")]
    public void WhatBothHave_IsTheFirstOnes_AndTheOthersComeBehind(string agent, string image, string entries) => Assert.Equal(entries, Entries(Of(agent).With(Of(image), [])));

    [Fact]
    public void WhatTheWorkloadHasOtherwise_IsItsOwn_InItsPlace() =>
        Assert.Equal("CPU=4|A=agent|B=image", Entries(Of("CPU=1\0A=agent\0").With(Of("A=image\0B=image\0CPU=4\0"), ["CPU", "MEMORY"])));

    [Fact]
    public void NamesThatAreNoText_StayDifferent()
    {
        var environment = ContainerEnvironment.Of([0xff, (byte)'=', 1, 0, 0xfe, (byte)'=', 2, 0]);
        Assert.Equal(2, environment.Variables.Count);
        Assert.Equal(@"\xff", environment.Variables[0].ShownName);
    }

    [Fact]
    public void Variable_NeverShowsItsValue() => Assert.DoesNotContain("hunter2", $"{ContainerVariable.OfText("PASSWORD", "hunter2")}", StringComparison.Ordinal);

    internal static ContainerEnvironment Of(string block) => ContainerEnvironment.Of(Encoding.UTF8.GetBytes(block));

    internal static string Entries(ContainerEnvironment environment) => string.Join('|', environment.Variables.Select(variable => Encoding.UTF8.GetString(variable.Entry)));
}
