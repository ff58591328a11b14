using System.Net;

namespace Telelaunch.Net.Tests;

public class RangeSubtractionTests
{
    [Theory]
    [InlineData("10.96.0.0/12", "", "10.96.0.0/12")]
    [InlineData("", "10.0.0.0/8", "")]
    [InlineData("10.96.0.0/12", "10.0.0.0/8", "")]
    [InlineData("10.96.0.0/12", "10.96.0.0/12", "")]
    [InlineData("10.96.0.0/12", "192.0.2.0/24 fd00::/8", "10.96.0.0/12")]
    [InlineData("10.0.0.0/30", "10.0.0.0", "10.0.0.1/32 10.0.0.2/31")]
    [InlineData("10.0.0.0/30", "10.0.0.3", "10.0.0.0/31 10.0.0.2/32")]
    [InlineData("10.0.0.0/29", "10.0.0.2 10.0.0.5", "10.0.0.0/31 10.0.0.3/32 10.0.0.4/32 10.0.0.6/31")]
    [InlineData("10.0.0.0/24 10.0.1.0/24 10.0.1.128/25", "", "10.0.0.0/23")]
    [InlineData("10.0.1.0/24 10.0.2.0/24", "", "10.0.1.0/24 10.0.2.0/24")]
    [InlineData("0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1")]
    [InlineData("0.0.0.0/0", "255.255.255.255", "0.0.0.0/1 128.0.0.0/2 192.0.0.0/3 224.0.0.0/4 240.0.0.0/5 248.0.0.0/6 252.0.0.0/7 254.0.0.0/8 255.0.0.0/9 255.128.0.0/10 255.192.0.0/11 255.224.0.0/12 255.240.0.0/13 255.248.0.0/14 255.252.0.0/15 255.254.0.0/16 255.255.0.0/17 255.255.128.0/18 255.255.192.0/19 255.255.224.0/20 255.255.240.0/21 255.255.248.0/22 255.255.252.0/23 255.255.254.0/24 255.255.255.0/25 255.255.255.128/26 255.255.255.192/27 255.255.255.224/28 255.255.255.240/29 255.255.255.248/30 255.255.255.252/31 255.255.255.254/32")]
    [InlineData("::/0", "", "::/0")]
    [InlineData("::/0", "8000::/1", "::/1")]
    [InlineData("fd00::/126 10.0.0.0/31", "fd00::1 10.0.0.1", "10.0.0.0/32 fd00::/128 fd00::2/127")]
    [InlineData("::fffe:0:0/95", "::fffe:0:0/96", "")]
    public void Subtract_LeavesTheFewestPrefixes(string ranges, string exclusions, string expected)
    {
        Assert.Equal(expected, string.Join(' ', RangeSubtraction.Subtract(Parse(ranges), Parse(exclusions))));
    }

    [Theory]
    [InlineData("10.96.0.0/12", "10.100.3.7", 20)]
    [InlineData("0.0.0.0/0", "192.0.2.1", 32)]
    [InlineData("::/0", "fd00:10:96::1", 128)]
    [InlineData("fd00:10:96::/108", "fd00:10:96::a", 20)]
    public void OneAddress_CostsAPrefixForEachBit(string range, string address, int count)
    {
        AddressRange from = AddressRange.Parse(range);
        IPAddress left = IPAddress.Parse(address);

        IReadOnlyList<AddressRange> prefixes = RangeSubtraction.Subtract([from], [AddressRange.OfAddress(left)]);

        Assert.Equal(count, prefixes.Count);
        Assert.DoesNotContain(prefixes, prefix => prefix.Contains(left));
        Assert.All(prefixes, prefix => Assert.True(from.Covers(prefix)));
        // Together with the address they are the whole again.
        Assert.Equal([from], RangeSubtraction.Join([.. prefixes, AddressRange.OfAddress(left)]));
    }

    [Fact]
    public void RandomRanges_AreSubtractedAsASetOfAddresses()
    {
        var random = new Random(5);
        for (int round = 0; round < 200; round++)
        {
            AddressRange[] ranges = Some();
            AddressRange[] exclusions = Some();

            IReadOnlyList<AddressRange> result = RangeSubtraction.Subtract(ranges, exclusions);

            for (int host = 0; host < 256; host++)
            {
                var address = new IPAddress([10, 0, 0, (byte)host]);
                bool expected = ranges.Any(range => range.Contains(address)) && !exclusions.Any(range => range.Contains(address));
                Assert.Equal(expected ? 1 : 0, result.Count(range => range.Contains(address)));
            }
        }

        AddressRange[] Some() => [.. Enumerable.Range(0, random.Next(5)).Select(_ => new AddressRange(new IPAddress([10, 0, 0, (byte)random.Next(256)]), random.Next(24, 33)))];
    }

    private static IEnumerable<AddressRange> Parse(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(AddressRange.Parse);
}
