using Telelaunch.Cli.Options;
using Telelaunch.Cli.Output;

namespace Telelaunch.Cli.Tests.Options;

public sealed class OptionValuesTests
{
    [Theory]
    [InlineData("90s", 90)]
    [InlineData("2m", 120)]
    [InlineData("1m30s", 90)]
    [InlineData("1h", 3600)]
    [InlineData("0.5m", 30)]
    public void Duration_IsReadAsKubectlDoes(string text, double seconds) => Assert.Equal(seconds, OptionValues.Duration("--x", text).TotalSeconds);

    [Theory]
    [InlineData("")]
    [InlineData("90")]
    [InlineData("1m 30s")]
    [InlineData("-5s")]
    [InlineData("0s")]
    public void OtherDurations_AreRefused(string text) => Assert.Throws<CommandLineException>(() => OptionValues.Duration("--x", text));

    [Theory]
    [InlineData(null, 7)]
    [InlineData("1", 1)]
    [InlineData("4", 4)]
    public void Number_IsReadWithinItsBounds(string? text, int number) => Assert.Equal(number, OptionValues.Number("--x", text, absent: 7, least: 1, most: 4));

    [Theory]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("5")]
    [InlineData("-1")]
    [InlineData("two")]
    [InlineData("99999999999")]
    public void OtherNumbers_AreRefused(string text) => Assert.Throws<CommandLineException>(() => OptionValues.Number("--x", text, absent: 7, least: 1, most: 4));

    [Theory]
    [InlineData("db.Example.com.", "db.example.com")]
    [InlineData("_sip._tcp.example.com", "_sip._tcp.example.com")]
    [InlineData("10.example.com", "10.example.com")]
    public void HostName_IsLowerCasedWithoutDot(string text, string name) => Assert.Equal(name, OptionValues.HostName("--x", text));

    [Theory]
    [InlineData("10.0.0.0.0")]
    [InlineData("a..b")]
    [InlineData("-a")]
    [InlineData("a/8")]
    public void OtherHostNames_AreRefused(string text) => Assert.Throws<CommandLineException>(() => OptionValues.HostName("--x", text));
}
