using Telelaunch.Targets.Dotnet;
using Xunit;

namespace Telelaunch.Targets.Tests.Dotnet;

public sealed class RollForwardTests
{
    [Theory]
    [InlineData("8.0.3", RollForward.Minor, "8.0.9")]
    [InlineData("8.0.3", RollForward.LatestPatch, "8.0.9")]
    [InlineData("8.0.3", RollForward.Disable, null)]
    [InlineData("8.0.9", RollForward.Disable, "8.0.9")]
    [InlineData("8.0.10", RollForward.LatestPatch, null)]
    [InlineData("8.0.10", RollForward.Minor, "8.1.2")]
    [InlineData("8.0.3", RollForward.LatestMinor, "8.2.0")]
    [InlineData("8.3.0", RollForward.Minor, null)]
    [InlineData("7.0.0", RollForward.Minor, null)]
    [InlineData("7.0.0", RollForward.Major, "8.0.9")]
    [InlineData("8.3.0", RollForward.Major, "10.0.1")]
    [InlineData("7.0.0", RollForward.LatestMajor, "10.0.1")]
    // A prerelease comes before its release: it doesn't do for who asks for that.
    [InlineData("11.0.0", RollForward.LatestMajor, null)]
    [InlineData("11.0.0-preview.2", RollForward.Minor, "11.0.0-rc.1")]
    public void Version_IsTakenAsTheHostDoes(string asked, RollForward rollForward, string? expected)
    {
        Assert.True(RuntimeVersion.TryParse(asked, out var version));
        RuntimeVersion[] installed = [.. ((string[])["10.0.1", "8.2.0", "8.0.9", "8.0.5", "8.1.2", "8.1.0", "11.0.0-rc.1"]).Select(Parse)];
        var chosen = new FrameworkReference("Microsoft.NETCore.App", version).Choose(installed, rollForward);
        Assert.Equal(expected, chosen?.ToString());
    }

    [Fact]
    public void Prereleases_AreOrderedByTheirParts()
    {
        string[] ordered = ["10.0.0-alpha", "10.0.0-preview.2.9", "10.0.0-preview.2.10", "10.0.0-preview.11", "10.0.0-rc.1", "10.0.0", "10.0.1"];
        Assert.Equal(ordered, ordered.Reverse().Select(Parse).Order().Select(version => version.ToString()));
    }

    [Theory]
    [InlineData("10.0")]
    [InlineData("10.0.0.0")]
    [InlineData("10.-1.0")]
    [InlineData("99999999999.0.0")]
    [InlineData("")]
    public void OtherText_IsNoVersion(string text) => Assert.False(RuntimeVersion.TryParse(text, out _));

    private static RuntimeVersion Parse(string text) => RuntimeVersion.TryParse(text, out var version) ? version : throw new FormatException(text);
}
