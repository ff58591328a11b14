using System.Net;

namespace Telelaunch.Net.Tests;

public class AddressRangeTests
{
    [Theory]
    [InlineData("10.96.0.0/12", "10.96.0.0/12")]
    [InlineData("10.100.3.4/12", "10.96.0.0/12")]
    [InlineData("10.96.0.10", "10.96.0.10/32")]
    [InlineData("fd00:10:96::/108", "fd00:10:96::/108")]
    [InlineData("::ffff:10.96.0.10", "10.96.0.10/32")]
    [InlineData("0.0.0.0/0", "0.0.0.0/0")]
    public void Parse_ClearsHostBits(string text, string expected) => Assert.Equal(expected, AddressRange.Parse(text).ToString());

    [Theory]
    [InlineData("")]
    [InlineData("10.96")]
    [InlineData("10.96.0.0/33")]
    [InlineData("10.96.0.0/-1")]
    [InlineData("10.96.0.0/")]
    [InlineData("10.96.0.0/+8")]
    [InlineData("fd00::/129")]
    [InlineData("fe80::1%eth0")]
    [InlineData("hello/24")]
    public void Parse_Nonsense_IsAUsageErrorThatQuotesIt(string text)
    {
        UsageException error = Assert.Throws<UsageException>(() => AddressRange.Parse(text));
        Assert.Equal("cidr-invalid", error.Code);
        Assert.Contains($"\"{text}\"", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("10.96.0.0/12", "10.111.255.255", true)]
    [InlineData("10.96.0.0/12", "10.112.0.0", false)]
    [InlineData("10.96.0.0/12", "::ffff:10.96.0.1", true)]
    [InlineData("fd00::/64", "fd00::5", true)]
    [InlineData("fd00::/64", "10.96.0.1", false)]
    public void Contains_JudgesMappedAddressesAsIPv4(string range, string address, bool expected) =>
        Assert.Equal(expected, AddressRange.Parse(range).Contains(IPAddress.Parse(address)));

    [Theory]
    [InlineData("10.0.0.0/8", "10.96.0.0/12", true)]
    [InlineData("10.96.0.0/12", "10.0.0.0/8", true)]
    [InlineData("10.96.0.0/12", "10.112.0.0/12", false)]
    [InlineData("10.96.0.0/12", "fd00::/8", false)]
    public void Overlaps_IsSymmetric(string left, string right, bool expected)
    {
        Assert.Equal(expected, AddressRange.Parse(left).Overlaps(AddressRange.Parse(right)));
        Assert.Equal(expected, AddressRange.Parse(right).Overlaps(AddressRange.Parse(left)));
    }
}
