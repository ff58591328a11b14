using System.Net;

namespace Telelaunch.Net.Tests;

public class AddressRangesTests
{
    private static readonly AddressRanges Ranges = AddressRanges.Create(
        [AddressRange.Parse("10.0.0.0/8"), AddressRange.Parse("10.9.9.9"), AddressRange.Parse("fd00::/16")],
        [AddressRange.Parse("10.9.0.0/16"), AddressRange.Parse("fd00:1::/32")]);

    [Theory]
    [InlineData("10.1.2.3", RangeKind.Cluster)]
    [InlineData("10.9.2.3", RangeKind.Never)]
    [InlineData("10.9.9.9", RangeKind.Cluster)]
    [InlineData("::ffff:10.9.2.3", RangeKind.Never)]
    [InlineData("fd00::1", RangeKind.Cluster)]
    [InlineData("fd00:1::1", RangeKind.Never)]
    public void Judge_TheLongestPrefixDecides(string address, RangeKind expected) => Assert.Equal(expected, Ranges.Judge(IPAddress.Parse(address)));

    [Theory]
    [InlineData("192.168.0.1")]
    [InlineData("2001:db8::1")]
    public void Judge_OutsideAllRanges_IsNull(string address) => Assert.Null(Ranges.Judge(IPAddress.Parse(address)));

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("127.84.0.1")]
    [InlineData("0.0.0.0")]
    [InlineData("169.254.169.254")]
    [InlineData("224.0.0.251")]
    [InlineData("239.255.255.250")]
    [InlineData("255.255.255.255")]
    [InlineData("::ffff:127.0.0.1")]
    [InlineData("::1")]
    [InlineData("::")]
    [InlineData("fe80::1")]
    [InlineData("ff02::fb")]
    public void Judge_WhatNeverLeavesTheHost_IsNever(string address)
    {
        AddressRanges all = AddressRanges.Create([AddressRange.Parse("0.0.0.0/0"), AddressRange.Parse("::/0")], []);
        Assert.Equal(RangeKind.Never, all.Judge(IPAddress.Parse(address)));
    }

    [Fact]
    public void Create_SameRangeInBoth_IsNever()
    {
        AddressRange range = AddressRange.Parse("10.0.0.0/8");
        Assert.Equal(new KindedRange(range, RangeKind.Never), Assert.Single(AddressRanges.Create([range, range], [range]).All));
    }

    [Fact]
    public void FindOverlaps_NamesBoth_AndLeavesNeverRangesOut()
    {
        var docker = new NamedRange("docker0", AddressRange.Parse("10.9.1.0/24"));
        var lan = new NamedRange("eth0", AddressRange.Parse("192.168.1.0/24"));

        RangeOverlap overlap = Assert.Single(Ranges.FindOverlaps([docker, lan]));

        Assert.Equal(new RangeOverlap(AddressRange.Parse("10.0.0.0/8"), docker), overlap);
    }
}
